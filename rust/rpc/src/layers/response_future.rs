//! Answers a call in place of what it was meant for.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;
use tonic::Status;

pin_project! {
    /// The call goes on inside, or it is refused here with a status, taken once.
    #[project = ResponseFutureProjection]
    pub enum ResponseFuture<F> {
        Inner { #[pin] inner: F },
        Refused { status: Option<Status> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn refused(status: Status) -> Self {
        let status = Some(status);
        Self::Refused { status }
    }
}

impl<F, B: Default> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ResponseFutureProjection::Inner { inner } => inner.poll(context),
            ResponseFutureProjection::Refused { status } => match status.take() {
                Some(status) => Poll::Ready(Ok(status.into_http())),
                None => Poll::Pending,
            },
        }
    }
}
