//! The in-memory copy of the catalogue from which books are sampled.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time};

use crate::{Error, domain::Snapshot};

/// The newest snapshot, as soon as there is one.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    newest: watch::Receiver<Option<Arc<Snapshot>>>,
    first_load_wait: Duration,
}

/// The sending side, where the refresh task publishes snapshots.
pub(crate) type Publisher = Arc<watch::Sender<Option<Arc<Snapshot>>>>;

impl Catalogue {
    /// A catalogue without a snapshot. [`Catalogue::snapshot`] waits at most
    /// `first_load_wait` for the first one.
    pub(crate) fn empty(first_load_wait: Duration) -> (Publisher, Catalogue) {
        let (publisher, newest) = watch::channel(None);
        let catalogue = Catalogue {
            newest,
            first_load_wait,
        };
        (Arc::new(publisher), catalogue)
    }

    /// The newest snapshot. It waits for the first one, because the load right after the
    /// start takes only milliseconds.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        if let Some(snapshot) = self.newest.borrow().as_ref() {
            return Ok(Arc::clone(snapshot));
        }
        let mut newest = self.newest.clone();
        let loaded = time::timeout(self.first_load_wait, newest.wait_for(Option::is_some)).await;
        match loaded {
            Ok(Ok(snapshot)) => snapshot.clone().ok_or(Error::CatalogueUnavailable),
            Ok(Err(_)) | Err(_) => Err(Error::CatalogueUnavailable),
        }
    }
}
