//! `bookstore certs`: makes certificates for development and tests.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use jiff::SignedDuration;
use service::{Clock, SystemClock};

use super::print_line;
use crate::{
    certificates::{Authority, Pair, first_expiry},
    services::Service,
};

/// How clients that are no service are named.
const CLIENT_ID: &str = "spiffe://bindery/client";

/// The names by which every server can be called on its own machine.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Make a certificate authority for development, and certificates for all services
///
/// The folder gets ca.pem and ca.key; server.pem and server.key for a process with all services; client.pem and client.key for people and for clients that are no service; and a folder for each service with ca.pem, server.pem, server.key, client.pem and client.key. Give one of these folders to a process by --tls-dir. Keys are readable by their owner only. Nothing is overwritten without --renew.
#[derive(Debug, Args)]
pub struct Certs {
    /// The folder for the certificates
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// A further DNS name or IP address of the servers, such as inventory.internal; can be
    /// repeated. Certificates always contain localhost, the loopback addresses and the name of
    /// the service
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',', value_parser = parse_name)]
    names: Vec<String>,

    /// For how many days the certificates are valid; the authority is so for ten years
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 365,
        value_parser = clap::value_parser!(u32).range(1..=3650)
    )]
    days: u32,

    /// A client that is no service, such as prometheus; can be repeated. It gets a folder with
    /// ca.pem, client.pem and client.key
    #[arg(long = "client", value_name = "NAME", value_delimiter = ',', value_parser = parse_client)]
    clients: Vec<String>,

    /// Replace the certificates and keys by new ones of the authority that the folder has
    /// already. Running processes use them within seconds
    #[arg(long)]
    renew: bool,

    /// Make only what is missing or expires within 30 days, with the authority that the folder
    /// has already: for a command that runs at each start
    #[arg(long, conflicts_with = "renew")]
    if_needed: bool,
}

/// Certificates that expire within so many days are replaced by --if-needed.
const REPLACED_BEFORE_EXPIRY_DAYS: i64 = 30;

/// A file to write, relative to the folder.
struct OutputFile {
    path: PathBuf,
    content: String,
    is_key: bool,
}

/// A certificate with its key, if it has one here.
type Group = Vec<OutputFile>;

