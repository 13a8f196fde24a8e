//! Decodes the bytes of an image into a descriptor pool, with a separate error for
//! each kind of invalid input.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint, encode_varint},
};
use prost_reflect::DescriptorPool;

use super::{
    ContractError,
    features::{EDITIONS, Features},
    field_names::{is_name_conflict, without_name_conflicts},
    is_tool_package,
};

/// The number of the extension `(proofread.v1.credentials)` of a file.
const CREDENTIALS: u32 = 52617;

/// The parts of a `FileDescriptorProto` that are needed before it is decoded. Decoding only
/// them takes a small part of the time and memory.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FileIndex {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    package: String,
    #[prost(string, repeated, tag = "3")]
    pub(crate) imports: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    services: Vec<ServiceIndex>,
    #[prost(bytes = "vec", tag = "8")]
    options: Vec<u8>,
    #[prost(string, tag = "12")]
    syntax: String,
    #[prost(int32, tag = "14")]
    edition: i32,
    /// Imports of which only options are used, since edition 2024.
    #[prost(string, repeated, tag = "15")]
    option_imports: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ServiceIndex {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    methods: Vec<MethodIndex>,
}

#[derive(Clone, PartialEq, Message)]
struct MethodIndex {
    #[prost(string, tag = "1")]
    name: String,
}

/// A file that is not part of the contract because it can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutFile {
    /// Its name, or its path if it could not be compiled.
    pub name: String,
    /// Why it can't be used.
    pub reason: String,
}

/// A decoded image.
pub(super) struct DecodedImage {
    pub(super) pool: DescriptorPool,
    /// The files that are in the pool, as they were given.
    pub(super) image: Vec<u8>,
    /// The same as the pool has them; `None` if that is no difference.
    pub(super) rewritten: Option<Vec<u8>>,
    pub(super) features: Features,
}

/// Decodes an image. Files of editions, and fields whose names differ only in case, are
/// rewritten for the pool, because prost-reflect does not read them.
pub(super) fn decode(bytes: &[u8]) -> Result<DecodedImage, ContractError> {
    check_entries(bytes)?;
    let files = index(bytes)?;
    check_files(&files)?;
    let mut features = Features::default();
    let prepared = files.iter().zip(raw_files(bytes)).map(|(file, raw)| {
        let prepared = prepare(file, raw, &mut features);
        prepared.map_err(|reason| ContractError::UnsupportedFeatures {
            file: file.name.clone(),
            reason,
        })
    });
    let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
    let is_rewritten = prepared.iter().any(|file| matches!(file, Cow::Owned(_)));
    let mut rewritten = is_rewritten.then(|| joined_files(&prepared));
    let mut pool = DescriptorPool::decode(rewritten.as_deref().unwrap_or(bytes));
    if pool.as_ref().is_err_and(is_name_conflict) {
        let renamed = prepared.iter().map(|file| without_name_conflicts(file));
        if let Ok(renamed) = renamed.collect::<Result<Vec<_>, _>>() {
            let renamed = joined_files(&renamed);
            pool = DescriptorPool::decode(renamed.as_slice());
            rewritten = Some(renamed);
        }
    }
    Ok(DecodedImage {
        pool: pool.map_err(|error| ContractError::Inconsistent(error.to_string()))?,
        image: bytes.to_vec(),
        rewritten,
        features,
    })
}

