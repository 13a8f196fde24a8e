//! The data folder and the files of SQLite: permissions, the lock, and what is refused.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::{CURRENT, add_account};
use crate::{Db, Location, OpenError, Schema, testing::sqlite_location};

#[tokio::test]
async fn data_folder_is_created_and_readable_only_by_its_owner() {
    let (location, folder) = sqlite_location();
    let data = folder.path().join("a/b");
    let deeper = Location::Folder(data.clone());
    Db::open(&deeper, &CURRENT)
        .await
        .expect("the folder is writable");
    let mode = fs::metadata(&data)
        .expect("the folder was made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(data.join("ledger.db").is_file());
    assert!(matches!(location, Location::Folder(_)));
}

#[tokio::test]
async fn database_files_are_readable_only_by_their_owner_in_any_folder() {
    let (location, folder) = sqlite_location();
    let mode = |path: &Path| {
        let metadata = fs::metadata(path).expect("the file is there");
        metadata.permissions().mode() & 0o777
    };
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is our file");
    };
    set_mode(folder.path(), 0o755);
    let file = |name: &str| folder.path().join(name);
    let database = file("ledger.db");
    // An earlier version created it with the permissions of the umask.
    fs::write(&database, "").expect("the folder is writable");
    set_mode(&database, 0o644);
    let existing = Db::open(&location, &CURRENT).await;
    let existing = existing.expect("an empty file is a database");
    let schema = Schema {
        name: "new",
        ..CURRENT
    };
    let new = Db::open(&location, &schema).await.expect("it is writable");
    for db in [&existing, &new] {
        add_account(db, 1, "ada", 1).await.expect("it is new");
    }
    for name in [
        "ledger.db",
        "ledger.db-wal",
        "ledger.db-shm",
        "ledger.lock",
        "new.db",
        "new.db-wal",
        "new.db-shm",
    ] {
        assert_eq!(mode(&file(name)), 0o600, "{name}");
    }
    assert_eq!(mode(folder.path()), 0o755, "the folder is not ours");
}

#[tokio::test]
async fn database_is_locked_until_it_is_closed() {
    let (location, folder) = sqlite_location();
    let file = File::create(folder.path().join("ledger.lock")).expect("it is writable");
    let db = Db::open(&location, &CURRENT).await.expect("it is free");
    let twice = Db::open(&location, &CURRENT).await;
    let twice = twice.expect("this process has the lock");
    db.close().await;
    assert!(file.try_lock().is_err(), "it is still open once");
    twice.close().await;
    file.try_lock().expect("it is closed");
    // As if another process had the lock, which wrote its number.
    let process = std::process::id();
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("it is locked");
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is open in another process ({process}); stop that process, or choose another \
             data folder",
            folder.path().join("ledger.db").display()
        )
    );
}

/// Nobody can create files there, not even the superuser.
#[tokio::test]
async fn folder_without_write_permission_is_refused() {
    let refused = Db::open(&Location::Folder("/sys".into()), &CURRENT)
        .await
        .expect_err("it is not writable");
    let message = refused.to_string();
    assert!(
        message.starts_with("cannot write to the data folder /sys: "),
        "{message}"
    );
    let advice = "choose another folder or let this user write there";
    assert!(message.ends_with(advice), "{message}");
}

#[tokio::test]
async fn folder_that_cannot_be_created_is_refused() {
    let (_, folder) = sqlite_location();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("the folder is writable");
    let below = file.join("data");
    let refused = Db::open(&Location::Folder(below.clone()), &CURRENT)
        .await
        .expect_err("nothing can be below a file");
    assert_eq!(
        refused.to_string(),
        format!(
            "cannot write to the data folder {}: Not a directory (os error 20); choose another \
             folder or let this user write there",
            below.display()
        )
    );
}

#[tokio::test]
async fn folder_in_place_of_the_database_file_is_refused() {
    let (location, folder) = sqlite_location();
    fs::create_dir(folder.path().join("ledger.db")).expect("the folder is writable");
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("the file is a folder");
    assert!(
        matches!(refused, OpenError::FolderNotWritable { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn file_that_is_not_a_database_is_refused() {
    let (location, folder) = sqlite_location();
    let file = folder.path().join("ledger.db");
    fs::write(&file, "Dear diary, ".repeat(100)).expect("the folder is writable");
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("it is a diary");
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is not a SQLite database; restore it from a backup or move it away",
            file.display()
        )
    );
}
