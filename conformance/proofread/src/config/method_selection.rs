//! Which methods are meant, by globs.

use globset::{Glob, GlobMatcher};

use super::ConfigError;
use crate::{
    contract::{Contract, Method},
    suggest::did_you_mean,
};

/// The methods that some globs include and others don't exclude; see [`path_glob`].
#[derive(Debug, Clone, Default)]
pub struct MethodSelection {
    include: Vec<MethodGlob>,
    exclude: Vec<MethodGlob>,
}

#[derive(Debug, Clone)]
struct MethodGlob {
    /// As it was written.
    text: String,
    paths: GlobMatcher,
}

impl MethodSelection {
    /// Compiles the globs. Without any to include, everything is included.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, ConfigError> {
        Ok(Self {
            include: compile(include)?,
            exclude: compile(exclude)?,
        })
    }

    /// Whether a method is meant.
    pub fn contains(&self, method: &Method) -> bool {
        let included = self.include.is_empty() || self.include.iter().any(|it| it.matches(method));
        included && !self.exclude.iter().any(|it| it.matches(method))
    }

    /// Whether a method, or its service, is included by its name and not by a pattern:
    /// whoever writes the name down says that it is there.
    pub fn includes_by_name(&self, method: &Method) -> bool {
        let plain = |it: &&MethodGlob| !it.text.contains(['*', '?', '[', '{']);
        let mut named = self.include.iter().filter(plain);
        self.contains(method) && named.any(|it| it.matches(method))
    }

    /// The methods of a contract that are meant.
    ///
    /// # Errors
    /// When a glob matches no method at all, which is a slip of the pen, or when
    /// nothing is left.
    pub fn select<'c>(&self, contract: &'c Contract) -> Result<Vec<&'c Method>, ConfigError> {
        for pattern in self.include.iter().chain(&self.exclude) {
            if !contract.methods().any(|method| pattern.matches(method)) {
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
                None => "the contract has no methods: there is nothing to do",
                Some(_) => "include and exclude together leave no method",
            };
            return Err(ConfigError::MethodGlob(message.to_owned()));
        }
        Ok(chosen)
    }
}

impl MethodGlob {
    fn matches(&self, method: &Method) -> bool {
        self.paths.is_match(method.path.trim_start_matches('/'))
    }
}

/// A glob for methods as one over `package.Service/Method`: the package may be left out,
/// and so may the service, or the method. `*` goes over dots and slashes.
pub fn path_glob(glob: &str) -> String {
    let glob = glob.trim_start_matches('/');
    match glob.contains('/') {
        true => format!("{{{glob},*.{glob}}}"),
        false => format!("{{{glob},{glob}/*,*.{glob}/*,*/{glob}}}"),
    }
}

/// Says whether a glob means a method of the contract, or of the services that every
/// server may have beside it.
///
/// # Errors
/// When it does not, or is no glob.
pub fn check_glob_matches(glob: &str, contract: &Contract) -> Result<(), ConfigError> {
    let alone = MethodSelection::new(&[glob.to_owned()], &[])?;
    if contract.methods().next().is_some() && !glob.trim_start_matches('/').starts_with("grpc.") {
        alone.select(contract)?;
    }
    Ok(())
}

fn compile(patterns: &[String]) -> Result<Vec<MethodGlob>, ConfigError> {
    let compiled = patterns.iter().map(|text| {
        // By itself first: only so the error is about what was written.
        let glob = Glob::new(text).and_then(|_| Glob::new(&path_glob(text)));
        let glob = glob.map_err(|error| {
            ConfigError::MethodGlob(format!("{text:?} is no glob: {}", error.kind()))
        })?;
        Ok(MethodGlob {
            text: text.clone(),
            paths: glob.compile_matcher(),
        })
    });
    compiled.collect()
}
