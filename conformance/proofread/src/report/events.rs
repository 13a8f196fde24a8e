//! The stream of events of a run: one JSON object per line, written while the run is in
//! progress.

use std::io::{self, Write};

use serde::Serialize;

use super::view::View;
use crate::engine::Event;

/// One of this many events about cases is written: they only tell the progress.
const CASES_PER_EVENT: u64 = 1_000;

/// Writes events as lines of JSON.
pub struct EventWriter<W> {
    to: W,
    /// The first error; nothing is written after it.
    error: Option<io::Error>,
}

/// The last event.
#[derive(Serialize)]
struct Finished<'v> {
    event: &'static str,
    kept: bool,
    verdict: String,
    cases: u64,
    failed: u64,
    accepted: u64,
    seconds: f64,
    aborted: Option<&'v str>,
}

impl<W: Write> EventWriter<W> {
    /// A writer, which flushes each line.
    pub fn new(to: W) -> Self {
        Self { to, error: None }
    }

    /// Writes an event. An error is kept until [`EventWriter::finish`].
    pub fn write(&mut self, event: &Event) {
        match event {
            Event::Case { cases, .. } if cases % CASES_PER_EVENT != 0 => {}
            event => self.line(event),
        }
    }

    /// Writes the verdict as the last event.
    ///
    /// # Errors
    /// The first error of writing. A closed pipe is none.
    pub fn finish(mut self, view: &View) -> io::Result<()> {
        self.line(&Finished {
            event: "finished",
            kept: view.keeps_contract(),
            verdict: view.verdict(),
            cases: view.cases,
            failed: view.failed(),
            accepted: view.accepted,
            seconds: view.seconds,
            aborted: view.aborted.as_deref(),
        });
        match self.error {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    fn line(&mut self, event: &impl Serialize) {
        if self.error.is_some() {
            return;
        }
        let written = serde_json::to_vec(event)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                self.to.write_all(&line)?;
                self.to.flush()
            });
        self.error = written.err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_lines_of_json_and_the_last_is_the_verdict() {
        let mut text = Vec::new();
        let mut events = EventWriter::new(&mut text);
        events.write(&Event::Started { methods: 2 });
        for cases in 1..=2_500 {
            events.write(&Event::Case { cases, failed: 0 });
        }
        events.finish(&View::default()).expect("memory is writable");
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        let names: Vec<&str> = lines.iter().filter_map(|it| it["event"].as_str()).collect();
        assert_eq!(names, ["started", "case", "case", "finished"]);
        assert_eq!(lines[3]["verdict"], "nothing was checked");
    }

    /// A writer that fails like a full disk.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn error_of_writing_is_reported_at_the_end() {
        let mut events = EventWriter::new(Full);
        events.write(&Event::Started { methods: 2 });
        let error = events
            .finish(&View::default())
            .expect_err("the disk is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
