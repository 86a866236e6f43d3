//! Every stored event and state as JSON, compared with the files in `tests/golden/`.
//!
//! A service keeps events for good, so a changed form must be seen in review and the old one must
//! stay readable. After a wanted change: `cargo test -p lockstep-domain --test stored_forms --
//! --ignored renew`.
#![expect(clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod samples;

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use lockstep_domain::stock::level::Level;
use lockstep_domain::stock::pool::{Pool, PoolEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", &format!("{name}.json")].iter().collect()
}

fn written<T: Serialize>(samples: &T) -> String {
    let json = serde_json::to_string_pretty(samples).expect("a stored form");
    format!("{json}\n")
}

/// What was stored equals what is stored today, in both directions.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, samples: &T) {
    let golden = fs::read_to_string(file(name)).expect("the golden file");
    assert_eq!(written(samples), golden, "the stored form of {name} changed");
    let read: T = serde_json::from_str(&golden).expect("the stored form can be read");
    assert_eq!(read, *samples);
}

/// One test per kind of stored value, and one that renews all files.
macro_rules! stored_forms {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), &samples::$name());
            }
        )+

        #[test]
        #[ignore = "writes the golden files"]
        fn renew() {
            $(
                let name = stringify!($name);
                fs::write(file(name), written(&samples::$name())).expect("written");
            )+
        }
    };
}

stored_forms!(
    pool_events,
    pool_state,
    level_events,
    level_state,
    store_rules_events,
    backoffice_rules_events,
    variant_link_events,
    variant_link_state,
    sku_claim_events,
    sku_claim_state,
    window,
);

#[test]
fn unknown_fields_of_a_newer_version_are_ignored() {
    let stored = r#"{"type":"linked","store":"a","item":7,"since":"tomorrow"}"#;
    let event: PoolEvent = serde_json::from_str(stored).expect("readable");
    let again = serde_json::to_string(&event).expect("stored");
    assert_eq!(again, r#"{"type":"linked","store":"a","item":7}"#);
}

#[test]
fn states_of_an_older_version_lack_fields_and_stay_readable() {
    let pool: Pool = serde_json::from_str(r#"{"warehouses":{"W1":{}}}"#).expect("readable");
    assert_eq!(pool.positions().count(), 1);
    let level: Level = serde_json::from_str(r#"{"locations":{"1":{}}}"#).expect("readable");
    assert_eq!(level.locations.len(), 1);
}