/// As [`decode`], but leaves out the files that can't be used, and those that import them.
pub(super) fn decode_usable(
    bytes: &[u8],
) -> Result<(DecodedImage, Vec<LeftOutFile>), ContractError> {
    check_entries(bytes)?;
    let files = index(bytes)?;
    let raw: Vec<&[u8]> = raw_files(bytes).collect();
    let (mut pool, mut features) = (DescriptorPool::new(), Features::default());
    let (mut image, mut rewritten, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut usable: BTreeSet<&str> = BTreeSet::new();
    for at in imports_first(&files) {
        let file = &files[at];
        let missing = file.all_imports().find(|it| !usable.contains(it.as_str()));
        let added = match (missing, file.is_supported()) {
            (Some(import), _) => Err(format!("it imports {import}, which is not usable")),
            (None, false) => Err(unsupported(file).to_string()),
            (None, true) => prepare(file, raw[at], &mut features)
                .and_then(|prepared| add_file(&mut pool, prepared)),
        };
        match added {
            Ok(added) => {
                usable.insert(&file.name);
                push_file(&mut image, raw[at]);
                push_file(&mut rewritten, &added);
            }
            Err(reason) => left_out.push(LeftOutFile {
                name: file.name.clone(),
                reason,
            }),
        }
    }
    let decoded = DecodedImage {
        pool,
        rewritten: (rewritten != image).then_some(rewritten),
        image,
        features,
    };
    Ok((decoded, left_out))
}

/// A file as prost-reflect reads it, except for names that it does not accept.
///
/// # Errors
/// When it has features that prost-reflect can't read.
fn prepare<'r>(
    file: &FileIndex,
    raw: &'r [u8],
    features: &mut Features,
) -> Result<Cow<'r, [u8]>, String> {
    match file.syntax.as_str() {
        "editions" => features.add_edition(raw).map(Cow::Owned),
        "" | "proto2" if !is_tool_package(&file.package) => {
            features.add_proto2(raw)?;
            Ok(Cow::Borrowed(raw))
        }
        _ => Ok(Cow::Borrowed(raw)),
    }
}

