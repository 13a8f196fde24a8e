//! The state that all pages share.

use std::{sync::Arc, time::Duration};

use crate::{
    cache::Cache,
    category::CategoryInfo,
    deadline::Deadline,
    monitor::Monitor,
    operator::OperatorSessions,
    options::{Clients, OperatorClients, Options},
    sitemap::{CataloguePagesCache, ReadPages},
    visitor::{CookieNames, Visitor},
};

/// The time limit of a call that changes something. Its answer cannot be left out, and
/// passwords are slow to compare on purpose.
const ACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The axum state of the shop.
pub(crate) struct Shop {
    pub clients: Clients,
    pub cache: Cache,
    pub monitor: Arc<Monitor>,
    pub cookies: CookieNames,
    pub operator_sessions: OperatorSessions,
    /// Held by the audit that is running.
    pub audit_turn: tokio::sync::Mutex<()>,
    catalogue_pages: CataloguePagesCache,
    options: Options,
}

impl Shop {
    /// A shop with an empty cache.
    pub fn new(clients: Clients, options: Options) -> Self {
        Self {
            clients,
            cache: Cache::default(),
            monitor: Arc::default(),
            cookies: CookieNames::new(options.secure_cookies),
            operator_sessions: OperatorSessions::default(),
            audit_turn: tokio::sync::Mutex::default(),
            catalogue_pages: CataloguePagesCache::default(),
            options,
        }
    }

    /// The clients of the operator's pages; `None` if these are closed.
    pub fn operator_clients(&self) -> Option<&OperatorClients> {
        self.options.operator.as_ref()
    }

    /// The settings of the monitor are among them.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What the absolute addresses of pages start with.
    pub fn url(&self) -> &str {
        &self.options.shop_url
    }

    /// The pages of all books, authors and series; `None` while they are read for the first time, if that
    /// takes longer than a page may take.
    pub async fn catalogue_pages(&self) -> Option<Arc<ReadPages>> {
        let patience = self.options.page_timeout;
        self.catalogue_pages.get(&self.clients, patience).await
    }

    /// The token that opens the monitor and the operator's pages.
    pub fn operator_token(&self) -> &rpc::OperatorToken {
        &self.options.operator_token
    }

    /// The deadline of the page that this task makes. After a form was sent, each page has
    /// its whole time, because the form has its own.
    pub fn deadline(&self) -> Deadline {
        let of_page = Visitor::current().page_deadline;
        of_page.unwrap_or_else(|| Deadline::after(self.options.page_timeout))
    }

    /// The deadline of a call that changes something, starting now.
    pub fn action_deadline(&self) -> Deadline {
        Deadline::after(ACTION_TIMEOUT)
    }

    /// The folder that keeps the mails, in development.
    pub fn mails(&self) -> Option<&mail::MailFolder> {
        self.options.mails.as_ref()
    }

    /// The categories that contain books, with their counts. They are stored in the cache.
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
