//! Selects methods by globs.

use globset::{Glob, GlobMatcher};

use super::ConfigError;
use crate::{
    contract::{Contract, Method},
    suggest::did_you_mean,
};

/// Globs of methods to include and to exclude; see [`path_glob`] for their form.
#[derive(Debug, Clone, Default)]
pub struct MethodSelection {
    include: Vec<MethodGlob>,
    exclude: Vec<MethodGlob>,
}

#[derive(Debug, Clone)]
struct MethodGlob {
    /// The glob as the user wrote it.
    text: String,
    matcher: GlobMatcher,
}

impl MethodSelection {
    /// Compiles the globs. An empty `include` includes all methods.
    ///
    /// # Errors
    /// If a glob is invalid.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, ConfigError> {
        Ok(Self {
            include: compile(include)?,
            exclude: compile(exclude)?,
        })
    }

    /// Whether a method is included and not excluded.
    pub fn contains(&self, method: &Method) -> bool {
        self.contains_path(&method.path)
    }

    /// As [`MethodSelection::contains`], for a method with this path.
    pub fn contains_path(&self, path: &str) -> bool {
        let matches = |glob: &MethodGlob| glob.matches(path);
        let included = self.include.is_empty() || self.include.iter().any(matches);
        included && !self.exclude.iter().any(matches)
    }

    /// Whether a method or its service is included by name, not by a pattern. The user then
    /// expects the server to implement it.
    pub fn includes_by_name(&self, method: &Method) -> bool {
        let is_name = |it: &&MethodGlob| !it.text.contains(['*', '?', '[', '{']);
        let mut named = self.include.iter().filter(is_name);
        self.contains(method) && named.any(|it| it.matches(&method.path))
    }

    /// The selected methods of a contract, at least one.
    ///
    /// # Errors
    /// If a glob matches no method at all, which is probably a typo, or no method is left.
    pub fn select<'c>(&self, contract: &'c Contract) -> Result<Vec<&'c Method>, ConfigError> {
        for pattern in self.include.iter().chain(&self.exclude) {
            if !contract
                .methods()
                .any(|method| pattern.matches(&method.path))
            {
                let pattern = &pattern.text;
                let known: Vec<&str> = contract
                    .methods()
                    .map(|method| method.path.trim_start_matches('/'))
                    .chain(
                        contract
                            .services()
                            .map(|service| service.full_name.as_str()),
                    )
                    .collect();
                let near = did_you_mean(pattern, &known);
                let message = format!("{pattern:?} matches no method of the contract{near}");
                return Err(ConfigError::MethodGlob(message));
            }
        }
        let chosen: Vec<&Method> = contract.methods().filter(|it| self.contains(it)).collect();
        if chosen.is_empty() {
            let message = match contract.methods().next() {
                None => "the contract has no methods",
                Some(_) => "include and exclude together leave no method",
            };
            return Err(ConfigError::MethodGlob(message.to_owned()));
        }
        Ok(chosen)
    }
}

impl MethodGlob {
    fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path.trim_start_matches('/'))
    }
}

/// Converts a user's glob into one that matches `package.Service/Method`. The user may omit
/// the package, the service or the method. `*` also matches dots and slashes.
pub fn path_glob(glob: &str) -> String {
    let glob = glob.trim_start_matches('/');
    if glob.contains('/') {
        format!("{{{glob},*.{glob}}}")
    } else {
        format!("{{{glob},{glob}/*,*.{glob}/*,*/{glob}}}")
    }
}

/// Checks that a glob matches a method of the contract. Globs for services of gRPC itself,
/// such as `grpc.health.v1.Health/*`, are always allowed.
///
/// # Errors
/// If the glob is invalid or matches no method.
pub fn check_glob_matches(glob: &str, contract: &Contract) -> Result<(), ConfigError> {
    let selection = MethodSelection::new(&[glob.to_owned()], &[])?;
    if contract.methods().next().is_some() && !glob.trim_start_matches('/').starts_with("grpc.") {
        selection.select(contract)?;
    }
    Ok(())
}

fn compile(patterns: &[String]) -> Result<Vec<MethodGlob>, ConfigError> {
    let compiled = patterns.iter().map(|text| {
        // Compiled alone first, so that an error shows the glob that the user wrote.
        let glob = Glob::new(text).and_then(|_| Glob::new(&path_glob(text)));
        let glob = glob.map_err(|error| {
            ConfigError::MethodGlob(format!("{text:?} is not a valid glob: {}", error.kind()))
        })?;
        Ok(MethodGlob {
            text: text.clone(),
            matcher: glob.compile_matcher(),
        })
    });
    compiled.collect()
}
