//! What the build refuses: patterns and options that would break a consumer.

#[path = "../build/pattern.rs"]
#[expect(dead_code, reason = "the build uses all of it")]
mod pattern;

#[path = "../build/catalogue.rs"]
#[expect(dead_code, reason = "the build uses all of it")]
mod catalogue;

use std::path::Path;

use catalogue::{Catalogue, Place};
use pattern::Pattern;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

struct One(String);

impl FileResolver for One {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == "test.proto" {
            File::from_source(name, &self.0)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// What the generator makes of one file with these messages.
fn read(package: &str, messages: &str) -> Result<Catalogue, String> {
    let source = format!(
        "syntax = \"proto3\"; package {package}; import \"lockstep/options/v1/options.proto\";\n\
         {messages}"
    );
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut files = ChainFileResolver::new();
    files.add(One(source));
    files.add(IncludeFileResolver::new(proto));
    files.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler.include_source_info(true).include_imports(true);
    compiler.open_file("test.proto").map_err(|error| error.to_string())?;
    Catalogue::read(&compiler.descriptor_pool()).map_err(|error| error.to_string())
}

fn event(name: &str, stream: &str, subject: &str) -> String {
    format!(
        "message {name} {{ option (lockstep.options.v1.event) = \
         {{stream: \"{stream}\" subject: \"{subject}\"}}; }}\n"
    )
}

fn refusal(messages: &str) -> String {
    match read("lockstep.test.v1", messages) {
        Ok(_) => panic!("accepted: {messages}"),
        Err(reason) => reason,
    }
}

#[test]
fn options_become_entries_with_the_first_sentence_of_the_comment() {
    let message = format!(
        "// Goods\n// moved. At once.\n{}",
        event("Moved", "TEST", "test.v1.{store}.{partition}.moved")
    );
    let read = read("lockstep.test.v1", &message).expect("valid");
    let [entry] = read.entries.as_slice() else { panic!("one entry") };
    assert_eq!(entry.full_name, "lockstep.test.v1.Moved");
    assert_eq!(entry.summary, "Goods moved.");
    assert_eq!(entry.pattern.names(), ["store", "partition"]);
    assert!(matches!(&entry.place, Place::Event { stream } if stream == "TEST"));
    assert_eq!(read.streams.get("TEST").map(String::as_str), Some("test.v1"));
}

#[test]
fn tokens_are_words_or_named_words() {
    for text in ["", "a..b", "a.{}.b", "a.*", "a.>", "a.B", "a.{B}", "a.{b", "a.b}", "1a", "a b"] {
        let reason = Pattern::try_new(text).expect_err(text);
        assert!(reason.contains(&format!("`{text}`")), "{reason}");
    }
    assert!(Pattern::try_new("a.{b}.{b}").is_err());
    assert_eq!(Pattern::try_new("a.{b}.c_1").map(|p| p.format_string()), Ok("a.{}.c_1".to_owned()));
}

#[test]
fn overlapping_subjects_are_refused() {
    let reason = refusal(&format!(
        "{}{}",
        event("One", "TEST", "test.v1.{store}.{partition}.moved"),
        event("Two", "TEST", "test.v1.{store}.all.{topic}"),
    ));
    assert_eq!(reason, "lockstep.test.v1.One and lockstep.test.v1.Two overlap");
}

#[test]
fn streams_that_mix_prefixes_or_share_one_are_refused() {
    let mixed = refusal(&format!(
        "{}{}",
        event("One", "TEST", "test.v1.{store}.one"),
        event("Two", "TEST", "other.v1.{store}.two"),
    ));
    assert!(mixed.contains("stream TEST holds"), "{mixed}");
    let shared = refusal(&format!(
        "{}{}",
        event("One", "TEST", "test.v1.{store}.one"),
        event("Two", "OTHER", "test.v1.{store}.two"),
    ));
    assert_eq!(shared, "two streams hold the same subjects");
}

#[test]
fn events_need_an_upper_case_stream_and_a_scope() {
    for (stream, subject) in [
        ("", "test.v1.{store}.one"),
        ("test", "test.v1.{store}.one"),
        ("TEST", "test.{store}.one"),
        ("TEST", "test.v1.one"),
        ("TEST", "test.v1"),
    ] {
        let reason = refusal(&event("One", stream, subject));
        assert!(reason.contains("lockstep.test.v1.One"), "{reason}");
    }
}

#[test]
fn requests_need_a_known_reply() {
    let reason = refusal(
        "message Ask { option (lockstep.options.v1.request) = \
         {subject: \"ask.test.v1.ask\" reply: \"lockstep.test.v1.Nothing\"}; }",
    );
    assert!(reason.contains("`lockstep.test.v1.Nothing` is no known message"), "{reason}");
}

#[test]
fn nested_messages_and_double_options_are_refused() {
    let nested = format!("message Outer {{ {} }}", event("Inner", "TEST", "test.v1.{store}.one"));
    assert!(refusal(&nested).contains("must not be nested"));
    let both = "message Both { option (lockstep.options.v1.event) = {stream: \"TEST\" subject: \
                \"test.v1.{store}.one\"}; option (lockstep.options.v1.request) = {subject: \
                \"ask.test.v1.both\" reply: \"lockstep.test.v1.Both\"}; }";
    assert!(refusal(both).contains("both an event and a request"));
}

#[test]
fn packages_are_named_by_context_and_version() {
    let message = event("One", "TEST", "test.v1.{store}.one");
    let reason = read("lockstep.test", &message).err().unwrap_or_default();
    assert!(reason.contains("`lockstep.<context>.<version>`"), "{reason}");
}
