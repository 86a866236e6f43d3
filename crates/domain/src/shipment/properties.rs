//! Whatever comes in whatever order, twice or with lost answers: nothing is sent twice.

use proptest::prelude::*;

use super::tests::{
    A, B, BERLIN, at, effect, fulfillment, order, parcel, route, rules, statement, wanted,
};
use super::*;
use crate::ids::FulfillmentId;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The order is told of.
    Order,
    /// A shipment is reported, perhaps again: its number, its line, its units.
    Report(u8, bool, i64),
    /// A shipment's number is corrected.
    Correct(u8),
    /// The lane takes a turn, and this befalls its call.
    Turn(Fate),
    /// Somebody fulfils a unit by hand.
    ByHand(bool),
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    LostAnswer,
    LostCall,
    NotApplied,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        3 => Just(Fate::Answered),
        1 => Just(Fate::LostAnswer),
        1 => Just(Fate::LostCall),
        1 => Just(Fate::NotApplied),
    ];
    let step = prop_oneof![
        1 => Just(Step::Order),
        2 => (0u8..3, any::<bool>(), 1i64..3).prop_map(|(n, b, u)| Step::Report(n, b, u)),
        1 => (0u8..3).prop_map(Step::Correct),
        6 => fate.prop_map(Step::Turn),
        1 => any::<bool>().prop_map(Step::ByHand),
    ];
    prop::collection::vec(step, 0..40)
}

/// An order at Shopify.
struct Shop {
    remaining: Units,
    fulfillments: Vec<ShownFulfillment>,
}

impl Shop {
    fn shown(&self) -> ShownOrder {
        let lines: Vec<_> =
            self.remaining.iter().map(|(l, u)| (*l, *u)).filter(|l| l.1 > 0).collect();
        let routes = if lines.is_empty() { vec![] } else { vec![route(7, BERLIN, &lines)] };
        ShownOrder { routes, fulfillments: self.fulfillments.clone() }
    }

    fn fulfil(&mut self, number: &str, units: &Units) -> Option<FulfillmentId> {
        if units.iter().any(|(line, units)| self.remaining[line] < *units) {
            return None;
        }
        for (line, units) in units {
            *self.remaining.get_mut(line).expect("a line") -= units;
        }
        let id = 100 + i64::try_from(self.fulfillments.len()).expect("few");
        let units: Vec<_> = units.iter().map(|(line, units)| (*line, *units)).collect();
        self.fulfillments.push(fulfillment(id, number, &units));
        Some(FulfillmentId(id))
    }

    fn apply(&mut self, call: &Call) -> CallOutcome {
        let number = call.tracking.numbers.first().cloned().unwrap_or_default();
        let done = match &call.kind {
            CallKind::Create { units, .. } => self.fulfil(&number, units),
            CallKind::Track { fulfillment } => {
                let found = self.fulfillments.iter_mut().find(|one| one.id == *fulfillment);
                found.map(|one| {
                    one.numbers = vec![number];
                    one.id
                })
            }
            CallKind::Cancel { .. } => None,
        };
        match done {
            Some(fulfillment) => CallOutcome::Applied { fulfillment },
            None => CallOutcome::Refused { message: "no".to_owned() },
        }
    }
}

struct World {
    state: Shipments,
    shop: Shop,
    clock: i64,
    effects: usize,
    revisions: [u32; 3],
    said: [Option<(bool, i64)>; 3],
    calls: usize,
}

impl World {
    fn new() -> Self {
        Self {
            state: Shipments::default(),
            shop: Shop { remaining: Units::from([(A, 3), (B, 2)]), fulfillments: Vec::new() },
            clock: 0,
            effects: 0,
            revisions: [0; 3],
            said: [None; 3],
            calls: 0,
        }
    }

    fn run(&mut self, command: &ShipmentCommand) {
        let Ok(events) = Shipments::decide(&self.state, command);
        self.state = Shipments::evolve_all(self.state.clone(), &events);
        let again: Shipments =
            serde_json::from_str(&serde_json::to_string(&self.state).expect("JSON")).expect("read");
        assert_eq!(again, self.state, "the stored form is the state");
    }

    fn report(&mut self, number: u8, (is_a, units): (bool, i64), tracking: &str) {
        let index = usize::from(number);
        let line = if is_a { A } else { B };
        let number_text = format!("N{number}{tracking}");
        let parcels = vec![parcel("#0", &number_text, vec![wanted(line, units)])];
        let statement = Box::new(statement(self.revisions[index], parcels));
        let (codes, now) = (Codes::new(), at(self.clock));
        let key = format!("wms/S{number}");
        self.run(&ShipmentCommand::Report { key, statement, enabled: true, codes, now });
    }

