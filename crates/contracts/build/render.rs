//! Writes the Rust text: module tree, impls per message, streams and catalogue.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::catalogue::{Catalogue, Entry, Package, Place};

/// File names and their contents.
pub fn files(catalogue: &Catalogue) -> Vec<(String, String)> {
    let mut files = vec![
        ("modules.rs".to_owned(), modules(catalogue)),
        ("streams.rs".to_owned(), streams(&catalogue.streams)),
        ("catalogue.rs".to_owned(), data(catalogue)),
    ];
    for Package { name: package, .. } in &catalogue.packages {
        let impls: String = catalogue
            .entries
            .iter()
            .filter(|entry| entry.package == *package)
            .map(implementation)
            .collect();
        files.push((format!("{package}.subjects.rs"), impls));
    }
    files
}

fn modules(catalogue: &Catalogue) -> String {
    let mut contexts = BTreeMap::<&str, Vec<(&str, &str, &str)>>::new();
    for package in &catalogue.packages {
        contexts.entry(&package.context).or_default().push((
            &package.version,
            &package.name,
            &package.comment,
        ));
    }
    let mut text = String::new();
    for (context, versions) in contexts {
        let _ = writeln!(text, "/// Packages `lockstep.{context}.*`.\npub mod {context} {{");
        for (version, package, comment) in versions {
            let _ = writeln!(text, "#[doc = {comment:?}]\npub mod {version} {{");
            for suffix in ["rs", "serde.rs", "subjects.rs"] {
                let _ = writeln!(
                    text,
                    "include!(concat!(env!(\"OUT_DIR\"), \"/{package}.{suffix}\"));"
                );
            }
            text.push_str("}\n");
        }
        text.push_str("}\n");
    }
    text
}

fn implementation(entry: &Entry) -> String {
    let Entry { name, full_name, pattern, .. } = entry;
    let mut text = match &entry.place {
        Place::Event { stream } => format!(
            "impl crate::Event for {name} {{\n    const TYPE: &'static str = {full_name:?};\n    \
             const STREAM: crate::Stream = crate::Stream::{};\n}}\n",
            variant(stream)
        ),
        Place::Request { reply } => format!(
            "impl crate::Request for {name} {{\n    type Reply = crate::generated::{};\n    \
             const TYPE: &'static str = {full_name:?};\n}}\n",
            path(reply)
        ),
    };
    let names = pattern.names();
    let _ = writeln!(text, "impl {name} {{");
    let _ = writeln!(text, "    /// Pattern of its subject: `{}`.", pattern.text);
    let _ = writeln!(text, "    pub const SUBJECT: &'static str = {:?};\n", pattern.text);
    subject(&mut text, entry, &names);
    if !names.is_empty() {
        filters(&mut text, entry, &names);
    }
    text.push_str("}\n\n");
    text
}

fn subject(text: &mut String, entry: &Entry, names: &[&str]) {
    let parameters: Vec<String> =
        names.iter().map(|name| format!("{name}: {}", parameter(name))).collect();
    let values: Vec<String> = names.iter().map(|name| value(name)).collect();
    let _ = write!(
        text,
        "    /// The subject to publish on; tokens are escaped here.\n    #[must_use]\n    \
         pub fn subject({}) -> crate::Subject {{\n        \
         crate::Subject::generated(format!({:?}{}))\n    }}\n",
        parameters.join(", "),
        entry.pattern.format_string(),
        values.iter().map(|value| format!(", {value}")).collect::<String>(),
    );
}

fn filters(text: &mut String, entry: &Entry, names: &[&str]) {
    let parameters: Vec<String> =
        names.iter().map(|name| format!("{name}: Option<{}>", parameter(name))).collect();
    let values: String = names
        .iter()
        .map(|name| format!(", {name}.map_or_else(|| \"*\".to_owned(), |{name}| {})", value(name)))
        .collect();
    let nothing = vec!["None"; names.len()].join(", ");
    let _ = write!(
        text,
        "\n    /// A consumer's filter; `None` stands for every value of the token.\n    \
         #[must_use]\n    pub fn filter({}) -> crate::Filter {{\n        \
         crate::Filter::generated(format!({:?}{values}))\n    }}\n\n    \
         /// A consumer's filter for every message of this type.\n    #[must_use]\n    \
         pub fn filter_all() -> crate::Filter {{\n        Self::filter({nothing})\n    }}\n",
        parameters.join(", "),
        entry.pattern.format_string(),
    );
}

fn parameter(name: &str) -> &'static str {
    if name == "partition" { "crate::Partition" } else { "&str" }
}

fn value(name: &str) -> String {
    if name == "partition" {
        "partition.to_string()".to_owned()
    } else {
        format!("crate::token::escape({name})")
    }
}

fn streams(streams: &BTreeMap<String, String>) -> String {
    let mut text = String::from(
        "/// A JetStream stream that the contracts name.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Stream {\n",
    );
    for (name, prefix) in streams {
        let _ = writeln!(text, "    /// `{name}`, subjects `{prefix}.>`.\n    {},", variant(name));
    }
    text.push_str("}\n\nimpl Stream {\n    /// Every stream, in order of name.\n");
    let all: Vec<String> = streams.keys().map(|name| format!("Self::{}", variant(name))).collect();
    let _ = writeln!(text, "    pub const ALL: &'static [Self] = &[{}];", all.join(", "));
    accessor(&mut text, "pub const fn name", "Its name on the broker.", streams.keys(), streams);
    accessor(
        &mut text,
        "const fn prefix",
        "What its subjects start with.",
        streams.values(),
        streams,
    );
    text.push_str("}\n");
    text
}

fn accessor<'a>(
    text: &mut String,
    head: &str,
    doc: &str,
    values: impl Iterator<Item = &'a String>,
    streams: &BTreeMap<String, String>,
) {
    let _ = writeln!(text, "\n    /// {doc}\n    #[must_use]");
    let _ = writeln!(text, "    {head}(self) -> &'static str {{\n        match self {{");
    for (name, value) in streams.keys().zip(values) {
        let _ = writeln!(text, "            Self::{} => {value:?},", variant(name));
    }
    text.push_str("        }\n    }\n");
}

fn data(catalogue: &Catalogue) -> String {
    let mut text = String::from(
        "/// Every message that has a subject, by type name.\n\
         pub const CATALOGUE: &[CatalogueEntry] = &[\n",
    );
    for Entry { full_name, summary, pattern, place, .. } in &catalogue.entries {
        let kind = match place {
            Place::Event { stream } => format!("Event {{ stream: Stream::{} }}", variant(stream)),
            Place::Request { reply } => format!("Request {{ reply: {reply:?} }}"),
        };
        let _ = writeln!(
            text,
            "    CatalogueEntry {{\n        type_name: {full_name:?},\n        \
             kind: EntryKind::{kind},\n        subject: {:?},\n        tokens: &{:?},\n        \
             summary: {summary:?},\n    }},",
            pattern.text,
            pattern.names(),
        );
    }
    text.push_str("];\n");
    text
}

/// `BACK_OFFICE` to `BackOffice`.
fn variant(stream: &str) -> String {
    stream
        .split('_')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_owned(), rest.to_lowercase()]
        })
        .collect()
}

/// `lockstep.stock.v1.GetStockResponse` to `stock::v1::GetStockResponse`.
fn path(full_name: &str) -> String {
    full_name.split('.').skip(1).collect::<Vec<_>>().join("::")
}
