//! The grpcurl flags that connect to the server of a run, for the commands in reports
//! that reproduce a failure.

use std::path::{Path, PathBuf};

use globset::Glob;

use super::connection::{TlsFiles, UnexpandedHeader};
use crate::{
    config::value_file,
    load::Source,
    report::{CommandTemplate, HeaderArgument, quoted},
};

/// A header whose name contains one of these has a secret value.
const SECRET_NAMES: [&str; 5] = ["authorization", "cookie", "token", "key", "secret"];

/// Builds the template of the commands; `failures` is the file that `replay` reads.
pub(super) fn command_template(
    url: &str,
    tls: &TlsFiles,
    contract: Option<&Source>,
    headers: &[(UnexpandedHeader, PathBuf)],
    failures: &Path,
) -> CommandTemplate {
    let authority = url.split("://").last().unwrap_or(url).trim_end_matches('/');
    let mut connection = Vec::new();
    if url.starts_with("https://") {
        let flag = |connection: &mut Vec<String>, name: &str, path: &Path| {
            connection.extend([name.to_owned(), quoted(&path.display().to_string())]);
        };
        if let Some(ca) = &tls.ca {
            flag(&mut connection, "-cacert", ca);
        }
        if tls.insecure {
            connection.push("-insecure".to_owned());
        }
        if let Some((cert, key)) = &tls.identity {
            flag(&mut connection, "-cert", cert);
            flag(&mut connection, "-key", key);
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
        headers: headers.iter().filter_map(header_argument).collect(),
        failures: failures.display().to_string(),
    }
}

/// A header as a shell word. A literal secret is replaced by a variable of the same
/// name; files and variables are referenced and not read.
fn header_argument((header, folder): &(UnexpandedHeader, PathBuf)) -> Option<HeaderArgument> {
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
        methods,
        shell_word,
        has_variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let secure = command_template("https://a:1", &tls, None, &[], Path::new("f.json"));
        assert_eq!(
            secure.connection,
            ["-cacert", "ca.tls", "-cert", "c.tls", "-key", "c.key"]
        );
        assert_eq!(secure.authority, "a:1");
        let plain = command_template(
            "127.0.0.1:5/",
            &TlsFiles::default(),
            None,
            &[],
            Path::new("f.json"),
        );
        assert_eq!(
            (plain.connection.as_slice(), plain.authority.as_str()),
            (&["-plaintext".to_owned()] as &[_], "127.0.0.1:5")
        );
    }
}
