//! A synthetic image for tests and measurements of large contracts.

use crate::testing::image;

/// An image as large as those of big companies: with 4,500 files it has 30 MB. Every fifth
/// file has a service. Files import others, as the nodes of a tree.
///
/// Two templates are compiled and then copied with other package names of the same length,
/// so that the lengths within the encoded bytes stay true.
pub fn large_image(files: usize) -> Vec<u8> {
    const OWN: &str = "area0000";
    const IMPORTED: &str = "area9999";
    let name = |package: &str| format!("{package}/v1/{package}.proto");
    let root = template(IMPORTED, "", "");
    let import = format!("import \"{}\";", name(IMPORTED));
    let field = format!("  // What it belongs to.\n  {IMPORTED}.v1.Thing0 parent = 20;\n");
    let methods: String = (0..4)
        .map(|at| format!("  // Reads things.\n  rpc Get{at}(Thing{at}) returns (Thing0);\n"))
        .collect();
    let service = format!("// Reads things.\nservice Things {{\n{methods}}}\n");
    let messages = template(OWN, &import, &field);
    let (own, imported) = (name(OWN), name(IMPORTED));
    let compiled = |source: &str| image(&[(&imported, &root), (&own, source)]);
    let entries = [
        compiled(&messages),
        compiled(&(messages.clone() + &service)),
    ];
    let [without_service, with_service] = entries.each_ref().map(|image| entries_of(image));
    let own_file = |entries: &[Vec<u8>]| {
        let mut entries = entries.iter();
        entries
            .find(|it| contains(it, OWN))
            .cloned()
            .unwrap_or_default()
    };
    let files_by_kind = [own_file(&with_service), own_file(&without_service)];
    // The file that the template imports, after the rules of protovalidate and others.
    let (mut bytes, mut root) = (Vec::new(), Vec::new());
    for entry in without_service.iter().filter(|entry| !contains(entry, OWN)) {
        if contains(entry, IMPORTED) {
            root.clone_from(entry);
        } else {
            bytes.extend_from_slice(entry);
        }
    }
    bytes.extend(replaced(&root, IMPORTED, OWN));
    for at in 1..files {
        let entry = &files_by_kind[usize::from(at % 5 != 0)];
        let entry = replaced(entry, OWN, &format!("area{at:04}"));
        bytes.extend(replaced(&entry, IMPORTED, &format!("area{:04}", at / 10)));
    }
    bytes
}

/// A file with messages, rules and comments.
fn template(package: &str, import: &str, field: &str) -> String {
    let fields: String = (1..=8)
        .map(|at| {
            format!(
                "  // The text with number {at}, which clients show to people.\n  \
                 string text_{at} = {at} [(buf.validate.field).string = {{min_len: 1, max_len: {at}0}}];\n"
            )
        })
        .collect();
    let messages: String = (0..4)
        .map(|at| format!("// A thing of kind {at}.\nmessage Thing{at} {{\n{fields}{field}}}\n"))
        .collect();
    format!(
        "syntax = \"proto3\";\npackage {package}.v1;\n\
         import \"buf/validate/validate.proto\";\n{import}\n{messages}"
    )
}

/// The entries of an encoded `FileDescriptorSet`, each with its key and length.
fn entries_of(image: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = image;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let mut after = &rest[1..];
        let length = prost::encoding::decode_varint(&mut after).expect("the image is valid");
        let end = rest.len() - after.len() + usize::try_from(length).expect("it fits");
        let (entry, next) = rest.split_at(end);
        entries.push(entry.to_vec());
        rest = next;
    }
    entries
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if &bytes[at..at + from.len()] == from.as_bytes() {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            at += from.len();
        } else {
            at += 1;
        }
    }
    bytes
}
