//! Writes the Rust of every operation from its text and the pruned schema: its document, its
//! variables, and a view of each object that it asks for. What several operations ask for alike is
//! one type, so that one function reads it wherever it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::cost::requested_cost;
use super::generate_types::{leaf_type, module, snake, types_file};

/// An operation as it is written.
pub(super) struct Source {
    /// Name of its file, which becomes its module.
    pub stem: String,
    /// Its text.
    pub text: String,
}

/// What of an object is asked; equal for two operations that ask alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Set {
    of: String,
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    key: String,
    /// The Rust type, with `{}` for the innermost one.
    shape: String,
    leaf: String,
    below: Option<Set>,
}

/// Where a set is asked.
struct Use {
    first: usize,
    stems: BTreeSet<String>,
}

/// Module and name of the view of a set.
type Names = BTreeMap<Set, (String, String)>;

/// Folder of the operations, of the schema and of what is written.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/shopify/admin")
}

/// Every operation, in order of name.
pub(super) fn sources() -> Vec<Source> {
    let files = std::fs::read_dir(folder().join("operations")).expect("a folder of operations");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let source = |path: &PathBuf| Source {
        stem: path.file_stem().expect("a name").to_string_lossy().into_owned(),
        text: std::fs::read_to_string(path).expect("text"),
    };
    paths.iter().map(source).collect()
}

/// Parses an operation, which must be valid.
pub(super) fn parsed(schema: &Valid<Schema>, source: &Source) -> Valid<ExecutableDocument> {
    ExecutableDocument::parse_and_validate(schema, &source.text, &source.stem)
        .unwrap_or_else(|refused| panic!("{}: {}", source.stem, refused.errors))
}

/// Texts of the files, by name.
pub(super) fn generate(schema: &Valid<Schema>, sources: &[Source]) -> BTreeMap<String, String> {
    let documents: Vec<_> = sources.iter().map(|source| parsed(schema, source)).collect();
    let operations: Vec<&Operation> = documents
        .iter()
        .map(|document| document.operations.get(None).expect("one operation in a document"))
        .map(AsRef::as_ref)
        .collect();
    let roots: Vec<Set> = operations.iter().map(|one| set_of(&one.selection_set)).collect();
    let mut uses = BTreeMap::new();
    for (source, root) in sources.iter().zip(&roots) {
        for member in root.members.iter().filter_map(|member| member.below.as_ref()) {
            add_uses(member, &source.stem, &mut uses);
        }
    }
    let names = names(&uses);
    let mut files = BTreeMap::new();
    for ((source, operation), root) in sources.iter().zip(&operations).zip(&roots) {
        let mut body = document_and_variables(schema, source, operation);
        body.push_str(&view(schema, "Data", root, (&source.stem, &names)));
        body.push_str(&views(schema, &source.stem, &uses, &names));
        let title = format!("`{}`", operation.name.as_ref().expect("a name"));
        files.insert(format!("{}.rs", source.stem), module(&title, &body));
    }
    let parts = views(schema, PARTS, &uses, &names);
    files.insert(format!("{PARTS}.rs"), module("What several operations ask for alike", &parts));
    let leaves: BTreeSet<&str> = roots.iter().flat_map(leaves).collect();
    files.extend(types_file(schema, &operations, &leaves));
    files.insert("mod.rs".to_owned(), list(files.keys()));
    files
}

/// Module of what several operations ask for.
const PARTS: &str = "parts";

fn list<'a>(files: impl Iterator<Item = &'a String>) -> String {
    let mut text = String::from(
        "//! Rust of every operation of `operations/`: document, variables, and views of the \
         answer.\n//! Written by `cargo xtask schema`: do not edit.\n\n",
    );
    for file in files {
        text.push_str(&format!("pub mod {};\n", file.trim_end_matches(".rs")));
    }
    text
}

fn set_of(set: &SelectionSet) -> Set {
    let mut members: Vec<Member> = set.selections.iter().map(|one| member(set, one)).collect();
    members.sort();
    Set { of: set.ty.to_string(), members }
}

fn member(set: &SelectionSet, selection: &Selection) -> Member {
    let Selection::Field(field) = selection else {
        panic!("{}: a fragment must stand alone in its braces", set.ty);
    };
    let ty = &field.definition.ty;
    let (below, is_fragment) = match field.selection_set.selections.as_slice() {
        [] => (None, false),
        [Selection::InlineFragment(one)] => (Some(set_of(&one.selection_set)), true),
        _ => (Some(set_of(&field.selection_set)), false),
    };
    Member {
        key: field.response_key().to_string(),
        shape: shape(ty, is_fragment),
        leaf: ty.inner_named_type().to_string(),
        below,
    }
}

