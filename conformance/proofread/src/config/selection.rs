//! Which methods are meant, by globs.

use globset::{Glob, GlobBuilder, GlobMatcher};

use super::ConfigError;
use crate::{
    contract::{Contract, Method},
    suggest::did_you_mean,
};

/// The methods that some globs include and others don't exclude.
///
/// A glob is held against `package.Service/Method`, and where it has no slash also
/// against `package.Service` and `Method`. `*` goes over dots and slashes.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
}

impl Selection {
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
        let included =
            self.include.is_empty() || self.include.iter().any(|glob| matches(glob, method));
        included && !self.exclude.iter().any(|glob| matches(glob, method))
    }

    /// Whether a method, or its service, is included by its name and not by a pattern:
    /// whoever writes the name down says that it is there.
    pub fn names(&self, method: &Method) -> bool {
        let plain = |glob: &&GlobMatcher| !glob.glob().glob().contains(['*', '?', '[', '{']);
        let mut named = self.include.iter().filter(plain);
        self.contains(method) && named.any(|glob| matches(glob, method))
    }

    /// The methods of a contract that are meant.
    ///
    /// # Errors
    /// When a glob matches no method at all, which is a slip of the pen, or when
    /// nothing is left.
    pub fn of<'c>(&self, contract: &'c Contract) -> Result<Vec<&'c Method>, ConfigError> {
        for glob in self.include.iter().chain(&self.exclude) {
            if !contract.methods().any(|method| matches(glob, method)) {
                let pattern = glob.glob().glob();
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
                return Err(ConfigError::Pattern(message));
            }
        }
        let chosen: Vec<&Method> = contract.methods().filter(|it| self.contains(it)).collect();
        if chosen.is_empty() {
            let message = match contract.methods().next() {
                None => "the contract has no methods: there is nothing to do",
                Some(_) => "include and exclude together leave no method",
            };
            return Err(ConfigError::Pattern(message.to_owned()));
        }
        Ok(chosen)
    }
}

/// The same glob over `package.Service/Method` alone, which is how metadata finds its
/// methods.
pub fn over_paths(glob: &str) -> String {
    let glob = glob.trim_start_matches('/');
    match glob.contains('/') {
        true => glob.to_owned(),
        false => format!("{{{glob},{glob}/*,*/{glob}}}"),
    }
}

/// Says whether a glob means a method of the contract, or of the services that every
/// server may have beside it.
///
/// # Errors
/// When it does not, or is no glob.
pub fn has_methods(glob: &str, contract: &Contract) -> Result<(), ConfigError> {
    let alone = Selection::new(&[glob.to_owned()], &[])?;
    if contract.methods().next().is_some() && !glob.trim_start_matches('/').starts_with("grpc.") {
        alone.of(contract)?;
    }
    Ok(())
}

fn compile(patterns: &[String]) -> Result<Vec<GlobMatcher>, ConfigError> {
    let compiled = patterns.iter().map(|pattern| {
        let glob: Result<Glob, _> = GlobBuilder::new(pattern.trim_start_matches('/')).build();
        glob.map(|glob| glob.compile_matcher()).map_err(|error| {
            ConfigError::Pattern(format!("{pattern:?} is no glob: {}", error.kind()))
        })
    });
    compiled.collect()
}

fn matches(glob: &GlobMatcher, method: &Method) -> bool {
    let path = method.path.trim_start_matches('/');
    let service = path.split('/').next().unwrap_or_default();
    let has_slash = glob.glob().glob().contains('/');
    glob.is_match(path) || !has_slash && (glob.is_match(service) || glob.is_match(&method.name))
}
