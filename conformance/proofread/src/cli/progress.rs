//! What moves on a terminal while a run goes on.

use std::{env, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{engine::Event, report::build::phase_name, style::grouped};

/// A line on standard error that shows how far the run is. Hidden where that is no
/// terminal, and in CI, where it would fill the log.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        if env::var_os("CI").is_some() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:10} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Started { methods } => self.0.set_message(format!("{methods} methods")),
            Event::Phase { phase } => self.0.set_prefix(phase_name(*phase)),
            // The text is made only as often as it is seen.
            Event::Case { cases, .. } if cases % 64 != 0 => {}
            Event::Case { cases, failed: 0 } => {
                self.0.set_message(format!("{} cases", grouped(*cases)));
            }
            Event::Case { cases, failed } => {
                let (cases, failed) = (grouped(*cases), grouped(*failed));
                self.0
                    .set_message(format!("{cases} cases, {failed} failed"));
            }
            Event::Found { .. } => {}
            Event::Waiting { cause } => {
                self.0
                    .set_message(format!("the server is away, waiting for it: {cause}"));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
