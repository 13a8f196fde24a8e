//! What is made of files, and made again when they change.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::watch;

/// How long after a change the new files are used, at most. Reading a few kilobytes each
/// second costs nothing, and unlike notifications of the file system it works on every volume,
/// also where files are replaced by links (Kubernetes).
const INTERVAL: Duration = Duration::from_secs(1);

/// A value that is made of files. While it exists, the files are read every second, and when
/// their content has changed, a new value is made. If that fails, the old one remains, and the
/// error is logged once. Clones share the value.
pub(crate) struct Reloaded<T>(Arc<Shared<T>>);

impl<T> Clone for Reloaded<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The bytes of the files, and what is made of them.
type Made<T> = (Vec<Vec<u8>>, T);

/// Reads the files, and makes a value if their bytes are not the given ones.
type MakeIfChanged<T> = dyn Fn(&[Vec<u8>]) -> Result<Option<Made<T>>, String> + Send + Sync;

struct Shared<T> {
    /// For the log: `certificates`.
    what: &'static str,
    make_if_changed: Box<MakeIfChanged<T>>,
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
    /// Reads the files and makes the value. `what` names the files in the log, in the plural.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of `read` and `make`.
    pub fn new<C, E>(
        what: &'static str,
        read: impl Fn() -> Result<Vec<C>, E> + Send + Sync + 'static,
        make: impl Fn(&[C]) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E>
    where
        C: AsRef<[u8]>,
        E: Display,
    {
        let contents = read()?;
        let current = watch::Sender::new(Arc::new(make(&contents)?));
        let used = bytes(&contents);
        let make_if_changed = move |used: &[Vec<u8>]| -> Result<_, E> {
            let contents = read()?;
            if contents.iter().map(AsRef::as_ref).eq(used) {
                return Ok(None);
            }
            let value = make(&contents)?;
            Ok(Some((bytes(&contents), value)))
        };
        let shared = Arc::new(Shared {
            what,
            make_if_changed: Box::new(move |used| {
                make_if_changed(used).map_err(|error| error.to_string())
            }),
            current,
            seen: Mutex::new(Seen {
                used,
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
        match (self.make_if_changed)(&seen.used) {
            Ok(None) => seen.error = None,
            Ok(Some((used, value))) => {
                seen.used = used;
                seen.error = None;
                self.current.send_replace(Arc::new(value));
                tracing::info!("changed {} are used from now on", self.what);
            }
            Err(error) => {
                // A certificate and its key are not replaced at the same moment, and a file may
                // be read while it is written: only what is still wrong a second later is an
                // error.
                let persists = seen.error.as_ref() == Some(&error);
                if persists && !seen.logged {
                    let what = self.what;
                    tracing::error!(%error, "changed {what} are not used; the old ones remain");
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

fn bytes<C: AsRef<[u8]>>(contents: &[C]) -> Vec<Vec<u8>> {
    let contents = contents.iter();
    contents
        .map(|content| content.as_ref().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A value made of a file whose text is a number.
    fn number(path: &std::path::Path) -> Reloaded<u32> {
        let path = path.to_owned();
        let read = move || fs::read_to_string(&path).map(|text| vec![text]);
        let parse = |texts: &[String]| texts[0].parse().map_err(std::io::Error::other);
        Reloaded::new("numbers", read, parse).expect("a number")
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
