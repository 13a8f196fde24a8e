//! The programs of PostgreSQL and the user that runs them.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the PostgreSQL programs: `$PG_BIN`, else the first one in `$PATH`, else
/// the newest version in `/usr/lib/postgresql` (Debian).
pub(super) fn find_programs() -> Option<PathBuf> {
    let configured = std::env::var_os("PG_BIN").map(PathBuf::from);
    if configured.is_some() {
        return configured.filter(|folder| has_programs(folder));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(|folder| has_programs(folder)) {
        return Some(folder);
    }
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, folder): (u32, PathBuf)| (version, folder.join("bin")))
        .filter(|(_, folder)| has_programs(folder))
        .collect();
    installed.sort();
    installed.pop().map(|(_, folder)| folder)
}

fn has_programs(folder: &Path) -> bool {
    ["initdb", "pg_basebackup", "pg_ctl", "postgres"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// The operating system user that runs the server.
#[derive(Debug)]
pub(super) enum ServerUser {
    /// The user who runs the tests.
    CurrentUser,
    /// Root runs the tests, so the server runs as this unprivileged user.
    Unprivileged { user: u32, group: u32 },
}

impl ServerUser {
    /// Chooses the user. The owner of the new folder tells who runs the tests.
    pub(super) fn of_owner(folder: &Path) -> Result<Self, String> {
        let metadata = fs::metadata(folder).map_err(|error| error.to_string())?;
        if metadata.uid() != 0 {
            return Ok(Self::CurrentUser);
        }
        let ids = |name| Some((numeric_id("-u", name)?, numeric_id("-g", name)?));
        match ["postgres", "nobody"].into_iter().find_map(ids) {
            Some((user, group)) => Ok(Self::Unprivileged { user, group }),
            None => Err(
                "PostgreSQL does not run as root, and there is neither a user postgres nor a user \
                 nobody: run the tests as another user"
                    .to_owned(),
            ),
        }
    }

    pub(super) fn give_ownership(&self, path: &Path) -> io::Result<()> {
        match *self {
            Self::CurrentUser => Ok(()),
            Self::Unprivileged { user, group } => chown(path, Some(user), Some(group)),
        }
    }

    /// A command as this user, in its own process group: an interrupt from the terminal
    /// then reaches only the tests, and the watchdog stops the server.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("LC_ALL", "C")
            .process_group(0);
        if let Self::Unprivileged { user, group } = *self {
            command.uid(user).gid(group);
        }
        command
    }
}

fn numeric_id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