/// Rust's form of nulls and lists.
fn shape(ty: &Type, is_fragment: bool) -> String {
    match ty {
        Type::Named(_) | Type::NonNullNamed(_) if is_fragment => "Fragment<{}>".to_owned(),
        Type::Named(_) => "Option<{}>".to_owned(),
        Type::NonNullNamed(_) => "{}".to_owned(),
        Type::List(inner) => format!("Option<Vec<{}>>", shape(inner, is_fragment)),
        Type::NonNullList(inner) => format!("Vec<{}>", shape(inner, is_fragment)),
    }
}

fn add_uses(set: &Set, stem: &str, uses: &mut BTreeMap<Set, Use>) {
    let first = uses.len();
    let known = uses.entry(set.clone()).or_insert(Use { first, stems: BTreeSet::new() });
    known.stems.insert(stem.to_owned());
    for below in set.members.iter().filter_map(|member| member.below.as_ref()) {
        add_uses(below, stem, uses);
    }
}

/// The first set of a type in a module bears the type's name, one of which only the id is asked is
/// a reference, and a further one is named after its operation.
fn names(uses: &BTreeMap<Set, Use>) -> Names {
    let mut in_order: Vec<_> = uses.iter().collect();
    in_order.sort_by_key(|(_, one)| one.first);
    let (mut names, mut taken) = (Names::new(), BTreeSet::new());
    for (set, one) in in_order {
        let first = one.stems.first().expect("it is asked somewhere");
        let place = if one.stems.len() == 1 { first.as_str() } else { PARTS };
        let is_reference = set.members.iter().map(|member| member.key.as_str()).eq(["id"]);
        let plain = if is_reference { format!("{}Ref", set.of) } else { set.of.clone() };
        let longer = format!("{}Of{}", set.of, super::generate_types::pascal(first));
        let further = (2..).map(|n| format!("{longer}{n}"));
        let mut candidates = [plain, longer.clone()].into_iter().chain(further);
        let free = candidates.find(|name| taken.insert((place.to_owned(), name.clone())));
        names.insert(set.clone(), (place.to_owned(), free.expect("endless candidates")));
    }
    names
}

fn views(schema: &Schema, place: &str, uses: &BTreeMap<Set, Use>, names: &Names) -> String {
    let mut here: Vec<_> = uses.iter().filter(|(set, _)| names[set].0 == place).collect();
    here.sort_by_key(|(_, one)| one.first);
    let text = |(set, _): &(&Set, &Use)| view(schema, &names[set].1, set, (place, names));
    here.iter().map(text).collect()
}

fn view(schema: &Schema, name: &str, set: &Set, (place, names): (&str, &Names)) -> String {
    let mut text = format!("\nview! {{\n    /// `{}`.\n    {name}<'v> {{\n", set.of);
    for member in &set.members {
        let leaf = match &member.below {
            Some(below) => match &names[below] {
                (module, name) if module == place => format!("{name}<'v>"),
                (module, name) => format!("{module}::{name}<'v>"),
            },
            None => leaf_type(schema, &set.of, &member.key, &member.leaf),
        };
        let ty = member.shape.replace("{}", &leaf);
        let (key, field) = (&member.key, snake(&member.key));
        let line = format!("        \"{key}\" {field}: {ty},\n");
        let broken = format!("        \"{key}\"\n            {field}: {ty},\n");
        text.push_str(if line.len() <= 100 { &line } else { &broken });
    }
    text.push_str("    }\n}\n");
    text
}

fn leaves(set: &Set) -> Vec<&str> {
    let of_member = |member| {
        let Member { leaf, below, .. }: &Member = member;
        below.as_ref().map_or_else(|| vec![leaf.as_str()], leaves)
    };
    set.members.iter().flat_map(of_member).collect()
}

fn document_and_variables(schema: &Schema, source: &Source, operation: &Operation) -> String {
    let name = operation.name.as_ref().expect("a name");
    let is_mutation = operation.is_mutation();
    let cost = requested_cost(schema, is_mutation, &operation.selection_set);
    let is_idempotent = source.text.contains("@idempotent");
    let stem = &source.stem;
    let variables = super::generate_types::variables(schema, operation);
    format!(
        "\n/// The operation.
pub const DOCUMENT: Document = Document {{
    operation: \"{name}\",
    text: include_str!(\"../operations/{stem}.graphql\"),
    cost: {cost},
    mutation: {is_mutation},
    idempotent: {is_idempotent},
}};

/// What it is told.
{variables}
/// Builds a call.
pub fn call(variables: &Variables) -> Call {{
    DOCUMENT.call(variables)
}}

/// Sees an answer.
pub fn answer(data: &Value) -> Data<'_> {{
    Data::from(Node::root(&DOCUMENT, data))
}}
"
    )
}