    fn step(&mut self, step: Step) {
        self.clock += 7;
        match step {
            Step::Order => {
                self.run(&ShipmentCommand::SeeOrder { order: order(1), codes: Codes::new() });
            }
            Step::Report(number, is_a, units) => {
                let index = usize::from(number);
                let said = *self.said[index].get_or_insert((is_a, units));
                self.revisions[index] = self.revisions[index].max(1);
                self.report(number, said, "");
            }
            Step::Correct(number) => {
                let index = usize::from(number);
                if let Some(said) = self.said[index] {
                    self.revisions[index] += 1;
                    let tracking = format!("-{}", self.revisions[index]);
                    self.report(number, said, &tracking);
                }
            }
            Step::Turn(fate) => self.turn(fate),
            Step::ByHand(is_a) => {
                let line = if is_a { A } else { B };
                self.shop.fulfil("", &Units::from([(line, 1)]));
            }
        }
    }

    fn turn(&mut self, fate: Fate) {
        self.effects += 1;
        let effect = effect(self.effects);
        if let Stage::Planned { call, .. } = self.state.stage.clone() {
            self.calls += 1;
            self.run(&ShipmentCommand::Intend { effect: effect.clone() });
            let lost = CallOutcome::Unknown { readable_from: at(self.clock + 20) };
            let outcome = match fate {
                Fate::Answered => self.shop.apply(&call),
                Fate::NotApplied => CallOutcome::NotApplied,
                Fate::LostCall => lost,
                Fate::LostAnswer => {
                    self.shop.apply(&call);
                    lost
                }
            };
            self.run(&ShipmentCommand::Conclude { effect, outcome });
        } else if self.state.wants_read() {
            let reading = Reading {
                effect,
                begun: at(self.clock),
                shown: Some(self.shop.shown()),
                rules: rules(&[BERLIN]),
                codes: Codes::new(),
            };
            self.run(&ShipmentCommand::RecordRead(Box::new(reading)));
        }
    }

    /// Units that Shopify has under the numbers of a shipment.
    fn sent(&self, number: usize) -> i64 {
        let prefix = format!("N{number}");
        let ours = self.shop.fulfillments.iter().filter(|one| {
            one.numbers.iter().any(|n| n == &prefix || n.starts_with(&format!("{prefix}-")))
        });
        ours.flat_map(|one| one.units.values()).sum()
    }

    fn check(&self) {
        for (number, said) in self.said.iter().enumerate() {
            let Some((_, units)) = said else { continue };
            let sent = self.sent(number);
            assert!(sent <= *units, "{sent} of {units} units of shipment {number} were sent");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_sent_twice_and_in_the_end_each_shipment_is_sent_or_judged(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            world.check();
        }
        world.step(Step::Order);
        for _ in 0..200 {
            world.step(Step::Turn(Fate::Answered));
            world.check();
        }
        let asks = matches!(&world.state.stage, Stage::Unclear { asks: Some(_), .. });
        for number in 0..3 {
            let key = format!("wms/S{number}");
            let (Some(shipment), Some((_, units))) =
                (world.state.shipments.get(&key), world.said[number])
            else {
                continue;
            };
            match &shipment.standing {
                Standing::Done => prop_assert_eq!(world.sent(number), units),
                Standing::Refused(_) => prop_assert_eq!(world.sent(number), 0),
                standing => prop_assert!(asks, "{} stands at {:?}", key, standing),
            }
        }
        let total: i64 = world.shop.fulfillments.iter().flat_map(|f| f.units.values()).sum();
        let left: i64 = world.shop.remaining.values().sum();
        prop_assert_eq!(total + left, 5);
    }

    #[test]
    fn reports_and_facts_in_any_order_give_one_state(
        shuffled in Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
        twice in any::<bool>(),
    ) {
        let run = |order_of: &[usize]| {
            let mut world = World::new();
            world.revisions = [1; 3];
            for index in order_of {
                for _ in 0..=usize::from(twice) {
                    match index {
                        0 => world.step(Step::Order),
                        number => {
                            let number = u8::try_from(number - 1).expect("small");
                            world.step(Step::Report(number, number == 0, 1));
                        }
                    }
                }
            }
            for _ in 0..60 {
                world.step(Step::Turn(Fate::Answered));
            }
            let sent: Vec<_> = (0..3).map(|number| world.sent(number)).collect();
            (sent, world.calls)
        };
        prop_assert_eq!(run(&shuffled), run(&[0, 1, 2, 3]));
    }
}
