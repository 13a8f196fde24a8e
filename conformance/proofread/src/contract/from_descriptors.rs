//! Builds the contract model from protobuf descriptors.

use std::collections::{BTreeMap, HashMap};

use prost_protovalidate_types::{Ignore, MessageRules};
use prost_reflect::{
    DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use prost_types::method_options::IdempotencyLevel;

use super::{
    Access, ContractError, Credential, DeclaredError, Enum, EnumValue, Extension, Field, File,
    Idempotency, Message, Method, Oneof, Package, Service, comments::Comments, is_tool_package,
    options::Options, original_names,
};

const RULE_FILES: [&str; 2] = ["buf/validate/validate.proto", "proofread/v1/options.proto"];

type Result<T> = std::result::Result<T, ContractError>;

/// Reads all packages of a pool, except those of protobuf and protovalidate.
/// Packages and the files in them are sorted by name.
pub(super) fn packages(pool: &DescriptorPool) -> Result<Vec<Package>> {
    let mut files: Vec<FileDescriptor> = pool
        .files()
        .filter(|file| !is_tool_package(file.package_name()))
        .collect();
    // The order of files in an image depends on the tool that built it.
    files.sort_by(|left, right| left.name().cmp(right.name()));
    let mut credentials = Vec::new();
    for file in &files {
        credentials.extend(Options::new(pool, file.options(), file.name()).credentials()?);
    }
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for file in &files {
        let name = file.package_name();
        let package = packages.entry(name.to_owned()).or_insert_with(|| Package {
            name: name.to_owned(),
            files: Vec::new(),
            services: Vec::new(),
            messages: Vec::new(),
            enums: Vec::new(),
            extensions: Vec::new(),
            credentials: Vec::new(),
        });
        FileReader::new(pool, file, &credentials).add(file, package)?;
    }
    Ok(packages.into_values().collect())
}

/// Adds the content of one file to its package.
struct FileReader<'a> {
    pool: &'a DescriptorPool,
    /// The credentials that all files define.
    credentials: &'a [Credential],
    comments: Comments,
}

impl<'a> FileReader<'a> {
    fn new(pool: &'a DescriptorPool, file: &FileDescriptor, credentials: &'a [Credential]) -> Self {
        Self {
            pool,
            credentials,
            comments: Comments::of(file.file_descriptor_proto()),
        }
    }

    fn add(&self, file: &FileDescriptor, package: &mut Package) -> Result<()> {
        package.files.push(File {
            name: file.name().to_owned(),
            comment: self.comments.of_file(),
            imports_rules: RULE_FILES.contains(&file.name())
                || file
                    .dependencies()
                    .any(|import| RULE_FILES.contains(&import.name())),
        });
        let options = Options::new(self.pool, file.options(), file.name());
        package.credentials.extend(options.credentials()?);
        for service in file.services() {
            package.services.push(self.service(&service)?);
        }
        for message in file.messages() {
            self.message(&message, package)?;
        }
        package
            .enums
            .extend(file.enums().map(|it| self.enumeration(&it)));
        let extensions = file.extensions().map(|it| self.extension(&it));
        package.extensions.extend(extensions);
        Ok(())
    }

    fn service(&self, service: &ServiceDescriptor) -> Result<Service> {
        let options = Options::new(self.pool, service.options(), service.full_name());
        Ok(Service {
            name: service.name().to_owned(),
            full_name: service.full_name().to_owned(),
            comment: self.comments.of_path(service.path()),
            common_errors: options.errors("proofread.v1.common_errors")?,
            methods: service
                .methods()
                .map(|method| self.method(&method))
                .collect::<Result<_>>()?,
        })
    }

    fn method(&self, method: &MethodDescriptor) -> Result<Method> {
        let options = Options::new(self.pool, method.options(), method.full_name());
        let access = options.access(self.credentials)?;
        let mut errors = self.implied_errors(&access);
        errors.extend(options.errors("proofread.v1.errors")?);
        Ok(Method {
            name: method.name().to_owned(),
            full_name: method.full_name().to_owned(),
            path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
            comment: self.comments.of_path(method.path()),
            idempotency: idempotency(method),
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
            request: method.input().full_name().to_owned(),
            response: method.output().full_name().to_owned(),
            errors,
            paging: options.paging()?,
            access,
            idempotency_key: options.idempotency_key()?,
            nondeterministic: options.nondeterministic()?,
            descriptor: method.clone(),
        })
    }

    /// The errors of the credentials that the alternatives name. One that several
    /// credentials have in common is described as for the first of them.
    fn implied_errors(&self, access: &[Access]) -> Vec<DeclaredError> {
        let kinds = access.iter().filter_map(Access::credential_kind);
        let defined = kinds.filter_map(|kind| self.credentials.iter().find(|it| it.name == kind));
        let mut errors: Vec<DeclaredError> = Vec::new();
        for error in defined.flat_map(|credential| &credential.errors) {
            let same =
                |other: &DeclaredError| (other.code, &other.reason) == (error.code, &error.reason);
            if !errors.iter().any(same) {
                errors.push(error.clone());
            }
        }
        errors
    }

