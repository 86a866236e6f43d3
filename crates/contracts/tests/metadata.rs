//! Metadata survives its headers, and headers survive any metadata.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use jiff::Timestamp;
use lockstep_contracts::cloudevents::header;
use lockstep_contracts::stock::v1::{LevelPushed, PushRefused};
use lockstep_contracts::{
    EnvelopeError, Event, HeaderError, Metadata, Outgoing, Partition, TraceContext, decode,
};
use proptest::option;
use proptest::prelude::*;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn example() -> Metadata {
    let time = "2026-11-24T10:00:00.123456789Z".parse().expect("a moment");
    let mut metadata = Metadata::new("north:1", "stock-sync", LevelPushed::TYPE, time);
    metadata.subject = Some("pool/wms/Überzug 1\r\nX: y".to_owned());
    metadata.correlation_id = Some("c".to_owned());
    metadata.causation_id = Some("p".to_owned());
    metadata.sequence = Some(u64::MAX);
    metadata.trace = TraceContext::try_new(TRACE, Some("vendor=a, other=b"));
    metadata
}

fn pairs<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn headers_are_those_of_cloudevents_in_binary_mode() {
    let headers = example().to_headers();
    assert_eq!(
        pairs(&headers),
        [
            ("ce-specversion", "1.0"),
            ("ce-id", "north:1"),
            ("ce-source", "stock-sync"),
            ("ce-type", "lockstep.stock.v1.LevelPushed"),
            ("ce-time", "2026-11-24T10:00:00.123456789Z"),
            ("content-type", "application/protobuf"),
            ("ce-subject", "pool/wms/%C3%9Cberzug%201%0D%0AX:%20y"),
            ("ce-correlationid", "c"),
            ("ce-causationid", "p"),
            ("ce-sequence", "18446744073709551615"),
            ("traceparent", TRACE),
            ("tracestate", "vendor=a, other=b"),
        ]
    );
}

#[test]
fn names_are_read_without_case_and_other_headers_passed_over() {
    let headers = example().to_headers();
    let upper: Vec<(String, &str)> =
        headers.iter().map(|(name, value)| (name.to_uppercase(), value.as_str())).collect();
    let mut given: Vec<_> = upper.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    given.push(("Nats-Expected-Stream", "STOCK"));
    assert_eq!(Metadata::from_headers(given), Ok(example()));
}

#[test]
fn each_required_header_is_missed_by_name() {
    let headers = example().to_headers();
    let required = [
        header::SPEC_VERSION,
        header::ID,
        header::SOURCE,
        header::TYPE,
        header::TIME,
        header::CONTENT_TYPE,
    ];
    for name in required {
        let rest = pairs(&headers).into_iter().filter(|(found, _)| *found != name);
        let error = Metadata::from_headers(rest).unwrap_err();
        assert_eq!(error, HeaderError::Missing { name });
        assert!(error.to_string().contains(name));
    }
}

#[test]
fn each_wrong_value_is_refused_by_name() {
    let wrong = [
        (header::SPEC_VERSION, "0.3"),
        (header::TIME, "yesterday"),
        (header::CONTENT_TYPE, "application/json"),
        (header::SUBJECT, "%FF"),
        (header::ID, "%C3"),
        (header::SEQUENCE, "-1"),
    ];
    let headers = example().to_headers();
    for (name, value) in wrong {
        let given = pairs(&headers)
            .into_iter()
            .map(|(found, kept)| (found, if found == name { value } else { kept }));
        match Metadata::from_headers(given) {
            Err(HeaderError::Invalid { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn invalid_trace_context_is_passed_over() {
    let wrong = [
        "",
        "00",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
    ];
    for traceparent in wrong {
        assert_eq!(TraceContext::try_new(traceparent, None), None, "{traceparent}");
    }
    for tracestate in ["", "a=\r\nb", "a=é", &"a".repeat(513)] {
        let trace = TraceContext::try_new(TRACE, Some(tracestate)).unwrap();
        assert_eq!(trace.tracestate(), None);
    }
}

#[test]
fn event_is_published_and_read_back_under_its_own_type_only() {
    let event = LevelPushed { store: "north".to_owned(), delta: Some(-2), ..Default::default() };
    let subject = LevelPushed::subject("north", Partition::of("1"));
    let mut metadata = example();
    metadata.event_type = String::new();
    let sent = Outgoing::event(&event, subject, metadata);
    let headers = sent.headers();
    let received = Metadata::from_headers(pairs(&headers)).unwrap();
    assert_eq!(decode::<LevelPushed>(&received, &sent.payload), Ok(event));
    assert!(matches!(
        decode::<PushRefused>(&received, &sent.payload),
        Err(EnvelopeError::Type { expected: PushRefused::TYPE, .. })
    ));
    assert!(matches!(
        decode::<LevelPushed>(&received, b"\xFF"),
        Err(EnvelopeError::Payload { .. })
    ));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        proptest::collection::vec(any::<char>(), 0..40).prop_map(|all| all.into_iter().collect()),
    ]
}

prop_compose! {
    fn metadata()(
        (id, source, event_type) in (text(), text(), text()),
        (second, nanosecond) in (-377_000_000_000_i64..253_000_000_000, 0..1_000_000_000),
        subject in option::of(text()),
        correlation_id in option::of(text()),
        causation_id in option::of(text()),
        sequence in option::of(any::<u64>()),
        trace in option::of(option::of(text())),
    ) -> Metadata {
        Metadata {
            id,
            source,
            event_type,
            time: Timestamp::new(second, nanosecond).expect("a moment"),
            subject,
            correlation_id,
            causation_id,
            sequence,
            trace: trace.and_then(|state| TraceContext::try_new(TRACE, state.as_deref())),
        }
    }
}

proptest! {
    #[test]
    fn any_metadata_survives_headers_and_json(metadata in metadata()) {
        let headers = metadata.to_headers();
        for (name, value) in &headers {
            let plain = value.bytes().all(|b| (b'!'..=b'~').contains(&b));
            let spaced = value.bytes().all(|b| (b' '..=b'~').contains(&b));
            prop_assert!(plain || (*name == header::TRACESTATE && spaced), "{name}: {value}");
        }
        prop_assert_eq!(Metadata::from_headers(pairs(&headers)), Ok(metadata.clone()));
        let json = serde_json::to_string(&metadata).unwrap();
        prop_assert_eq!(serde_json::from_str::<Metadata>(&json).unwrap(), metadata);
    }

    #[test]
    fn any_headers_are_read_or_refused(value in text()) {
        for name in [header::ID, header::TIME, header::SEQUENCE, header::TRACEPARENT] {
            let headers = example().to_headers();
            let given = pairs(&headers)
                .into_iter()
                .map(|(found, kept)| (found, if found == name { value.as_str() } else { kept }));
            if let Ok(read) = Metadata::from_headers(given) {
                let again = read.to_headers();
                prop_assert_eq!(Metadata::from_headers(pairs(&again)), Ok(read));
            }
        }
    }
}
