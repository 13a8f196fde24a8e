//! What all pages share.

use std::sync::Arc;

use crate::{
    cache::Cache,
    category::CategoryInfo,
    deadline::Deadline,
    monitor::Monitor,
    options::{Clients, Options},
};

/// The state of the shop.
pub(crate) struct Shop {
    pub clients: Clients,
    pub cache: Cache,
    pub monitor: Arc<Monitor>,
    options: Options,
}

impl Shop {
    /// A shop that remembers nothing yet.
    pub fn new(clients: Clients, options: Options) -> Self {
        Self {
            clients,
            cache: Cache::default(),
            monitor: Arc::default(),
            options,
        }
    }

    /// The deadline of a page that begins now.
    pub fn deadline(&self) -> Deadline {
        Deadline::after(self.options.page_timeout)
    }

    /// The shelves with their counts, which are also remembered.
    pub async fn categories(
        &self,
        deadline: Deadline,
    ) -> Option<Vec<(&'static CategoryInfo, u64)>> {
        let categories = self.clients.categories(deadline).await.ok()?;
        self.cache
            .set_categories(categories.iter().map(|(category, _)| *category));
        Some(categories)
    }
}