    fn message(&self, message: &MessageDescriptor, package: &mut Package) -> Result<()> {
        if message.is_map_entry() {
            return Ok(());
        }
        let options = Options::new(self.pool, message.options(), message.full_name());
        let rules = options.message_rules()?;
        // The descriptor sorts fields by number; readers expect the order of the file.
        let by_number: HashMap<_, _> = message.fields().map(|it| (it.number(), it)).collect();
        let declared = &message.descriptor_proto().field;
        let fields = declared
            .iter()
            .filter_map(|field| by_number.get(&u32::try_from(field.number()).ok()?))
            .map(|field| self.field(field, &rules))
            .collect::<Result<_>>()?;
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let oneofs = oneofs
            .map(|oneof| {
                let options = Options::new(self.pool, oneof.options(), oneof.full_name());
                Ok(Oneof {
                    name: oneof.name().to_owned(),
                    comment: self.comments.of_path(oneof.path()),
                    fields: oneof
                        .fields()
                        .map(|it| original_names(it.name()).into_owned())
                        .collect(),
                    rules: options.oneof_rules()?,
                })
            })
            .collect::<Result<_>>()?;
        package.messages.push(Message {
            name: local_name(message.full_name(), message.package_name()),
            full_name: message.full_name().to_owned(),
            comment: self.comments.of_path(message.path()),
            fields,
            oneofs,
            rules,
            descriptor: message.clone(),
        });
        for nested in message.child_messages() {
            self.message(&nested, package)?;
        }
        let enums = message.child_enums().map(|it| self.enumeration(&it));
        package.enums.extend(enums);
        let extensions = message.child_extensions().map(|it| self.extension(&it));
        package.extensions.extend(extensions);
        Ok(())
    }

    fn field(&self, field: &FieldDescriptor, message_rules: &MessageRules) -> Result<Field> {
        let options = Options::new(self.pool, field.options(), field.full_name());
        let mut rules = options.field_rules()?;
        // protovalidate: a field that a message-level oneof rule names is ignored when
        // it is unset, unless the field sets `ignore` itself.
        let mut oneof_fields = message_rules.oneof.iter().flat_map(|it| &it.fields);
        if let Some(rules) = &mut rules
            && rules.ignore() == Ignore::Unspecified
            && oneof_fields.any(|name| *name == original_names(field.name()))
        {
            rules.standard.set_ignore(Ignore::IfZeroValue);
        }
        let oneof = field.containing_oneof().filter(|it| !it.is_synthetic());
        Ok(Field {
            name: original_names(field.name()).into_owned(),
            full_name: original_names(field.full_name()).into_owned(),
            comment: self.comments.of_path(field.path()),
            rules,
            unset: options.unset()?,
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
            descriptor: field.clone(),
        })
    }

    fn enumeration(&self, enumeration: &EnumDescriptor) -> Enum {
        let values = enumeration.enum_descriptor_proto().value.iter();
        let value_path = |index: usize| {
            let mut path = enumeration.path().to_vec();
            // Field 2 of EnumDescriptorProto is `value`.
            path.extend([2, i32::try_from(index).unwrap_or(i32::MAX)]);
            path
        };
        Enum {
            name: local_name(enumeration.full_name(), enumeration.package_name()),
            full_name: enumeration.full_name().to_owned(),
            comment: self.comments.of_path(enumeration.path()),
            values: values
                .enumerate()
                .map(|(index, value)| EnumValue {
                    name: value.name().to_owned(),
                    number: value.number(),
                    comment: self.comments.of_path(&value_path(index)),
                })
                .collect(),
        }
    }

    fn extension(&self, extension: &ExtensionDescriptor) -> Extension {
        Extension {
            full_name: extension.full_name().to_owned(),
            extends: extension.containing_message().full_name().to_owned(),
            number: extension.number(),
            kind: extension.kind(),
            repeated: extension.is_list(),
            comment: self.comments.of_path(extension.path()),
        }
    }
}

fn idempotency(method: &MethodDescriptor) -> Idempotency {
    let options = method.method_descriptor_proto().options.clone();
    match options.unwrap_or_default().idempotency_level() {
        IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
        IdempotencyLevel::Idempotent => Idempotency::Idempotent,
        IdempotencyLevel::IdempotencyUnknown => Idempotency::Unknown,
    }
}

/// The name relative to the package: `a.v1.Outer.Inner` becomes `Outer.Inner`.
fn local_name(full_name: &str, package: &str) -> String {
    let local = full_name.strip_prefix(package).unwrap_or(full_name);
    local.trim_start_matches('.').to_owned()
}
