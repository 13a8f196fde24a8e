//! Groups failures that repeat, so that an incident is logged once.

use std::time::Duration;

use tokio::time::Instant;

/// Without a failure for this long, the next one is a new incident.
const INCIDENT_END: Duration = Duration::from_secs(60);

/// The last failure of one kind.
#[derive(Default)]
pub(crate) struct Incident {
    last: Option<Instant>,
}

impl Incident {
    /// Records a failure now; whether it is the first one of its incident.
    pub fn begins(&mut self) -> bool {
        let now = Instant::now();
        let last = self.last.replace(now);
        last.is_none_or(|last| now.duration_since(last) > INCIDENT_END)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn incident_begins_once() {
        let mut incident = Incident::default();
        assert!(incident.begins());
        assert!(!incident.begins());
        tokio::time::advance(INCIDENT_END).await;
        assert!(!incident.begins());
        tokio::time::advance(INCIDENT_END * 2).await;
        assert!(incident.begins());
    }
}
