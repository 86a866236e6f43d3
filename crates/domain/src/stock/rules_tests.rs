//! Adopting settings: accepted, refused, repeated, late; and what that ends at levels.

use super::{
    BackOfficeRules, BackOfficeRulesCommand, BackOfficeRulesEvent, Ends, StoreRules,
    StoreRulesCommand, StoreRulesEvent,
};
use crate::decider::Decider;
use crate::ids::LocationId;
use crate::stock::level::{Level, LevelCommand, LevelEvent};
use crate::stock::settings::{
    BackOfficeStock, Enabled, InvalidSetting, LocationMapping, StockMode, StoreStock,
};
use crate::testing::{apply, at, given, id};

const L1: LocationId = LocationId(1);
const L2: LocationId = LocationId(2);

fn adopt(revision: u64, settings: StoreStock) -> StoreRulesCommand {
    StoreRulesCommand::Adopt { settings: StoreStock { revision, ..settings } }
}

fn mapped(locations: &[(LocationId, &str)]) -> StoreStock {
    let mapping = |(location, warehouse): &(LocationId, &str)| LocationMapping {
        location: *location,
        warehouses: vec![id(warehouse)],
        buffer: None,
    };
    StoreStock {
        enabled: Enabled::Live,
        locations: locations.iter().map(mapping).collect(),
        ..StoreStock::default()
    }
}

fn rules(history: impl IntoIterator<Item = StoreRulesCommand>) -> StoreRules {
    history.into_iter().fold(StoreRules::default(), |rules, c| apply::<StoreRules>(rules, &c))
}

#[test]
fn newer_settings_are_adopted_and_older_ones_ignored() {
    let settings = StoreStock { buffer: 2, revision: 5, ..StoreStock::default() };
    let state = given::<StoreRules>()
        .after([adopt(4, StoreStock::default())])
        .when(&adopt(5, settings.clone()))
        .then(&[StoreRulesEvent::Adopted { settings: settings.clone(), ends: None }]);
    assert_eq!(state.settings, Some(settings.clone()));
    assert!(!state.is_turning(), "a buffer ends nothing");
    for revision in [4, 5] {
        given::<StoreRules>()
            .after([adopt(5, settings.clone())])
            .when(&adopt(revision, StoreStock::default()))
            .then_silent();
    }
}

#[test]
fn wrong_settings_are_refused() {
    let settings = StoreStock { buffer: -1, ..StoreStock::default() };
    given::<StoreRules>().when(&adopt(1, settings)).then_refused(&InvalidSetting::BufferNegative);
}

#[test]
fn another_mode_ends_the_run_and_another_warehouse_its_location_alone() {
    let one = mapped(&[(L1, "wms/W1"), (L2, "wms/W2")]);
    let two = mapped(&[(L1, "wms/W1"), (L2, "wms/W3")]);
    let absolute = StoreStock { mode: StockMode::Absolute, ..two.clone() };
    let ends = |before: &StoreStock, after: &StoreStock| {
        let state = rules([adopt(1, before.clone())]);
        let events = StoreRules::decide(&state, &adopt(2, after.clone())).expect("adopted");
        match events.as_slice() {
            [StoreRulesEvent::Adopted { ends, .. }] => ends.clone(),
            other => panic!("not adopted: {other:?}"),
        }
    };
    assert_eq!(ends(&one, &two), Some(Ends { run: false, mappings: [L2].into() }));
    assert_eq!(ends(&two, &absolute), Some(Ends { run: true, mappings: [].into() }));
    assert_eq!(ends(&one, &StoreStock { buffer: 1, ..one.clone() }), None);
    assert_eq!(ends(&one, &mapped(&[(L1, "wms/W1")])).map(|ends| ends.mappings), Some([L2].into()));
}

#[test]
fn a_level_that_missed_several_changes_catches_up_at_once() {
    let live = mapped(&[(L1, "wms/W1"), (L2, "wms/W2")]);
    let off = StoreStock { enabled: Enabled::Off, ..live.clone() };
    let moved = mapped(&[(L1, "wms/W1"), (L2, "wms/W3")]);
    let first = rules([adopt(1, live.clone())]);
    let baseline = |location| LevelCommand::TakeBaseline { location, delta_target: 5, at: at(0) };
    let level = given::<Level>()
        .after([LevelCommand::FollowRules(first.turn()), baseline(L1), baseline(L2)])
        .when(&LevelCommand::FollowRules(first.turn()))
        .then_silent();
    // Off, on again, and another warehouse: the level hears of it only then.
    let last = rules([adopt(1, live.clone()), adopt(2, off), adopt(3, live), adopt(4, moved)]);
    assert!(last.is_turning());
    let events = Level::decide(&level, &LevelCommand::FollowRules(last.turn())).expect("follows");
    let wanted = [
        LevelEvent::BaselineDropped { location: L1 },
        LevelEvent::Remapped { location: L2 },
        LevelEvent::RulesFollowed { revision: 4 },
    ];
    assert_eq!(events, wanted);
    let level = Level::evolve_all(level, &events);
    // Older news, as a transaction may have read them before: the level is ahead.
    let late = Level::decide(&level, &LevelCommand::FollowRules(first.turn()));
    assert_eq!(late, Ok(vec![]));
}

#[test]
fn a_turn_ends_once_and_never_for_a_newer_revision() {
    let live = mapped(&[(L1, "wms/W1")]);
    let turning = rules([adopt(1, live.clone())]);
    assert!(turning.is_turning());
    let end = |revision| StoreRulesCommand::EndTurn { revision };
    let state = given::<StoreRules>()
        .after([adopt(1, live.clone())])
        .when(&end(1))
        .then(&[StoreRulesEvent::TurnEnded { revision: 1 }]);
    assert!(!state.is_turning());
    given::<StoreRules>().after([adopt(1, live.clone()), end(1)]).when(&end(1)).then_silent();
    let absolute = StoreStock { mode: StockMode::Absolute, ..live.clone() };
    given::<StoreRules>().after([adopt(1, live), adopt(2, absolute)]).when(&end(1)).then_silent();
}

#[test]
fn histories_of_older_versions_end_nothing_at_levels() {
    let stored = r#"{"type":"adopted","settings":{"enabled":"live","revision":7}}"#;
    let event: StoreRulesEvent = serde_json::from_str(stored).expect("readable");
    let state = StoreRules::evolve(StoreRules::default(), &event);
    assert!(!state.is_turning());
    let settings = state.settings.clone().expect("in force");
    assert!(settings.activate_at_location, "the default of the setting");
    let level = given::<Level>()
        .after([LevelCommand::TakeBaseline { location: L1, delta_target: 5, at: at(0) }])
        .when(&LevelCommand::FollowRules(state.turn()))
        .then_silent();
    assert_eq!(level.location(L1).and_then(|known| known.booked), Some(5));
}

#[test]
fn back_office_settings_follow_their_revision() {
    let adopt = |revision| BackOfficeRulesCommand::Adopt {
        settings: BackOfficeStock { revision, ..BackOfficeStock::default() },
    };
    let adopted = BackOfficeRulesEvent::Adopted {
        settings: BackOfficeStock { revision: 3, ..BackOfficeStock::default() },
    };
    given::<BackOfficeRules>().when(&adopt(3)).then(&[adopted]);
    given::<BackOfficeRules>().after([adopt(3)]).when(&adopt(3)).then_silent();
    given::<BackOfficeRules>().after([adopt(3)]).when(&adopt(2)).then_silent();
}
