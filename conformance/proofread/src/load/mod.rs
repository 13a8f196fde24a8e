//! Loads a contract from images, folders of protos or single protos, or from a server by
//! reflection.

mod buf;
mod error;
mod folder;
mod merge;
pub(crate) mod reflection;
mod roots;
mod source_files;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) use buf::module_roots;
pub use error::LoadError;

use crate::{
    contract::{Contract, ContractError, LeftOutFile, prune},
    probe::Probe,
};

/// Where a contract comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Images, folders of protos and single protos, at least one.
    pub paths: Vec<PathBuf>,
    /// The folders to which imports are relative, as `-I` of protoc. Without them, they are
    /// relative to the modules of buf, or else to the folder of the contract.
    pub import_paths: Vec<PathBuf>,
}

/// An image, and the files that could not be compiled.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) left_out: Vec<LeftOutFile>,
}

/// Reads a contract from one path; see [`Source::open`].
///
/// # Errors
/// As [`Source::open`].
pub fn open(path: &Path) -> Result<Contract, LoadError> {
    let source = Source {
        paths: vec![path.to_owned()],
        import_paths: Vec::new(),
    };
    source.open()
}

impl Source {
    /// Reads images, and compiles protos: folders with buf if it is installed, otherwise
    /// with protox in this process. Files that can't be used are left out, see
    /// [`Contract::left_out`], as long as there is a method without them.
    ///
    /// # Errors
    /// If there is no contract at a path, or none of its files can be used. The message is
    /// one line with the location.
    pub fn open(&self) -> Result<Contract, LoadError> {
        self.decode(self.image()?)
    }

    /// Reads only the files that are needed for some methods. `wanted` gets
    /// `package.Service/Method`. This takes less time and memory for a large contract.
    /// `None` if no method is wanted.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_for(&self, wanted: impl Fn(&str) -> bool) -> Result<Option<Contract>, LoadError> {
        let image = self.image()?;
        let pruned = prune(&image.bytes, wanted);
        let left_out = image.left_out;
        pruned
            .map(|bytes| self.decode(Image { bytes, left_out }))
            .transpose()
    }

    fn image(&self) -> Result<Image, LoadError> {
        let images = self.paths.iter().map(|path| {
            let image = match path.extension() {
                _ if path.is_dir() => folder::build(path, &self.import_paths)?,
                Some(extension) if extension == "proto" => {
                    folder::compile(path, &self.import_paths)?
                }
                _ => read_image(path)?,
            };
            Ok((path.as_path(), image))
        });
        merge::merge(images.collect::<Result<_, LoadError>>()?)
    }

    fn decode(&self, image: Image) -> Result<Contract, LoadError> {
        let decoded = Contract::decode_usable(&image.bytes, image.left_out);
        decoded.map_err(|source| match self.paths.as_slice() {
            [path] if path.is_file() => LoadError::Contract(ContractError::File {
                path: path.clone(),
                source: Box::new(source),
            }),
            _ => LoadError::Contract(source),
        })
    }
}

fn read_image(path: &Path) -> Result<Image, LoadError> {
    let bytes = fs::read(path).map_err(|source| ContractError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Image {
        bytes,
        left_out: Vec::new(),
    })
}

/// Reads the contract of a server by `grpc.reflection.v1`, or by `v1alpha` if the server
/// does not implement `v1`.
///
/// # Errors
/// If the server has no reflection, or files are missing or invalid.
pub async fn reflect(probe: &Probe, timeout: Duration) -> Result<Contract, LoadError> {
    let image = reflection::image(probe, timeout).await?;
    Ok(Contract::decode(&image)?)
}
