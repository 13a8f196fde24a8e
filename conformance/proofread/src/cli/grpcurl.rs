//! The grpcurl flags that connect to the server of a run, for the commands in reports
//! that reproduce a failure.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use globset::Glob;

use super::{
    certificates::ResolvedCertificate,
    connection::{TlsFiles, UnexpandedHeader},
};
use crate::{
    config::value_file,
    load::Source,
    report::{CertificateArgument, CommandTemplate, HeaderArgument, quoted},
};

/// A header whose name contains one of these has a secret value.
const SECRET_NAMES: [&str; 5] = ["authorization", "cookie", "token", "key", "secret"];

/// A header, with the folder to which its file is relative.
type HeaderSource = (UnexpandedHeader, PathBuf);

/// Builds the template of the commands; `failures` is the file that `replay` reads.
pub(super) fn command_template(
    url: &str,
    (tls, certificates): (&TlsFiles, &[ResolvedCertificate]),
    contract: Option<&Source>,
    (headers, callers): (&[HeaderSource], &BTreeMap<String, HeaderSource>),
    failures: &Path,
) -> CommandTemplate {
    let authority = url.split("://").last().unwrap_or(url).trim_end_matches('/');
    let mut connection = Vec::new();
    if url.starts_with("https://") {
        if let Some(ca) = &tls.ca {
            let ca = quoted(&ca.display().to_string());
            connection.extend(["-cacert".to_owned(), ca]);
        }
        if tls.insecure {
            connection.push("-insecure".to_owned());
        }
        if let Some(name) = &tls.server_name {
            connection.extend(["-authority".to_owned(), quoted(name)]);
        }
    } else {
        connection.push("-plaintext".to_owned());
    }
    // grpcurl reads no folder of protos; it then asks the server by reflection.
    let is_image =
        |path: &PathBuf| path.is_file() && path.extension().is_none_or(|it| it != "proto");
    if let Some(source) = contract.filter(|source| source.paths.iter().all(is_image)) {
        for image in &source.paths {
            let image = quoted(&image.display().to_string());
            connection.extend(["-protoset".to_owned(), image]);
        }
    }
    CommandTemplate {
        authority: authority.to_owned(),
        connection,
        certificates: certificate_arguments(tls, certificates),
        headers: headers.iter().filter_map(header_argument).collect(),
        callers: callers
            .iter()
            .filter_map(|(name, header)| Some((name.clone(), header_argument(header)?)))
            .collect(),
        failures: failures.display().to_string(),
    }
}

/// The certificates of the calls, the usual one at the end.
fn certificate_arguments(
    tls: &TlsFiles,
    certificates: &[ResolvedCertificate],
) -> Vec<CertificateArgument> {
    let argument = |methods: Option<&str>, cert: &Path, key: &Path| {
        let methods = match methods {
            Some(glob) => Some(Glob::new(glob).ok()?.compile_matcher()),
            None => None,
        };
        let [cert, key] = [cert, key].map(|path| quoted(&path.display().to_string()));
        let shell_words = ["-cert".to_owned(), cert, "-key".to_owned(), key];
        Some(CertificateArgument {
            methods,
            shell_words,
        })
    };
    let of_credentials = certificates
        .iter()
        .filter_map(|it| argument(Some(&it.credential.methods), &it.cert, &it.key));
    let usual = tls.identity.as_ref();
    let usual = usual.and_then(|(cert, key)| argument(None, cert, key));
    of_credentials.chain(usual).collect()
}

