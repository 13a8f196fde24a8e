//! Tests that all service crates have the same layout and only the allowed dependencies, so
//! that whoever knows one service knows all.
//!
//! The rules are checked on the text of the files. A new service is added to `SERVICES`.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// The crates of the services.
    const SERVICES: [&str; 4] = ["cart", "inventory", "recommendations", "transactions"];

    /// The crates that build on services: no service may depend on them.
    const ABOVE_SERVICES: [&str; 2] = ["bookstore", "marketplace"];

    fn crate_folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The files of a module: `src/NAME.rs`, or all files below `src/NAME/`. Empty if the
    /// service has no such module.
    fn module_files(service: &str, module: &str) -> Vec<PathBuf> {
        let source = crate_folder(service).join("src");
        let file = source.join(module).with_extension("rs");
        if file.exists() {
            return vec![file];
        }
        let mut files = Vec::new();
        let mut folders = vec![source.join(module)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("the folder is readable").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files
    }

    /// The lines of a file without comments.
    fn code(path: &Path) -> String {
        let text = read(path);
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether the code has this name, not only as the end of a longer one.
    fn names(code: &str, name: &str) -> bool {
        code.match_indices(name).any(|(at, _)| {
            !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        })
    }

    fn assert_names_none(service: &str, module: &str, forbidden: &[&str]) {
        for path in module_files(service, module) {
            let code = code(&path);
            for name in forbidden {
                assert!(!names(&code, name), "{} names {name}", path.display());
            }
        }
    }

    #[test]
    fn every_service_has_the_common_modules() {
        for service in SERVICES {
            for module in ["lib", "error", "service"] {
                let files = module_files(service, module);
                assert!(!files.is_empty(), "{service} has no module {module}");
            }
        }
    }

    #[test]
    fn every_service_is_constructed_served_and_run_alike() {
        for service in SERVICES {
            let modules = ["lib", "service", "grpc", "legacy"];
            let files = modules.map(|module| module_files(service, module)).concat();
            let code: String = files.iter().map(|path| code(path)).collect();
            for function in [
                "pub fn new(",
                "server(&self)",
                "pub fn run_in_background(&self)",
            ] {
                assert!(code.contains(function), "{service} has no {function}");
            }
        }
    }

    #[test]
    fn no_service_depends_on_another_service_or_on_a_crate_above() {
        for service in SERVICES {
            let manifest = read(&crate_folder(service).join("Cargo.toml"));
            for other in SERVICES.into_iter().chain(ABOVE_SERVICES) {
                let depends = manifest.lines().any(|line| {
                    line.split(['.', ' ', '=']).next() == Some(other) && other != service
                });
                assert!(!depends, "{service} depends on {other}");
            }
        }
    }

    #[test]
    fn domain_names_neither_transport_nor_storage() {
        for service in SERVICES {
            let forbidden = ["tonic", "prost", "rpc::", "sqlx", "store::"];
            assert_names_none(service, "domain", &forbidden);
        }
    }

    #[test]
    fn use_cases_name_no_tonic_and_no_sql() {
        for service in SERVICES {
            let forbidden = ["tonic", "sqlx", "Sql::", "SELECT ", "UPDATE ", "INSERT "];
            assert_names_none(service, "service", &forbidden);
        }
    }

    #[test]
    fn storage_and_domain_do_not_use_the_modules_above_them() {
        for service in SERVICES {
            assert_names_none(service, "domain", &["crate::"]);
            assert_names_none(
                service,
                "store",
                &["crate::grpc", "crate::service", "tonic"],
            );
            assert_names_none(service, "service", &["crate::grpc"]);
        }
    }
}
