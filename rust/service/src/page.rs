//! Pages of lists.

use crate::ConversionError;

/// The number of items on a page if `page_size` is unset.
pub const DEFAULT_PAGE_SIZE: u32 = 20;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The token of the next page; empty on the last page.
    pub next_page_token: String,
}

impl<T> Page<T> {
    /// Makes a page of at most `page_size` items. `items` has one item more if another page
    /// follows; `token_after` makes the token of the page after the last item.
    ///
    /// # Errors
    /// The error of `token_after`.
    pub fn from_items<E>(
        mut items: Vec<T>,
        page_size: u32,
        token_after: impl FnOnce(&T) -> Result<String, E>,
    ) -> Result<Self, E> {
        let size = page_size as usize;
        let more = items.len() > size;
        items.truncate(size);
        let next_page_token = match items.last() {
            Some(last) if more => token_after(last)?,
            _ => String::new(),
        };
        Ok(Self {
            items,
            next_page_token,
        })
    }
}

/// The size of a page whose items may not weigh more than `limit` together: how many of the first
/// items fit, at most `page_size`, and at least one, so that the list goes on.
pub fn page_size_within(
    page_size: u32,
    weights: impl IntoIterator<Item = usize>,
    limit: usize,
) -> u32 {
    let mut sum = 0_usize;
    let fitting = weights.into_iter().take_while(|weight| {
        sum = sum.saturating_add(*weight);
        sum <= limit
    });
    let fitting = u32::try_from(fitting.count()).unwrap_or(u32::MAX);
    fitting.clamp(1, page_size.max(1))
}

/// The field `page_size` of a request; 0 (unset) means [`DEFAULT_PAGE_SIZE`].
///
/// # Errors
/// [`ConversionError`] if it is negative, which the contract does not allow.
pub fn page_size(requested: i32) -> Result<u32, ConversionError> {
    match u32::try_from(requested) {
        Ok(0) => Ok(DEFAULT_PAGE_SIZE),
        Ok(size) => Ok(size),
        Err(_) => Err(ConversionError::new("page_size", requested)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[i32], page_size: u32) -> Page<i32> {
        Page::from_items(items.to_vec(), page_size, |last| {
            Ok::<_, ConversionError>(last.to_string())
        })
        .expect("the token is made")
    }

    #[test]
    fn only_a_page_that_another_one_follows_has_a_token() {
        assert_eq!(page(&[1, 2, 3], 2).next_page_token, "2");
        assert_eq!(page(&[1, 2, 3], 2).items, [1, 2]);
        assert_eq!(page(&[1, 2], 2).next_page_token, "");
        assert_eq!(page(&[], 2).next_page_token, "");
    }

    #[test]
    fn page_ends_before_its_items_weigh_too_much() {
        assert_eq!(page_size_within(10, [3, 3, 3, 3], 9), 3);
        assert_eq!(page_size_within(2, [3, 3, 3, 3], 9), 2);
        assert_eq!(page_size_within(10, [100, 1], 9), 1);
        assert_eq!(page_size_within(10, [], 9), 1);
    }

    #[test]
    fn unset_page_size_is_the_default_and_a_negative_one_is_an_error() {
        assert_eq!(page_size(0), Ok(DEFAULT_PAGE_SIZE));
        assert_eq!(page_size(7), Ok(7));
        assert!(page_size(-1).is_err());
    }
}
