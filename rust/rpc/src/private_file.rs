//! Whether a file with a secret is private.

use std::fs::Metadata;

/// Whether only the user of the process can read or change a file with a secret. A file of root
/// may also be readable by its group, as PostgreSQL allows it too: container platforms mount
/// secrets in this way for processes that are not root.
#[cfg(unix)]
pub fn is_private(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    let allowed = if file.uid() == ROOT { 0o740 } else { 0o700 };
    file.mode() & 0o777 & !allowed == 0
}

/// Other systems have no such mode.
#[cfg(not(unix))]
pub fn is_private(_: &Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{MetadataExt, PermissionsExt, chown},
    };

    use super::*;

    #[test]
    fn only_files_of_root_may_be_readable_by_their_group() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let is_private_with = |mode| {
            fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("it is ours");
            is_private(&fs::metadata(file.path()).expect("it exists"))
        };
        let belongs_to_root = fs::metadata(file.path()).expect("it exists").uid() == 0;
        assert!(is_private_with(0o600) && is_private_with(0o400));
        for mode in [0o660, 0o610, 0o604, 0o602, 0o601] {
            assert!(!is_private_with(mode), "{mode:o}");
        }
        assert_eq!(is_private_with(0o640), belongs_to_root);
        if belongs_to_root {
            chown(file.path(), Some(65532), None).expect("root may");
            assert!(!is_private_with(0o640) && is_private_with(0o600));
        }
    }
}