impl Certs {
    /// Writes the files and prints what they are for.
    pub fn run(self) -> anyhow::Result<()> {
        // Without ca.pem, a command that was interrupted has made nothing but ca.key.
        let has_authority = self.renew || self.if_needed && self.out.join("ca.pem").exists();
        let authority = if has_authority {
            self.read_authority()?
        } else {
            Authority::generate()?
        };
        let mut groups = self.groups(&authority)?;
        if has_authority && self.if_needed {
            groups.retain(|group| !self.can_stay(group));
        } else if !has_authority {
            groups.insert(0, pair_files(Path::new(""), "ca", &authority.pair).into());
        }
        if groups.is_empty() {
            let out = self.out.display();
            print_line(format_args!("the certificates in {out} can stay"));
            return Ok(());
        }
        let files: Vec<_> = groups.into_iter().flatten().collect();
        if !self.replaces() {
            self.check_nothing_exists(&files)?;
        }
        for file in &files {
            let path = self.out.join(&file.path);
            self.write(&path, file)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        self.print_summary(if has_authority { "renewed" } else { "made" });
        Ok(())
    }

    /// Whether files are replaced.
    fn replaces(&self) -> bool {
        self.renew || self.if_needed
    }

    /// Everything but the authority itself.
    fn groups(&self, authority: &Authority) -> anyhow::Result<Vec<Group>> {
        let mut groups: Vec<Group> = Vec::new();
        let services: Vec<_> = Service::all()
            .iter()
            .map(|service| service.name())
            .collect();
        let all = [vec!["bookstore".to_owned()], services.clone()].concat();
        let server = self.server(authority, &all, "spiffe://bindery/bookstore")?;
        groups.push(pair_files(Path::new(""), "server", &server).into());
        let client = authority.issue_client("client", CLIENT_ID, self.days)?;
        groups.push(pair_files(Path::new(""), "client", &client).into());
        for service in services {
            let folder = Path::new(&service);
            // The form that `rpc` reads.
            let spiffe_id = format!("spiffe://bindery/service/{service}");
            let server = self.server(authority, std::slice::from_ref(&service), &spiffe_id)?;
            let client = authority.issue_client(&service, &spiffe_id, self.days)?;
            groups.push(vec![authority_file(folder, authority)]);
            groups.push(pair_files(folder, "server", &server).into());
            groups.push(pair_files(folder, "client", &client).into());
        }
        for name in &self.clients {
            let folder = Path::new(name);
            let client = authority.issue_client(name, CLIENT_ID, self.days)?;
            groups.push(vec![authority_file(folder, authority)]);
            groups.push(pair_files(folder, "client", &client).into());
        }
        Ok(groups)
    }

    /// Whether the folder has these files, and their certificate is valid for long enough.
    fn can_stay(&self, group: &Group) -> bool {
        let soon = SystemClock.now() + SignedDuration::from_hours(24 * REPLACED_BEFORE_EXPIRY_DAYS);
        group.iter().all(|file| {
            let path = self.out.join(&file.path);
            if file.is_key {
                path.exists()
            } else {
                first_expiry(&path).is_some_and(|expiry| expiry > soon)
            }
        })
    }

    /// Issues a certificate for a server. Its first name is the common name too.
    fn server(
        &self,
        authority: &Authority,
        names: &[String],
        spiffe_id: &str,
    ) -> anyhow::Result<Pair> {
        let local = LOCAL_NAMES.map(str::to_owned);
        let all = [names, &local, &self.names].concat();
        authority.issue_server(&names[0], &all, spiffe_id, self.days)
    }

    fn read_authority(&self) -> anyhow::Result<Authority> {
        let read = |name: &str| {
            let path = self.out.join(name);
            let text = fs::read_to_string(&path);
            text.with_context(|| {
                format!(
                    "--renew needs the authority: {} cannot be read",
                    path.display()
                )
            })
        };
        let (certificate, key) = (read("ca.pem")?, read("ca.key")?);
        let path = self.out.join("ca.key");
        if fs::metadata(&path)?.mode() & 0o077 != 0 {
            let path = path.display();
            bail!(
                "{path} can be read or changed by other users, who then can issue certificates: \
                 make a new authority, or if nobody has read it, chmod 600 {path}"
            );
        }
        Authority::read(certificate, key)
            .with_context(|| format!("the authority in {} cannot be used", self.out.display()))
    }

    fn check_nothing_exists(&self, files: &[OutputFile]) -> anyhow::Result<()> {
        for file in files {
            let path = self.out.join(&file.path);
            if path.symlink_metadata().is_ok() {
                bail!(
                    "{} exists already: choose another folder with --out, or --renew for new \
                     certificates of the same authority",
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Writes a file. It replaces an old one at once, so that no process reads half of it.
    fn write(&self, path: &Path, file: &OutputFile) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new(""));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let target = if self.replaces() {
            path.with_extension("new")
        } else {
            path.to_owned()
        };
        if self.replaces() {
            // Left behind by a command that was interrupted.
            match fs::remove_file(&target) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let mut written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if file.is_key { 0o600 } else { 0o644 })
            .open(&target)?;
        written.write_all(file.content.as_bytes())?;
        written.sync_all()?;
        if self.replaces() {
            fs::rename(&target, path)?;
        }
        Ok(())
    }

    fn print_summary(&self, done: &str) {
        let out = self.out.display();
        let services: Vec<_> = Service::all()
            .iter()
            .map(|service| service.name())
            .collect();
        print_line(format_args!(
            "{done} certificates in {out}, valid for {} days, for development and tests\n\n\
             \x20 ca.pem                  the authority that everybody trusts; keep ca.key secret\n\
             \x20 server.pem, server.key  for a process with all services\n\
             \x20 client.pem, client.key  for people, and clients that are no service\n\
             \x20 and a folder for each service: {}\n\n\
             Try:\n\
             \x20 bookstore up --tls-dir {out}\n\
             \x20 bookstore serve inventory --tls-dir {out}/inventory",
            self.days,
            services.join(", "),
        ));
    }
}

/// The files of a certificate and its key. The key comes first, so that a process that reads
/// while they are replaced finds the two different at most for a moment.
fn pair_files(folder: &Path, name: &str, pair: &Pair) -> [OutputFile; 2] {
    [
        OutputFile {
            path: folder.join(format!("{name}.key")),
            content: pair.key.clone(),
            is_key: true,
        },
        OutputFile {
            path: folder.join(format!("{name}.pem")),
            content: pair.certificate.clone(),
            is_key: false,
        },
    ]
}

fn authority_file(folder: &Path, authority: &Authority) -> OutputFile {
    OutputFile {
        path: folder.join("ca.pem"),
        content: authority.pair.certificate.clone(),
        is_key: false,
    }
}

/// The name of a folder that no service has.
fn parse_client(text: &str) -> Result<String, String> {
    let is_service = Service::all().iter().any(|service| service.name() == text);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if is_service || text.is_empty() || !text.bytes().all(allowed) {
        return Err("write letters, digits and '-', and not the name of a service".to_owned());
    }
    Ok(text.to_owned())
}

/// A DNS name, perhaps with `*` as its first label, or an IP address.
fn parse_name(text: &str) -> Result<String, String> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(allowed)
    };
    if text.len() <= 253 && labels.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("it is neither a DNS name, such as inventory.internal, nor an IP address".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dns_names_and_addresses_are_names() {
        for name in ["a", "shop.example", "*.internal", "10.0.0.7", "fd00::1"] {
            assert_eq!(parse_name(name), Ok(name.to_owned()));
        }
        for text in [
            "",
            "a b",
            "a..b",
            "*",
            "https://a",
            "a:1",
            "ä.example",
            "a.*",
        ] {
            assert!(parse_name(text).is_err(), "{text:?}");
        }
    }
}
