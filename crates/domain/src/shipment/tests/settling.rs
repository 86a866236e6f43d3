//! A person is asked about a call of which readings cannot tell.

use super::*;

/// A call of two of A that may be either of two fulfillments; gives the effect that asks.
fn asking() -> (Scene, EffectId) {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    let known = fulfillment(7, "", &[(B, 1)]);
    scene.read(shown(open().routes, vec![known.clone()]));
    scene.intend();
    scene.lost();
    scene.clock = 30;
    let cancelled = ShownFulfillment { cancelled: true, ..fulfillment(10, "N1", &[(A, 2)]) };
    let may_be = [fulfillment(8, "N1", &[(A, 2)]), fulfillment(9, "N1", &[(A, 2)]), cancelled];
    let all = [&[known], may_be.as_slice()].concat();
    let events = scene.read(shown(Vec::new(), all));
    let ShipmentEvent::Asked { effect, candidates } = &events[0] else { panic!("{events:?}") };
    assert_eq!(candidates, &may_be);
    (scene, effect.clone())
}

#[test]
fn a_person_says_which_fulfillment_it_is_and_it_counts_as_sent() {
    let (mut scene, asks) = asking();
    let named = |id| Settled::Applied(Some(FulfillmentId(id)));
    let refused = |said| scene.state.settled(&asks, said).unwrap_err();
    assert_eq!(refused(Settled::Applied(None)), Unsettled::WhichOne);
    assert_eq!(refused(named(7)), Unsettled::Older(FulfillmentId(7)));
    assert_eq!(refused(named(10)), Unsettled::TakenBack(FulfillmentId(10)));
    assert_eq!(refused(named(91)), Unsettled::NotAmong(FulfillmentId(91)), "a slip of the key");
    assert_eq!(scene.state.settled(&effect(77), named(9)), Err(Unsettled::NotAsked));
    let settle = |asks: &EffectId, said| ShipmentCommand::Settle { asks: asks.clone(), said };
    assert!(scene.run(&settle(&asks, Settled::Applied(None))).is_empty());
    assert!(scene.run(&settle(&effect(77), named(9))).is_empty());
    let events = scene.run(&settle(&asks, named(9)));
    let is_it = |event: &ShipmentEvent| {
        matches!(event, ShipmentEvent::Applied { fulfillment: FulfillmentId(9), .. })
    };
    assert!(events.iter().any(is_it), "{events:?}");
    assert_eq!((scene.standing(), &scene.state.stage), (&Standing::Done, &Stage::Idle));
    assert!(scene.run(&settle(&asks, named(9))).is_empty(), "it is settled once");
}

#[test]
fn who_is_asked_sees_what_may_be_it_by_the_newest_reading() {
    let (mut scene, asks) = asking();
    let may_be = [8, 9, 11].map(|id| fulfillment(id, "N1", &[(A, 2)]));
    let all = [&[fulfillment(7, "", &[(B, 1)])], may_be.as_slice()].concat();
    scene.clock = 700;
    let events = scene.read(shown(Vec::new(), all.clone()));
    assert_eq!(events, [ShipmentEvent::MayBe { candidates: may_be.to_vec() }]);
    let (_, candidates) = scene.state.asked(&asks).expect("the same question stands");
    assert_eq!(candidates, may_be);
    scene.clock = 1400;
    assert!(scene.read(shown(Vec::new(), all)).is_empty(), "the same again says nothing");
    let named = Settled::Applied(Some(FulfillmentId(11)));
    assert_eq!(scene.state.settled(&asks, named), Ok(Some(FulfillmentId(11))));
}

#[test]
fn a_question_without_a_list_takes_any_name() {
    let (mut scene, asks) = asking();
    let Stage::Unclear { candidates, .. } = &mut scene.state.stage else { panic!("asked") };
    candidates.clear();
    let named = Settled::Applied(Some(FulfillmentId(91)));
    assert_eq!(scene.state.settled(&asks, named), Ok(Some(FulfillmentId(91))));
}

#[test]
fn a_person_says_that_it_is_none_of_them_and_it_is_planned_anew() {
    let (mut scene, asks) = asking();
    scene.run(&ShipmentCommand::Settle { asks, said: Settled::NotApplied });
    assert_eq!((scene.standing(), &scene.state.stage), (&Standing::Due, &Stage::Idle));
    scene.clock = 40;
    let others = vec![fulfillment(8, "N1", &[(A, 2)]), fulfillment(9, "N1", &[(A, 2)])];
    scene.read(shown(open().routes, others));
    let call = scene.intend();
    let CallKind::Create { known, .. } = &call.kind else { panic!("{call:?}") };
    assert_eq!(known.len(), 2, "what is there now is not the new call's");
}
