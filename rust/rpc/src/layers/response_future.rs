//! The future of a layer that can refuse a call instead of passing it on.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;
use tonic::Status;

pin_project! {
    /// The future of the inner service, or a status with which the layer refuses the
    /// call. The status is taken by the first poll.
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
