//! Headers and trailers as the suite describes them.

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::{Status, metadata::MetadataMap};

use crate::suite::Header;

/// The metadata that a definition wants to be sent.
pub(crate) fn to_metadata(headers: &[Header]) -> Result<MetadataMap, Status> {
    let mut map = HeaderMap::new();
    for Header { name, value } in headers {
        let unsendable = |error: &dyn std::fmt::Display| {
            Status::invalid_argument(format!("{name} cannot be sent as a header: {error}"))
        };
        let header = HeaderName::try_from(name).map_err(|error| unsendable(&error))?;
        for value in value {
            let value = HeaderValue::try_from(value).map_err(|error| unsendable(&error))?;
            map.append(header.clone(), value);
        }
    }
    Ok(MetadataMap::from_headers(map))
}

/// The headers of a request. Binary ones are base64, as they are sent.
pub(crate) fn from_metadata(metadata: MetadataMap) -> Vec<Header> {
    let headers = metadata.into_headers();
    let header = |name: &HeaderName| Header {
        name: name.to_string(),
        value: headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect(),
    };
    headers.keys().map(header).collect()
}
