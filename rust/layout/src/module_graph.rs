//! Which modules of a crate use which others.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    service_crate::ServiceCrate,
    source_text::{PathSegments, paths},
};

/// The modules of the root of a crate, each with those that it uses. A name that `lib.rs`
/// exports counts as a use of the module that it comes from.
pub struct ModuleGraph(BTreeMap<String, BTreeSet<String>>);

impl ModuleGraph {
    pub fn of(service: &ServiceCrate) -> Self {
        let top = |module: &[String]| module.first().cloned();
        let modules: BTreeSet<String> = service
            .files
            .iter()
            .filter_map(|file| top(&file.module))
            .collect();
        let root = service.files.iter().filter(|file| file.module.is_empty());
        let exports = exports(root.flat_map(|file| paths(&file.text)), &modules);
        let mut uses: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for file in &service.files {
            let Some(module) = top(&file.module) else {
                continue;
            };
            let used = paths(&file.text)
                .into_iter()
                .filter_map(|path| from_the_root(&path, &file.module))
                .filter_map(|name| match modules.get(&name) {
                    Some(module) => Some(module.clone()),
                    None => exports.get(&name).cloned(),
                })
                .filter(|used| *used != module);
            uses.entry(module.clone()).or_default().extend(used);
        }
        Self(uses)
    }

    /// The modules from `from` to `to`, each using the next one; `None` if `from` does not use
    /// `to`. The error enum does not count as being between: it names every module's errors,
    /// and every module names it.
    pub fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut reached = BTreeSet::from([from.to_owned()]);
        let mut to_visit = vec![vec![from.to_owned()]];
        while let Some(path) = to_visit.pop() {
            let last = path.last().map_or(from, String::as_str);
            if last == to {
                return Some(path);
            }
            if last == "error" {
                continue;
            }
            for used in self.0.get(last).into_iter().flatten() {
                if reached.insert(used.clone()) {
                    to_visit.push([path.as_slice(), std::slice::from_ref(used)].concat());
                }
            }
        }
        None
    }
}

/// The names that the root of a crate exports from its modules.
fn exports(
    paths: impl Iterator<Item = PathSegments>,
    modules: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    paths
        .filter_map(|path| {
            let path = match path.split_first() {
                Some((first, rest)) if first == "self" || first == "crate" => rest,
                _ => &path,
            };
            match path {
                [module, .., name] if modules.contains(module) => {
                    Some((name.clone(), module.clone()))
                }
                _ => None,
            }
        })
        .collect()
}

/// The first name after the root of the crate, if the path is one within the crate.
fn from_the_root(path: &[String], module: &[String]) -> Option<String> {
    let (first, mut rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => &[],
        "self" => module,
        "super" => module.split_last()?.1,
        _ => return None,
    };
    while let Some((_, after)) = rest.split_first().filter(|(name, _)| *name == "super") {
        (base, rest) = (base.split_last()?.1, after);
    }
    base.first().or(rest.first()).cloned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::service_crate::SourceFile;

    fn graph(files: &[(&[&str], &str)]) -> ModuleGraph {
        let files = files.iter().map(|(module, text)| SourceFile {
            path: PathBuf::new(),
            module: module.iter().map(ToString::to_string).collect(),
            text: (*text).to_owned(),
        });
        ModuleGraph::of(&ServiceCrate {
            name: "shop".to_owned(),
            files: files.collect(),
        })
    }

    #[test]
    fn upward_use_is_found_through_exports_helpers_and_super() {
        let crate_with = |store: &str| {
            graph(&[
                (
                    &[],
                    "pub use self::service::{Shop, Options}; pub use domain::Book;",
                ),
                (&["domain"], "use service::BookId;"),
                (&["service"], "use crate::{Book, store as rows};"),
                (&["helper"], "use crate::Shop;"),
                (&["store"], "mod books;"),
                (&["store", "books"], store),
            ])
        };
        for upward in [
            "use crate::Shop;",
            "use crate::{Book, service::Shop};",
            "fn f() { retry!(crate::service::f()) }",
            "use super::super::service::Shop;",
            "use crate::helper;",
        ] {
            assert!(
                crate_with(upward).path("store", "service").is_some(),
                "{upward}"
            );
        }
        for allowed in [
            "use crate::Book;",
            "use service::Shop;",
            "use super::service;",
        ] {
            assert_eq!(
                crate_with(allowed).path("store", "service"),
                None,
                "{allowed}"
            );
        }
    }
}
