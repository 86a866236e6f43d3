//! Subjects, filters, streams and the page that lists them.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::Path;

use lockstep_contracts::backoffice::v1::MovementReported;
use lockstep_contracts::operations::v1::{DeadLetterOpened, ExamineRequest};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::{GetStockRequest, GetStockResponse, LevelPushed, PushRefused};
use lockstep_contracts::{
    CATALOGUE, EntryKind, Event, Partition, Request, Stream, catalogue_markdown,
};

fn partition(number: u8) -> Partition {
    Partition::try_new(number).expect("below the count")
}

fn reply_is<R: Request<Reply = T>, T>() -> &'static str {
    R::TYPE
}

#[test]
fn builders_fill_the_pattern_in_order() {
    let pushed = LevelPushed::subject("north", partition(3));
    assert_eq!(pushed.as_str(), "stock.v1.north.3.pushed");
    let webhook = WebhookReceived::subject("north", "inventory_levels/update");
    assert_eq!(webhook.as_str(), "shopify.v1.north.inventory_levels%2Fupdate");
    assert_eq!(GetStockRequest::subject().as_str(), "ask.stock.v1.get_stock");
    let examine = ExamineRequest::subject("stock-sync");
    assert_eq!(examine.as_str(), "ask.operations.v1.stock-sync.examine");
}

#[test]
fn type_stream_and_reply_come_from_the_options() {
    assert_eq!(LevelPushed::TYPE, "lockstep.stock.v1.LevelPushed");
    assert_eq!(LevelPushed::STREAM, Stream::Stock);
    assert_eq!(MovementReported::STREAM.name(), "BACKOFFICE");
    assert_eq!(
        reply_is::<GetStockRequest, GetStockResponse>(),
        "lockstep.stock.v1.GetStockRequest"
    );
}

#[test]
fn filters_let_their_own_messages_pass_and_no_others() {
    let pushed = LevelPushed::subject("north", partition(3));
    let refused = PushRefused::subject("north", partition(3));
    let all = LevelPushed::filter_all();
    assert_eq!(all.as_str(), "stock.v1.*.*.pushed");
    assert!(all.matches(pushed.as_str()) && !all.matches(refused.as_str()));
    let north = LevelPushed::filter(Some("north"), None);
    assert!(north.matches(pushed.as_str()));
    assert!(!LevelPushed::filter(Some("south"), None).matches(pushed.as_str()));
    assert!(!LevelPushed::filter(None, Some(partition(4))).matches(pushed.as_str()));
}

#[test]
fn a_value_with_wildcards_stays_one_literal_token() {
    let subject = MovementReported::subject("a.*.>", partition(0));
    assert_eq!(subject.as_str(), "backoffice.v1.a%2E%2A%2E%3E.0.movement_reported");
    let filter = MovementReported::filter(Some("a.*.>"), None);
    assert!(filter.matches(subject.as_str()));
    assert!(!filter.matches(MovementReported::subject("b", partition(0)).as_str()));
}

#[test]
fn filters_follow_the_brokers_rules() {
    let scope = Stream::Stock.filter_scope("north");
    assert_eq!(scope.as_str(), "stock.v1.north.>");
    assert!(scope.matches("stock.v1.north.3.pushed") && scope.matches("stock.v1.north.3"));
    assert!(!scope.matches("stock.v1.north") && !scope.matches("stock.v1.northern.3"));
    assert!(!LevelPushed::filter_all().matches("stock.v1.north.3.pushed.more"));
    assert!(!LevelPushed::filter_all().matches("stock.v1.north.3"));
}

#[test]
fn every_stream_is_found_by_name_and_holds_its_messages_only() {
    for stream in Stream::ALL {
        assert_eq!(Stream::from_name(stream.name()), Some(*stream));
        for entry in CATALOGUE {
            let own = entry.kind == EntryKind::Event { stream: *stream };
            assert_eq!(stream.filter_all().matches(entry.subject), own, "{}", entry.type_name);
        }
    }
    assert_eq!(Stream::from_name("stock"), None);
}

#[test]
fn catalogue_names_every_message_once_with_a_sentence() {
    let names: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.type_name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    assert!(names.contains(DeadLetterOpened::TYPE) && names.contains(ExamineRequest::TYPE));
    for entry in CATALOGUE {
        assert!(entry.summary.ends_with('.'), "{} lacks a comment", entry.type_name);
        for token in entry.tokens {
            assert!(entry.subject.contains(&format!("{{{token}}}")));
        }
    }
}

#[test]
fn partitions_are_stable_and_all_used() {
    // A changed number would send a key to other consumers than before.
    assert_eq!(Partition::of("SKU-1").get(), 5);
    assert_eq!(Partition::of("").get(), 3);
    let used: BTreeSet<_> = (0..1_000).map(|n| Partition::of(format!("{n}"))).collect();
    assert_eq!(used, Partition::all().collect());
    assert_eq!(Partition::try_new(Partition::COUNT), None);
}

#[test]
fn docs_subjects_md_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/subjects.md");
    let text = catalogue_markdown();
    if update_docs() {
        std::fs::write(&page, &text).expect("docs/ can be written");
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == text,
        "docs/subjects.md is not current: run `UPDATE_DOCS=1 cargo nextest run -p \
         lockstep-contracts` and commit it"
    );
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test, no setting of the product")]
fn update_docs() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}
