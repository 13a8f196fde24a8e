//! A channel whose target is set later.

use tokio::{sync::watch, time::Instant};
use tonic::Status;

use super::{Channel, Transport, deadline::DEFAULT_TIMEOUT};

/// A channel whose target is set later, for a service that calls another service of the
/// same process: the other's channel exists only when the router is built, and building
/// the router needs the service.
pub struct LateChannel;

impl LateChannel {
    /// A channel whose calls wait until the setter is used, at most until their deadline or
    /// for ten seconds. If the setter is dropped, they fail with UNAVAILABLE.
    #[expect(clippy::new_ret_no_self, reason = "returns the channel and its setter")]
    pub fn new() -> (Channel, LateChannelSetter) {
        let (setter, target) = watch::channel(None);
        let channel = Channel::from_transport(Transport::Late(target));
        (channel, LateChannelSetter(setter))
    }
}

/// Sets the target of a [`LateChannel`].
#[derive(Debug)]
pub struct LateChannelSetter(watch::Sender<Option<Channel>>);

impl LateChannelSetter {
    /// Sends all calls to `channel` from now on, also those that wait.
    pub fn set(self, channel: Channel) {
        self.0.send_replace(Some(channel));
    }
}

/// Waits for the target until the deadline of a call.
pub(super) async fn wait_for_target(
    mut target: watch::Receiver<Option<Channel>>,
    deadline: Option<Instant>,
) -> Result<Channel, Status> {
    let deadline = deadline.unwrap_or_else(|| Instant::now() + DEFAULT_TIMEOUT);
    let set = tokio::time::timeout_at(deadline, target.wait_for(Option::is_some)).await;
    let channel = match set {
        Ok(Ok(channel)) => channel.clone(),
        Ok(Err(_)) => None,
        Err(_) => {
            let message = "the deadline of the call has passed while the service was starting";
            return Err(Status::deadline_exceeded(message));
        }
    };
    channel.ok_or_else(|| Status::unavailable("the service has not started"))
}
