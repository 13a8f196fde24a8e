//! A folder in place of a mail server, for development.

use std::{
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{Mail, MailError};

/// How many mails are kept. One more deletes the oldest.
const MAX_KEPT: usize = 1000;

/// A folder with one JSON file for each mail, which only its owner can read. The name of a file
/// is the id of the mail; ids are ordered by time.
#[derive(Debug, Clone)]
pub struct MailFolder {
    path: PathBuf,
}

/// A mail in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMail {
    /// The id of the mail.
    pub id: String,
    /// The mail.
    pub mail: Mail,
}

impl MailFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest mails, newest first, at most `limit`.
    ///
    /// # Errors
    /// If the folder or a file cannot be read.
    pub async fn newest(&self, limit: usize) -> io::Result<Vec<KeptMail>> {
        self.run(move |folder| {
            let ids = folder.ids()?.into_iter().rev().take(limit);
            // A file that was deleted meanwhile is left out.
            let mails = ids.map(|id| folder.read_file(&id));
            mails.filter_map(Result::transpose).collect()
        })
        .await
    }

    /// The mail with an id.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn get(&self, id: &str) -> io::Result<Option<KeptMail>> {
        let id = id.to_owned();
        self.run(move |folder| folder.read_file(&id)).await
    }

    pub(crate) async fn keep(&self, mail: &Mail, id: &str) -> Result<(), MailError> {
        if is_in_no_domain(&mail.to) {
            let refusal = format!("{} is in the domain invalid, which does not exist", mail.to);
            return Err(MailError::Permanent(refusal));
        }
        let (mail, id) = (mail.clone(), id.to_owned());
        let path = self.path.clone();
        let kept = self.run(move |folder| folder.write_file(&mail, &id)).await;
        kept.map_err(|error| {
            MailError::Temporary(format!("{} cannot be written: {error}", path.display()))
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folder = self.clone();
        let joined = tokio::task::spawn_blocking(move || work(&folder)).await;
        joined.map_err(io::Error::other)?
    }

    /// The path of a mail; `None` if the id is none, such as `../x`.
    fn file(&self, id: &str) -> Option<PathBuf> {
        let valid = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (valid && !id.is_empty()).then(|| self.path.join(id).with_extension("json"))
    }

    /// The ids of all mails, oldest first.
    fn ids(&self) -> io::Result<Vec<String>> {
        let entries = match self.path.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            ids.extend(id.map(str::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn read_file(&self, id: &str) -> io::Result<Option<KeptMail>> {
        let Some(path) = self.file(id) else {
            return Ok(None);
        };
        match std::fs::read(path) {
            Ok(json) => Ok(Some(KeptMail {
                id: id.to_owned(),
                mail: serde_json::from_slice(&json)?,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file in full or not at all, and replaces one with the same id.
    fn write_file(&self, mail: &Mail, id: &str) -> io::Result<()> {
        let path = self
            .file(id)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the id is not valid"))?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)?;
        let unfinished = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(mail)?)?;
        file.sync_all()?;
        std::fs::rename(unfinished, path)?;
        let ids = self.ids()?;
        for id in &ids[..ids.len().saturating_sub(MAX_KEPT)] {
            if let Some(oldest) = self.file(id) {
                std::fs::remove_file(oldest)?;
            }
        }
        Ok(())
    }
}

/// Whether an address is in the domain `invalid`, which never exists (RFC 6761). The folder refuses
/// such mails for good, as mail servers do, so that one can see what happens to them.
fn is_in_no_domain(address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    let top = domain.and_then(|domain| domain.rsplit('.').next());
    top.is_some_and(|top| top.eq_ignore_ascii_case("invalid"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mail(number: usize) -> Mail {
        Mail {
            to: "ada@example.org".to_owned(),
            subject: number.to_string(),
            text: String::new(),
            html: String::new(),
        }
    }

    #[tokio::test]
    async fn newest_mails_come_first_and_the_oldest_go() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = MailFolder::new(temporary.path().join("mail"));
        assert_eq!(folder.newest(10).await.expect("no folder yet"), []);
        for number in 0..=MAX_KEPT {
            let id = format!("{number:06}");
            folder.keep(&mail(number), &id).await.expect("written");
        }
        // A mail that is sent again replaces the first.
        folder.keep(&mail(7), "001000").await.expect("written");
        let newest = folder.newest(2).await.expect("read");
        let ids: Vec<_> = newest.iter().map(|kept| kept.id.as_str()).collect();
        assert_eq!(ids, ["001000", "000999"]);
        assert_eq!(newest[0].mail, mail(7));
        assert_eq!(folder.get("000000").await.expect("read"), None);
        assert!(folder.get("000001").await.expect("read").is_some());
        let file = folder.path().join("000001.json");
        let mode = file.metadata().expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn mail_to_a_domain_that_never_exists_is_refused_for_good() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = MailFolder::new(temporary.path().join("mail"));
        for address in ["ada@invalid", "ada@shop.INVALID"] {
            let to = address.to_owned();
            let refused = folder.keep(&Mail { to, ..mail(1) }, "1").await;
            assert!(matches!(refused, Err(MailError::Permanent(_))), "{address}");
        }
        let to = "ada@invalid.example".to_owned();
        let kept = folder.keep(&Mail { to, ..mail(1) }, "1").await;
        kept.expect("the folder is writable");
    }

    #[tokio::test]
    async fn id_cannot_leave_the_folder() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = MailFolder::new(temporary.path().join("mail"));
        std::fs::write(temporary.path().join("secret.json"), "{}").expect("written");
        for id in ["../secret", "", "a/b", ".", "a\0"] {
            assert_eq!(folder.get(id).await.expect("no error"), None);
            folder.keep(&mail(1), id).await.expect_err("refused");
        }
    }
}
