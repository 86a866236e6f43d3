//! The catalogue of subjects as data, and as the page `docs/subjects.md`.

use std::fmt::Write;

use crate::Stream;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Published to a stream.
    Event {
        /// The stream that holds it.
        stream: Stream,
    },
    /// Asked by request and reply.
    Request {
        /// Full name of the message that answers.
        reply: &'static str,
    },
}

/// One message that has a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Full protobuf name; the value of `ce-type`.
    pub type_name: &'static str,
    /// How it travels.
    pub kind: EntryKind,
    /// Subject pattern.
    pub subject: &'static str,
    /// Names of the tokens that the publisher gives, in order.
    pub tokens: &'static [&'static str],
    /// First sentence of its comment.
    pub summary: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The page `docs/subjects.md`.
#[must_use]
pub fn catalogue_markdown() -> String {
    let mut page = String::from(
        "# Subjects\n\n\
         Generated from `proto/`; a test compares this page with the source, and\n\
         `UPDATE_DOCS=1 cargo nextest run -p lockstep-contracts` writes it.\n\n\
         A `{token}` is given by the publisher and escaped: bytes outside `A-Z a-z 0-9 _ -`\n\
         become `%XX`, an empty value becomes `%`, and what would be longer than 48 bytes\n\
         becomes a prefix, `%-` and a 128-bit hash. `{partition}` is a number from 0 to 15.\n\n\
         Every message carries CloudEvents headers (`ce-id`, `ce-source`, `ce-type`, `ce-time`,\n\
         `ce-subject`, `ce-correlationid`, `ce-causationid`, `ce-sequence`) and `traceparent`;\n\
         its body is protobuf.\n\n## Streams\n",
    );
    for stream in Stream::ALL {
        let _ = write!(
            page,
            "\n### `{stream}`\n\nHolds `{}`.\n\n| subject | message | what |\n|---|---|---|\n",
            stream.filter_all()
        );
        for entry in CATALOGUE {
            if entry.kind == (EntryKind::Event { stream: *stream }) {
                let _ = writeln!(
                    page,
                    "| `{}` | `{}` | {} |",
                    entry.subject, entry.type_name, entry.summary
                );
            }
        }
    }
    page.push_str(
        "\n## Questions\n\nAsked by request and reply; no stream holds them.\n\n\
         | subject | asked with | answered with | what |\n|---|---|---|---|\n",
    );
    for entry in CATALOGUE {
        if let EntryKind::Request { reply } = entry.kind {
            let _ = writeln!(
                page,
                "| `{}` | `{}` | `{reply}` | {} |",
                entry.subject, entry.type_name, entry.summary
            );
        }
    }
    page
}
