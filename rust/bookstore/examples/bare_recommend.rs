//! Serves Recommend with plain tonic, without our layers and validation: the baseline of
//! `just bench`. Usage: `bare_recommend FOLDER`, where FOLDER is for its database. Prints
//! `listening on ADDRESS` and runs until SIGTERM or SIGINT.

use std::{
    convert::Infallible,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use contract::bookstore::recommendations::v1::{
    RecommendRequest, RecommendResponse, recommendation_service_server::RecommendationService,
};
use recommendations::{Grpc as Handler, Recommendations};
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{Service, http},
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// The same code as tonic generates for the service, with another codec.
#[derive(Clone)]
struct BareService(Arc<Handler>);

impl NamedService for BareService {
    const NAME: &'static str = "bookstore.recommendations.v1.RecommendationService";
}

impl Service<http::Request<Body>> for BareService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Future<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let recommend = Recommend(Arc::clone(&self.0));
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(recommend, request).await)
        })
    }
}

struct Recommend(Arc<Handler>);

impl UnaryService<RecommendRequest> for Recommend {
    type Response = RecommendResponse;
    type Future = Future<Result<Response<RecommendResponse>, Status>>;

    fn call(&mut self, request: Request<RecommendRequest>) -> Self::Future {
        let handler = Arc::clone(&self.0);
        Box::pin(async move { handler.recommend(request).await })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Without a subscriber, tracing sends all spans to the crate `log`, which would make
    // the baseline slower.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new())?;
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| anyhow::anyhow!("usage: bare_recommend FOLDER"))?;
    let db = store::Db::open(&store::Location::Folder(folder), &inventory::SCHEMA).await?;
    let inventory = inventory::Inventory::new(db, inventory::Options::default());
    inventory.load_shipped_catalogue().await?;
    let router = rpc::Router::new(rpc::Options::default()).add(inventory.server());
    // Nobody has bought or rated anything.
    let channel = router.in_process();
    let recommendations = Recommendations::new(
        channel.clone(),
        channel.clone(),
        channel,
        recommendations::Options::default(),
    );
    let _refresh = recommendations.run_in_background();
    let listener = TcpIncoming::bind("127.0.0.1:0".parse()?)?.with_nodelay(Some(true));
    println!("listening on {}", listener.local_addr()?);
    Server::builder()
        .add_service(BareService(Arc::new(Handler::new(recommendations))))
        .serve_with_incoming_shutdown(listener, telemetry::shutdown_signal())
        .await?;
    Ok(())
}
