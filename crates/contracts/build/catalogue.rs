//! Reads the custom options of every message and checks them against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FileDescriptor, MessageDescriptor, Value,
};

use crate::pattern::{Pattern, Token};

const ROOT: &str = "lockstep.";
const OPTIONS: &str = "lockstep.options.v1";
/// Path of the `package` statement in `FileDescriptorProto`, for its comment.
const PACKAGE_PATH: [i32; 1] = [2];

/// Where a message goes.
pub enum Place {
    /// Published to a stream.
    Event {
        /// Name of the stream.
        stream: String,
    },
    /// Asked by request and reply.
    Request {
        /// Full name of the answering message.
        reply: String,
    },
}

/// One message that has a subject.
pub struct Entry {
    /// Full name.
    pub full_name: String,
    /// Package.
    pub package: String,
    /// Name without package.
    pub name: String,
    /// First sentence of its comment.
    pub summary: String,
    /// Its subject.
    pub pattern: Pattern,
    /// Its place.
    pub place: Place,
}

/// One proto package, `lockstep.{context}.{version}`.
pub struct Package {
    /// Full name.
    pub name: String,
    /// The word between root and version.
    pub context: String,
    /// For instance `v1`.
    pub version: String,
    /// What its files say about it.
    pub comment: String,
}

/// Everything that the generator needs.
pub struct Catalogue {
    /// Packages by name, without the options package.
    pub packages: Vec<Package>,
    /// Stream name to the literal prefix of its subjects.
    pub streams: BTreeMap<String, String>,
    /// Messages by full name.
    pub entries: Vec<Entry>,
}

impl Catalogue {
    /// Reads and checks.
    pub fn read(pool: &DescriptorPool) -> Result<Self, Box<dyn Error>> {
        let event = extension(pool, "event")?;
        let request = extension(pool, "request")?;
        let mut entries = Vec::new();
        for message in pool.all_messages().filter(|m| m.full_name().starts_with(ROOT)) {
            if let Some(entry) = entry(pool, &message, &event, &request)? {
                entries.push(entry);
            }
        }
        entries.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        check_subjects(&entries)?;
        Ok(Self { packages: packages(pool)?, streams: streams(&entries)?, entries })
    }
}

fn extension(pool: &DescriptorPool, name: &str) -> Result<ExtensionDescriptor, String> {
    let full_name = format!("{OPTIONS}.{name}");
    pool.all_extensions()
        .find(|extension| extension.full_name() == full_name)
        .ok_or_else(|| format!("extension `{full_name}` is not declared"))
}

fn entry(
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    event: &ExtensionDescriptor,
    request: &ExtensionDescriptor,
) -> Result<Option<Entry>, String> {
    let full_name = message.full_name().to_owned();
    let options = message.options();
    let (value, is_event) = match (options.has_extension(event), options.has_extension(request)) {
        (false, false) => return Ok(None),
        (true, true) => return Err(format!("{full_name} is both an event and a request")),
        (true, false) => (options.get_extension(event), true),
        (false, true) => (options.get_extension(request), false),
    };
    if message.parent_message().is_some() {
        return Err(format!("{full_name} has a subject and must not be nested"));
    }
    let option = value.as_message().ok_or_else(|| format!("{full_name}: option is no message"))?;
    let place = if is_event {
        Place::Event { stream: text(option, "stream") }
    } else {
        let reply = text(option, "reply");
        if pool.get_message_by_name(&reply).is_none() {
            return Err(format!("{full_name}: reply `{reply}` is no known message"));
        }
        Place::Request { reply }
    };
    Ok(Some(Entry {
        pattern: Pattern::try_new(&text(option, "subject"))
            .map_err(|reason| format!("{full_name}: {reason}"))?,
        package: message.package_name().to_owned(),
        name: message.name().to_owned(),
        summary: summary(&comment(&message.parent_file(), message.path())),
        full_name,
        place,
    }))
}

fn text(option: &DynamicMessage, field: &str) -> String {
    match option.get_field_by_name(field).as_deref() {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    file.file_descriptor_proto()
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.clone())
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}

fn summary(comment: &str) -> String {
    match comment.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => comment.to_owned(),
    }
}

fn packages(pool: &DescriptorPool) -> Result<Vec<Package>, String> {
    let mut comments = BTreeMap::<String, Vec<String>>::new();
    for file in pool.files() {
        let name = file.package_name();
        if name.starts_with(ROOT) && name != OPTIONS {
            let comment = comment(&file, &PACKAGE_PATH);
            comments.entry(name.to_owned()).or_default().push(comment);
        }
    }
    comments
        .into_iter()
        .map(|(name, comments)| {
            let words = name.strip_prefix(ROOT).and_then(|rest| rest.split_once('.'));
            let (context, version) =
                words.filter(|(_, version)| !version.contains('.')).ok_or_else(|| {
                    format!("package `{name}` must be `lockstep.<context>.<version>`")
                })?;
            Ok(Package {
                context: context.to_owned(),
                version: version.to_owned(),
                comment: comments.join("\n\n"),
                name,
            })
        })
        .collect()
}

/// All subjects of a stream start with the same literals, and no stream's subjects are another's.
fn streams(entries: &[Entry]) -> Result<BTreeMap<String, String>, String> {
    let mut streams = BTreeMap::<String, String>::new();
    for entry in entries {
        let Place::Event { stream } = &entry.place else { continue };
        let prefix = entry.pattern.prefix();
        if stream.is_empty() || !stream.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
            return Err(format!("{}: stream `{stream}` must be upper case", entry.full_name));
        }
        let scoped = matches!(entry.pattern.tokens.get(2), Some(Token::Named(_)));
        if prefix.matches('.').count() != 1 || !scoped {
            return Err(format!(
                "{}: the subject of an event starts with two words and a named token",
                entry.full_name
            ));
        }
        let known = streams.entry(stream.clone()).or_insert_with(|| prefix.clone());
        if *known != prefix {
            return Err(format!(
                "{}: stream {stream} holds `{known}` and `{prefix}`",
                entry.full_name
            ));
        }
    }
    let prefixes: BTreeSet<_> = streams.values().collect();
    if prefixes.len() != streams.len() {
        return Err("two streams hold the same subjects".to_owned());
    }
    Ok(streams)
}

/// No two messages may share a subject: a consumer that filters on one must not see the other.
fn check_subjects(entries: &[Entry]) -> Result<(), String> {
    for (index, one) in entries.iter().enumerate() {
        for other in entries.iter().skip(index + 1) {
            let overlap = one.pattern.tokens.len() == other.pattern.tokens.len()
                && one.pattern.tokens.iter().zip(&other.pattern.tokens).all(|pair| match pair {
                    (Token::Literal(a), Token::Literal(b)) => a == b,
                    _ => true,
                });
            if overlap {
                return Err(format!("{} and {} overlap", one.full_name, other.full_name));
            }
        }
    }
    Ok(())
}
