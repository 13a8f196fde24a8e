//! The progress bar of a run.

use std::{cell::Cell, env, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{engine::Event, report::labels::phase_name, style::with_thousands_separators};

/// For phases whose number of cases is unknown.
const SPINNER_TEMPLATE: &str = "{spinner} {prefix:9} {msg}  {elapsed}";
/// For phases whose number of cases is known.
const BAR_TEMPLATE: &str = "{spinner} {prefix:9} {bar:28.cyan/dim} {percent:>3}%  {msg}  {elapsed}";

/// A line on standard error that shows the progress. It is hidden if standard error is
/// no terminal, and in CI, where it would fill the log.
pub(super) struct Progress {
    bar: ProgressBar,
    /// The number of cases that were sent before the current phase.
    cases_before_phase: Cell<u64>,
    cases: Cell<u64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = match env::var_os("CI") {
            Some(_) => ProgressBar::hidden(),
            None => ProgressBar::no_length(),
        };
        if !bar.is_hidden() {
            bar.set_style(style(SPINNER_TEMPLATE));
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self {
            bar,
            cases_before_phase: Cell::default(),
            cases: Cell::default(),
        }
    }

    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Started { methods } => self.bar.set_message(format!("{methods} methods")),
            Event::Phase { phase, cases } => {
                self.cases_before_phase.set(self.cases.get());
                self.bar.set_prefix(phase_name(*phase));
                self.bar.set_position(0);
                match cases {
                    Some(cases) => self.bar.set_length(*cases),
                    None => self.bar.unset_length(),
                }
                self.bar.set_style(style(match cases {
                    Some(_) => BAR_TEMPLATE,
                    None => SPINNER_TEMPLATE,
                }));
            }
            Event::Case { cases, failed } => {
                self.cases.set(*cases);
                // Formatting the text for every case would be wasted.
                if cases % 64 == 0 {
                    self.bar.set_position(cases - self.cases_before_phase.get());
                    self.bar.set_message(counts(*cases, *failed));
                }
            }
            Event::Found { .. } => {}
            Event::Waiting { cause } => {
                self.bar.set_message(format!(
                    "the server is not reachable, waiting for it: {cause}"
                ));
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counts(cases: u64, failed: u64) -> String {
    let cases = with_thousands_separators(cases);
    match failed {
        0 => format!("{cases} cases"),
        failed => format!(
            "{cases} cases, {} failed",
            with_thousands_separators(failed)
        ),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
