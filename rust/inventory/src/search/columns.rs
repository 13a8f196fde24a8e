//! Reads the columns of a segment.

use std::sync::Arc;

use tantivy::{SegmentReader, columnar::ColumnValues};

use super::SearchError;

/// A number for each document of a segment.
pub(super) type Values = Arc<dyn ColumnValues<u64>>;

/// The column of this name. Every document has exactly one value in every column, so its number
/// is the place of its value.
pub(super) fn values(segment: &SegmentReader, name: &str) -> Result<Values, SearchError> {
    Ok(segment.fast_fields().u64(name)?.values)
}
