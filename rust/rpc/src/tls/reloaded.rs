//! What is made of files, and made again when they change.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    TlsError,
    files::{Content, Source},
};

/// How long after a change the new files are used, at most. Reading a few kilobytes each
/// second costs nothing, and unlike notifications of the file system it works on every volume,
/// also where files are replaced by links (Kubernetes).
const INTERVAL: Duration = Duration::from_secs(1);

/// A value that is made of files. While it exists, the files are read every second, and when
/// their content has changed, a new value is made. If that fails, the old one remains, and the
/// error is logged once. Clones share the value.
pub(super) struct Reloaded<T>(Arc<Shared<T>>);

impl<T> Clone for Reloaded<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

type Make<T> = dyn Fn(&[Content]) -> Result<T, TlsError> + Send + Sync;

struct Shared<T> {
    sources: Vec<Source>,
    make: Box<Make<T>>,
    current: watch::Sender<Arc<T>>,
    seen: Mutex<Seen>,
}

/// What was found in the files.
struct Seen {
    used: Vec<Vec<u8>>,
    error: Option<String>,
    logged: bool,
}

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Makes the value. Must be called within a tokio runtime.
    pub fn new(
        sources: Vec<Source>,
        make: impl Fn(&[Content]) -> Result<T, TlsError> + Send + Sync + 'static,
    ) -> Result<Self, TlsError> {
        let contents = read(&sources)?;
        let current = watch::Sender::new(Arc::new(make(&contents)?));
        let shared = Arc::new(Shared {
            sources,
            make: Box::new(make),
            current,
            seen: Mutex::new(Seen {
                used: bytes(contents),
                error: None,
                logged: false,
            }),
        });
        tokio::spawn(keep_current(Arc::downgrade(&shared)));
        Ok(Self(shared))
    }

    /// The present value.
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.0.current.borrow())
    }

    /// Tells of each new value.
    pub fn changes(&self) -> watch::Receiver<Arc<T>> {
        self.0.current.subscribe()
    }
}

impl<T> Shared<T> {
    /// Reads the files, and makes a new value if they have changed.
    fn check(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let made = read(&self.sources).and_then(|contents| {
            let unchanged = contents.iter().map(|content| &content.bytes).eq(&seen.used);
            if unchanged {
                return Ok(None);
            }
            let made = (self.make)(&contents)?;
            Ok(Some((made, bytes(contents))))
        });
        match made {
            Ok(None) => seen.error = None,
            Ok(Some((value, used))) => {
                seen.used = used;
                seen.error = None;
                self.current.send_replace(Arc::new(value));
                tracing::info!("changed certificates are used from now on");
            }
            Err(error) => {
                // A certificate and its key are not replaced at the same moment: only what is
                // still wrong a second later is an error.
                let error = error.to_string();
                let persists = seen.error.as_ref() == Some(&error);
                if persists && !seen.logged {
                    tracing::error!(%error, "changed certificates are not used; the old ones remain");
                }
                seen.logged = persists;
                seen.error = Some(error);
            }
        }
    }
}

/// Ends when nobody uses the value any more.
async fn keep_current<T: Send + Sync + 'static>(shared: Weak<Shared<T>>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        // Reading files blocks. It fails only when the runtime shuts down.
        if tokio::task::spawn_blocking(move || shared.check())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn read(sources: &[Source]) -> Result<Vec<Content>, TlsError> {
    sources.iter().map(Source::read).collect()
}

fn bytes(contents: Vec<Content>) -> Vec<Vec<u8>> {
    contents.into_iter().map(|content| content.bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A value made of a file whose text is a number.
    fn number(path: &std::path::Path) -> Reloaded<u32> {
        let source = Source::certificates(path.to_owned());
        let parse = |contents: &[Content]| {
            let text = String::from_utf8_lossy(&contents[0].bytes);
            text.parse().map_err(|cause| contents[0].invalid(&cause))
        };
        Reloaded::new(vec![source], parse).expect("a number")
    }

    #[tokio::test]
    async fn broken_and_missing_files_keep_the_old_value() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("number");
        fs::write(&path, "1").expect("writable");
        let value = number(&path);
        let changes = value.changes();
        fs::write(&path, "broken").expect("writable");
        value.0.check();
        assert_eq!(*value.current(), 1);
        fs::remove_file(&path).expect("removable");
        value.0.check();
        assert_eq!(*value.current(), 1);
        fs::write(&path, "1").expect("writable");
        value.0.check();
        assert!(!changes.has_changed().expect("it exists"), "the same again");
        fs::write(&path, "2").expect("writable");
        value.0.check();
        assert_eq!(*value.current(), 2);
        assert!(changes.has_changed().expect("it exists"));
    }
}