fn add_file<'r>(pool: &mut DescriptorPool, file: Cow<'r, [u8]>) -> Result<Cow<'r, [u8]>, String> {
    match pool.decode_file_descriptor_proto(&*file) {
        Ok(()) => Ok(file),
        Err(error) if is_name_conflict(&error) => {
            let renamed = without_name_conflicts(&file)?;
            let added = pool.decode_file_descriptor_proto(renamed.as_slice());
            added.map_err(|error| error.to_string())?;
            Ok(Cow::Owned(renamed))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn joined_files(files: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut image = Vec::new();
    for file in files {
        push_file(&mut image, file.as_ref());
    }
    image
}

/// The files of an image that have a wanted method, with their imports and the files that
/// define credentials. `wanted` gets `package.Service/Method`. `None` if no method is
/// wanted, or the bytes are no image.
pub(crate) fn prune(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    check_entries(bytes).ok()?;
    let files = index(bytes).ok()?;
    let names = files.iter().enumerate();
    let by_name: BTreeMap<&str, usize> = names.map(|(at, it)| (it.name.as_str(), at)).collect();
    let has_wanted = |file: &&FileIndex| file.methods().any(|path| wanted(&path));
    files.iter().find(has_wanted)?;
    let roots = files
        .iter()
        .filter(|it| has_wanted(it) || it.defines_credentials());
    let mut open: Vec<&str> = roots.map(|file| file.name.as_str()).collect();
    let mut kept = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(at) = by_name.get(name).filter(|at| kept.insert(**at)) {
            open.extend(files[*at].all_imports().map(String::as_str));
        }
    }
    let mut pruned = Vec::new();
    for (at, raw) in raw_files(bytes).enumerate() {
        if kept.contains(&at) {
            push_file(&mut pruned, raw);
        }
    }
    Some(pruned)
}

impl FileIndex {
    pub(crate) fn all_imports(&self) -> impl Iterator<Item = &String> {
        self.imports.iter().chain(&self.option_imports)
    }

    fn is_supported(&self) -> bool {
        match self.syntax.as_str() {
            "" | "proto2" | "proto3" => true,
            "editions" => EDITIONS.iter().any(|(number, _)| *number == self.edition),
            _ => false,
        }
    }

    /// `package.Service/Method` of each method.
    fn methods(&self) -> impl Iterator<Item = String> {
        self.services.iter().flat_map(|service| {
            let dot = if self.package.is_empty() { "" } else { "." };
            let service_name = format!("{}{dot}{}", self.package, service.name);
            let methods = service.methods.iter();
            methods.map(move |method| format!("{service_name}/{}", method.name))
        })
    }

    fn defines_credentials(&self) -> bool {
        let mut key = Vec::new();
        // Field number and wire type 2: a length follows.
        encode_varint(u64::from(CREDENTIALS) << 3 | 2, &mut key);
        self.options.windows(key.len()).any(|window| window == key)
    }
}

/// The bytes of each file in an image that [`check_entries`] accepts.
pub(crate) fn raw_files(image: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = image;
    std::iter::from_fn(move || {
        let mut after = rest.get(1..)?;
        let length = usize::try_from(decode_varint(&mut after).ok()?).ok()?;
        let (file, after) = after.split_at_checked(length)?;
        rest = after;
        Some(file)
    })
}

/// Appends a file to an encoded `FileDescriptorSet`.
pub(crate) fn push_file(image: &mut Vec<u8>, file: &[u8]) {
    // Field 1, length-delimited.
    image.push(0x0a);
    encode_varint(file.len() as u64, image);
    image.extend_from_slice(file);
}

pub(crate) fn index(image: &[u8]) -> Result<Vec<FileIndex>, ContractError> {
    let files = raw_files(image).map(FileIndex::decode);
    files
        .collect::<Result<_, _>>()
        .map_err(|error| ContractError::NotAnImage(error.to_string()))
}

/// The positions of the files, each after its imports.
fn imports_first(files: &[FileIndex]) -> Vec<usize> {
    let names = files.iter().enumerate();
    let by_name: BTreeMap<&str, usize> = names.map(|(at, it)| (it.name.as_str(), at)).collect();
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for root in 0..files.len() {
        // A file is visited twice: first its imports are put before it, then it follows.
        let mut open = vec![(root, false)];
        while let Some((at, imports_done)) = open.pop() {
            if imports_done {
                order.push(at);
            } else if seen.insert(at) {
                open.push((at, true));
                let imports = files[at].all_imports();
                let imports = imports.filter_map(|name| by_name.get(name.as_str()));
                open.extend(imports.map(|import| (*import, false)));
            }
        }
    }
    order
}

/// Checks the top-level entries. A set is a sequence of files (field 1); images built
/// by buf and protoc contain no other field on this level.
fn check_entries(bytes: &[u8]) -> Result<(), ContractError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let key = decode_key(&mut rest);
        if !matches!(key, Ok((1, WireType::LengthDelimited))) {
            let message = format!("byte {offset} is not the start of a file entry");
            return Err(ContractError::NotAnImage(message));
        }
        let declared = decode_varint(&mut rest).map_err(|_| ContractError::Truncated {
            offset,
            declared: 1,
            remaining: 0,
        })?;
        match usize::try_from(declared)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
        {
            Some((_, after)) => rest = after,
            None => {
                return Err(ContractError::Truncated {
                    offset,
                    declared,
                    remaining: rest.len(),
                });
            }
        }
    }
    Ok(())
}

fn check_files(files: &[FileIndex]) -> Result<(), ContractError> {
    if files.is_empty() {
        return Err(ContractError::Empty);
    }
    let present: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let imported = files.iter().flat_map(FileIndex::all_imports);
    let missing: BTreeSet<&String> = imported
        .filter(|name| !present.contains(name.as_str()))
        .collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().cloned().collect();
        return Err(ContractError::MissingImports(missing));
    }
    match files.iter().find(|file| !file.is_supported()) {
        Some(file) => Err(unsupported(file)),
        None => Ok(()),
    }
}

fn unsupported(file: &FileIndex) -> ContractError {
    ContractError::UnsupportedSyntax {
        file: file.name.clone(),
        syntax: match file.syntax.as_str() {
            "editions" => format!("edition {}", file.edition),
            syntax => format!("{syntax:?}"),
        },
    }
}
