//! Converts requests to domain types.

use contract::bookstore::accounts::v1::{SignUpRequest, UpdateAccountRequest};
use service::{ConversionError, convert};

use crate::{AccountsError, EmailAddress, ProfileChange, SignUp};

pub(super) fn sign_up(request: SignUpRequest) -> Result<SignUp, ConversionError> {
    Ok(SignUp {
        request_id: convert::uuid("request_id", &request.request_id)?,
        email: EmailAddress::new(&request.email),
        password: request.password,
        display_name: request.display_name,
    })
}

/// The contract refuses masks with paths of other fields, but neither an empty mask nor, as a
/// path below a field of the list is one of it, a part of the address.
pub(super) fn profile_change(
    request: UpdateAccountRequest,
) -> Result<ProfileChange, AccountsError> {
    let profile = convert::required("profile", request.profile)?;
    let mask = convert::required("update_mask", request.update_mask)?;
    let mut change = ProfileChange::default();
    for path in &mask.paths {
        match path.as_str() {
            "display_name" => change.display_name = Some(profile.display_name.clone()),
            "default_shipping_address" => {
                let address = profile.default_shipping_address.clone();
                change.default_shipping_address = Some(address.map(Into::into));
            }
            _ => return Err(AccountsError::UpdateMaskInvalid),
        }
    }
    if mask.paths.is_empty() {
        return Err(AccountsError::UpdateMaskInvalid);
    }
    Ok(change)
}
