//! What a Rust file names and declares, read from its tokens. Comments and the contents of
//! strings do not count; the arguments of macros do.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as its segments: `crate::store::Row` is `["crate", "store", "Row"]`.
pub type PathSegments = Vec<String>;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the file is valid Rust")
}

/// The paths that a text names. `use a::{b, c::{d as e}};` names `a::b`, `a::c` and `a::c::d`.
pub fn paths(text: &str) -> BTreeSet<PathSegments> {
    let mut found = BTreeSet::new();
    collect_paths(tokens(text), &[], &mut found);
    found
}

/// Adds the paths of `tokens`; within the braces of a `use`, all of them start with `prefix`.
fn collect_paths(tokens: TokenStream, prefix: &[String], found: &mut BTreeSet<PathSegments>) {
    let mut path = prefix.to_vec();
    // Whether the next name continues the path, that is, follows `::`.
    let mut continues = true;
    let mut first_colon = false;
    let mut renamed = false;
    for token in tokens {
        let second_colon = std::mem::take(&mut first_colon);
        match token {
            TokenTree::Ident(name) if !prefix.is_empty() && name == "as" => renamed = true,
            TokenTree::Ident(_) if std::mem::take(&mut renamed) => {}
            TokenTree::Ident(name) => {
                if !continues {
                    found.insert(std::mem::replace(&mut path, prefix.to_vec()));
                }
                path.push(name.to_string());
                continues = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && second_colon => continues = true,
            TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == Spacing::Joint => {
                first_colon = true;
            }
            TokenTree::Group(group) => {
                let use_group = continues && group.delimiter() == Delimiter::Brace;
                let start = if use_group { path.as_slice() } else { &[] };
                collect_paths(group.stream(), start, found);
                found.insert(std::mem::replace(&mut path, prefix.to_vec()));
                continues = true;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {
                found.insert(std::mem::replace(&mut path, prefix.to_vec()));
                continues = true;
            }
        }
    }
    found.insert(path);
}

/// A public function of an `impl` block that implements no trait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The name of the type, without its generic parameters.
    pub type_name: String,
    /// From the name to the result, without spaces: `new(db:Db)->Self`.
    pub signature: String,
}

/// The public functions of the types in a text.
pub fn public_methods(text: &str) -> Vec<Method> {
    let mut methods = Vec::new();
    let mut tokens = tokens(text).into_iter();
    while let Some(token) = tokens.next() {
        if !matches!(token, TokenTree::Ident(keyword) if keyword == "impl") {
            continue;
        }
        let (mut type_name, mut depth, mut of_a_trait) = (String::new(), 0, false);
        for token in tokens.by_ref() {
            match token {
                TokenTree::Ident(name) if depth == 0 && name == "for" => of_a_trait = true,
                TokenTree::Ident(name) if depth == 0 => type_name = name.to_string(),
                TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
                TokenTree::Punct(mark) if mark.as_char() == '>' => depth -= 1,
                TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                    if !of_a_trait {
                        let signatures = public_signatures(body.stream());
                        methods.extend(signatures.into_iter().map(|signature| Method {
                            type_name: type_name.clone(),
                            signature,
                        }));
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    methods
}

fn public_signatures(body: TokenStream) -> Vec<String> {
    let text: String = body
        .into_iter()
        .map(|token| match token {
            // The body of a function ends its signature.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => "\n".to_owned(),
            token => token.to_string().replace([' ', '\n'], ""),
        })
        .collect();
    text.lines()
        .filter_map(|line| line.rsplit_once("pubfn"))
        .map(|(_, signature)| signature.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let paths = paths(text).into_iter().map(|path| path.join("::"));
        paths.filter(|path| path.contains("::")).collect()
    }

    #[test]
    fn groups_renames_macros_and_attributes_are_read() {
        let text = "
            //! A comment about tonic::Status.
            use crate::{Book, grpc::{from_proto, to_proto as other}, store as rows};
            #[tonic::async_trait]
            impl A for B { fn f() { store::read!(db, c => { rows::books::get::<u8>(c).await }) } }
            const TEXT: &str = \"prost::Message\";
        ";
        assert_eq!(
            named(text),
            [
                "crate::Book",
                "crate::grpc",
                "crate::grpc::from_proto",
                "crate::grpc::to_proto",
                "crate::store",
                "rows::books::get",
                "store::read",
                "tonic::async_trait"
            ]
        );
    }

    #[test]
    fn methods_belong_to_their_type() {
        let text = "
            impl Shop { pub fn new(db: Db, options: Options,) -> Self { Self }  fn hidden() {} }
            impl<H: History> Shop<H> { pub fn server(&self) -> Server<H> { todo() } }
            impl From<A> for Shop { fn from(a: A) -> Self { a } }
        ";
        let methods = public_methods(text);
        let signatures: Vec<_> = methods.iter().map(|method| &*method.signature).collect();
        assert_eq!(
            signatures,
            [
                "new(db:Db,options:Options,)->Self",
                "server(&self)->Server<H>"
            ]
        );
        assert!(methods.iter().all(|method| method.type_name == "Shop"));
    }
}
