//! Pages of the fakes.

use contract::DeclaredError;
use rpc::failure;
use tonic::Status;

/// A page of some items, and the token of the next one: the number of the items before it.
/// `invalid` is the error for another token. A page size of 0 means 20.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    page_size: i32,
    page_token: &str,
    invalid: DeclaredError,
) -> Result<(Vec<T>, String), Status> {
    let start = match page_token {
        "" => 0,
        token => token
            .parse()
            .map_err(|_| failure(invalid, "no token").into_status())?,
    };
    let size = usize::try_from(page_size).unwrap_or_default();
    let size = if size == 0 { 20 } else { size };
    let mut rest = items.into_iter().skip(start);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = match rest.next() {
        Some(_) => (start + page.len()).to_string(),
        None => String::new(),
    };
    Ok((page, next))
}