/// A header as a shell word. A literal secret is replaced by a variable of the same
/// name; files and variables are referenced and not read.
fn header_argument((header, folder): &HeaderSource) -> Option<HeaderArgument> {
    let methods = match &header.methods {
        Some(glob) => Some(Glob::new(glob).ok()?.compile_matcher()),
        None => None,
    };
    let UnexpandedHeader { name, value, .. } = header;
    let file_start = value
        .find('@')
        .filter(|at| value[..*at].trim_end().is_empty() || value[..*at].ends_with(' '));
    let (shell_word, has_variables) = if let Some(at) = file_start {
        let variable = |name: &str| std::env::var(name).ok();
        let path = value_file(&value[at + 1..], folder, variable).ok()?;
        let path = quoted(&path.display().to_string());
        (format!("\"{name}: {}$(cat {path})\"", &value[..at]), false)
    } else if value.contains("${") {
        (format!("'{name}: {value}'"), true)
    } else if SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
        let variable = name.replace('-', "_").to_ascii_uppercase();
        (format!("'{name}: ${{{variable}}}'"), true)
    } else {
        (quoted(&format!("{name}: {value}")), false)
    };
    Some(HeaderArgument {
        name: name.clone(),
        methods,
        shell_word,
        has_variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::CertificateCredential;

    fn shell_word(name: &str, value: &str) -> String {
        let header = UnexpandedHeader {
            name: name.to_owned(),
            value: value.to_owned(),
            methods: None,
            key: String::new(),
        };
        header_argument(&(header, PathBuf::from("conf")))
            .expect("the glob is valid")
            .shell_word
    }

    #[test]
    fn secrets_are_replaced_by_variables() {
        assert_eq!(
            shell_word("authorization", "Bearer abc"),
            "'authorization: ${AUTHORIZATION}'"
        );
        assert_eq!(shell_word("x-api-key", "abc"), "'x-api-key: ${X_API_KEY}'");
        assert_eq!(
            shell_word("authorization", "Bearer ${T}"),
            "'authorization: Bearer ${T}'"
        );
        assert_eq!(
            shell_word("authorization", "Bearer @t"),
            "\"authorization: Bearer $(cat conf/t)\""
        );
        assert_eq!(
            shell_word("authorization", "@t"),
            "\"authorization: $(cat conf/t)\""
        );
        // Cargo sets this variable to an absolute path.
        let home = env!("CARGO_MANIFEST_DIR");
        assert_eq!(
            shell_word("authorization", "Bearer @${CARGO_MANIFEST_DIR}/t"),
            format!("\"authorization: Bearer $(cat {home}/t)\"")
        );
        assert_eq!(
            shell_word("x-tenant", "me@example.com"),
            "'x-tenant: me@example.com'"
        );
    }

    #[test]
    fn tls_files_become_grpcurl_flags() {
        let tls = TlsFiles {
            ca: Some("ca.tls".into()),
            identity: Some(("c.tls".into(), "c.key".into())),
            server_name: None,
            insecure: false,
        };
        let callers = BTreeMap::new();
        let none: (&[HeaderSource], _) = (&[], &callers);
        let cart = ResolvedCertificate {
            credential: CertificateCredential {
                methods: "a.Shop/Commit".to_owned(),
                ..CertificateCredential::default()
            },
            cert: "cart.tls".into(),
            key: "cart.key".into(),
        };
        let tls = (&tls, &[cart] as &[_]);
        let secure = command_template("https://a:1", tls, None, none, Path::new("f.json"));
        assert_eq!(secure.connection, ["-cacert", "ca.tls"]);
        let mut certificates = secure.certificates.iter();
        let [cart, usual] = [certificates.next(), certificates.next()].map(|it| it.expect("two"));
        assert_eq!(cart.shell_words, ["-cert", "cart.tls", "-key", "cart.key"]);
        let methods = cart.methods.as_ref().expect("only of its methods");
        assert!(methods.is_match("a.Shop/Commit") && !methods.is_match("a.Shop/Get"));
        assert_eq!(usual.shell_words, ["-cert", "c.tls", "-key", "c.key"]);
        assert_eq!(secure.authority, "a:1");
        let plain = command_template(
            "127.0.0.1:5/",
            (&TlsFiles::default(), &[]),
            None,
            none,
            Path::new("f.json"),
        );
        assert_eq!(
            (plain.connection.as_slice(), plain.authority.as_str()),
            (&["-plaintext".to_owned()] as &[_], "127.0.0.1:5")
        );
    }
}
