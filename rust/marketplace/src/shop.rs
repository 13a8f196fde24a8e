//! What all pages share.

use std::sync::Arc;

use crate::{
    budget::Budget,
    memory::Memory,
    monitor::Monitor,
    options::{Clients, Options},
    shelf::Shelf,
};

/// The state of the shop.
pub(crate) struct Shop {
    pub clients: Clients,
    pub memory: Memory,
    pub monitor: Arc<Monitor>,
    options: Options,
}

impl Shop {
    /// A shop that remembers nothing yet.
    pub fn new(clients: Clients, options: Options) -> Self {
        Self {
            clients,
            memory: Memory::default(),
            monitor: Arc::default(),
            options,
        }
    }

    /// The budget of a page that begins now.
    pub fn budget(&self) -> Budget {
        Budget::starting_now(self.options.budget)
    }

    /// The shelves with their counts, which are also remembered.
    pub async fn shelves(&self, budget: Budget) -> Option<Vec<(&'static Shelf, u64)>> {
        let shelves = self.clients.shelves(budget).await.ok()?;
        self.memory
            .keep_shelves(shelves.iter().map(|(shelf, _)| *shelf));
        Some(shelves)
    }
}
