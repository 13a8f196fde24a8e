//! The shutdown signals SIGTERM and SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Completes on the first SIGTERM or SIGINT. A second signal exits the process
/// immediately, with the exit code that shells use for it (128 + signal number), so that
/// pressing Ctrl-C twice skips the drain.
///
/// # Panics
///
/// Outside of a tokio runtime, or if the operating system does not allow to handle the
/// two signals.
pub async fn shutdown_signal() {
    let mut terminate = listen_for(SignalKind::terminate());
    let mut interrupt = listen_for(SignalKind::interrupt());
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "shutting down");
    tokio::spawn(async move {
        let status = tokio::select! {
            _ = terminate.recv() => 128 + 15,
            _ = interrupt.recv() => 128 + 2,
        };
        tracing::warn!("second signal, exiting immediately");
        crate::flush_log();
        exit_immediately(status);
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever sends a second signal does not want to wait for destructors"
)]
fn exit_immediately(status: i32) {
    std::process::exit(status);
}

fn listen_for(kind: SignalKind) -> Signal {
    signal(kind).expect("SIGTERM and SIGINT can be handled")
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use super::*;

    #[tokio::test]
    async fn completes_on_sigterm() {
        let mut signal = std::pin::pin!(shutdown_signal());
        // The handler is installed by the first poll.
        let early = tokio::time::timeout(Duration::from_millis(20), &mut signal).await;
        assert!(early.is_err(), "no signal was sent yet");
        let process = std::process::id().to_string();
        let sent = Command::new("kill").args(["-TERM", &process]).status();
        assert!(sent.expect("kill exists").success());
        let late = tokio::time::timeout(Duration::from_secs(5), signal).await;
        late.expect("the signal came");
    }
}
