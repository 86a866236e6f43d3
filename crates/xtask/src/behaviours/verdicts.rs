//! What can be said of every row when the tests have run.

use super::results::{Fate, Test};
use super::rows::{Kind, Row};

/// Packages whose tests meet the whole product: only they show a behaviour, others test a part.
const WHOLE_PRODUCT: [&str; 1] = ["lockstep-tests"];

/// The state of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Shown,
    Missing,
    Waits,
    DoesNotApply,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Missing => "missing",
            Self::Waits => "waits",
            Self::DoesNotApply => "-",
        }
    }
}

/// What is said of all rows.
#[derive(Debug)]
pub(crate) struct Verdicts {
    states: Vec<State>,
    lines: Vec<String>,
    faults: Vec<String>,
}

impl Verdicts {
    /// A line or more per row.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// What makes the report fail.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    pub(crate) fn sums(&self) -> String {
        let count = |state| self.states.iter().filter(|found| **found == state).count();
        let [shown, missing, waits, none] =
            [State::Shown, State::Missing, State::Waits, State::DoesNotApply].map(count);
        format!(
            "{shown} shown, {missing} missing, {waits} wait for a connector, {none} do not apply"
        )
    }
}

/// Judges every row by the tests that carry its number.
pub(crate) fn judge(rows: &[Row], tests: &[Test]) -> Verdicts {
    let mut verdicts = Verdicts { states: Vec::new(), lines: Vec::new(), faults: Vec::new() };
    for row in rows {
        let mine: Vec<&Test> =
            tests.iter().filter(|test| test.rows.contains(&row.number)).collect();
        let is_seen = is_seen(&mine);
        let state = state(&row.kind, is_seen);
        let note = note(&row.kind, is_seen);
        let (number, says) = (row.number, &row.says);
        verdicts.lines.push(format!("{number:>4}  {:<8} {says}{note}", state.word()));
        verdicts.lines.extend(mine.iter().map(|test| evidence(test)));
        if row.shown && !is_seen {
            let fault =
                format!("row {number} is marked as shown, and no test that passes shows it");
            verdicts.faults.push(fault);
        }
        if is_seen && is_markable(&row.kind) && !row.shown {
            verdicts.lines.push("               mark it: shown = true".to_owned());
        }
        verdicts.states.push(state);
    }
    for test in tests {
        for number in &test.rows {
            if !rows.iter().any(|row| row.number == *number) {
                verdicts.faults.push(format!("there is no row {number}: {}", test.name));
            }
        }
    }
    verdicts
}

/// Whether a test of this repository can show the row, or its contract's half.
fn is_markable(kind: &Kind) -> bool {
    matches!(kind, Kind::Whole | Kind::Halved { contract: true, .. })
}

/// True when a test of the whole product passed, and none that carries the number failed.
fn is_seen(tests: &[&Test]) -> bool {
    let passed = |test: &&&Test| test.fate == Fate::Passed && is_whole(test);
    tests.iter().any(|test| passed(&test)) && tests.iter().all(|test| test.fate != Fate::Failed)
}

fn is_whole(test: &Test) -> bool {
    WHOLE_PRODUCT.contains(&test.package.as_str())
}

fn state(kind: &Kind, is_seen: bool) -> State {
    match kind {
        Kind::None { .. } => State::DoesNotApply,
        Kind::Halved { contract: false, .. } => State::Waits,
        Kind::Halved { .. } if is_seen => State::Waits,
        Kind::Whole if is_seen => State::Shown,
        Kind::Whole | Kind::Halved { .. } => State::Missing,
    }
}

fn note(kind: &Kind, is_seen: bool) -> String {
    match kind {
        Kind::Whole => String::new(),
        Kind::None { why } => format!(" ({why})"),
        Kind::Halved { connector, contract: false } => format!(" (waits for: {connector})"),
        Kind::Halved { connector, .. } if is_seen => {
            format!(" (the contract's half is shown, the rest waits for: {connector})")
        }
        Kind::Halved { connector, .. } => {
            format!(" (the contract's half is missing, the rest waits for: {connector})")
        }
    }
}

fn evidence(test: &Test) -> String {
    let fate = match test.fate {
        Fate::Passed if is_whole(test) => "passed",
        Fate::Passed => "passed, of a part alone",
        Fate::Failed => "FAILED",
        Fate::NotRun => "did not run",
    };
    format!("               {} ({fate})", test.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, kind: Kind, shown: bool) -> Row {
        Row { number, says: "It is so.".to_owned(), kind, shown }
    }

    fn test(row: u32, package: &str, fate: Fate) -> Test {
        let name = format!("{package}::it b{row}_so");
        Test { name, package: package.to_owned(), rows: vec![row], fate }
    }

    fn halved(contract: bool) -> Kind {
        Kind::Halved { connector: "X".to_owned(), contract }
    }

    const WHOLE: &str = WHOLE_PRODUCT[0];

    #[test]
    fn a_row_is_shown_only_by_a_test_of_the_whole_that_passed() {
        let sums = |tests: &[Test]| judge(&[row(1, Kind::Whole, false)], tests).sums();
        let missing = "0 shown, 1 missing, 0 wait for a connector, 0 do not apply";
        assert_eq!(sums(&[]), missing);
        for fate in [Fate::Failed, Fate::NotRun] {
            assert_eq!(sums(&[test(1, WHOLE, fate)]), missing);
        }
        assert_eq!(sums(&[test(1, "lockstep-domain", Fate::Passed)]), missing);
        let good = test(1, WHOLE, Fate::Passed);
        let shown = "1 shown, 0 missing, 0 wait for a connector, 0 do not apply";
        assert_eq!(sums(std::slice::from_ref(&good)), shown);
        assert_eq!(sums(&[good.clone(), test(1, WHOLE, Fate::NotRun)]), shown);
        assert_eq!(sums(&[good, test(1, "lockstep-domain", Fate::Failed)]), missing);
    }

    #[test]
    fn a_row_waits_for_its_connector_once_the_other_half_is_shown() {
        let rows = [
            row(1, halved(true), true),
            row(2, halved(true), false),
            row(3, halved(false), false),
            row(4, Kind::None { why: "no plans".to_owned() }, false),
        ];
        let verdicts = judge(&rows, &[test(1, WHOLE, Fate::Passed)]);
        let sums = "0 shown, 1 missing, 2 wait for a connector, 1 do not apply";
        assert_eq!(verdicts.sums(), sums);
        assert!(verdicts.faults().is_empty());
    }

    #[test]
    fn whoever_shows_a_row_or_its_half_is_told_to_mark_it() {
        let is_told = |kind: Kind, shown: bool, fate| {
            let verdicts = judge(&[row(1, kind, shown)], &[test(1, WHOLE, fate)]);
            verdicts.lines().iter().any(|line| line.contains("mark it"))
        };
        assert!(is_told(Kind::Whole, false, Fate::Passed));
        assert!(is_told(halved(true), false, Fate::Passed), "its half is shown");
        assert!(!is_told(halved(true), true, Fate::Passed));
        assert!(!is_told(halved(true), false, Fate::Failed));
        assert!(!is_told(halved(false), false, Fate::Passed), "nothing of it can be shown here");
        assert!(!is_told(Kind::None { why: "no plans".to_owned() }, false, Fate::Passed));
    }

    #[test]
    fn a_mark_without_a_test_and_a_number_without_a_row_are_faults() {
        let rows = [row(1, Kind::Whole, true)];
        assert!(judge(&rows, &[test(1, WHOLE, Fate::Passed)]).faults().is_empty());
        let verdicts = judge(&rows, &[test(1, WHOLE, Fate::NotRun), test(7, WHOLE, Fate::Passed)]);
        let [unshown, unknown] = verdicts.faults() else { panic!("{:?}", verdicts.faults()) };
        assert!(unshown.starts_with("row 1 is marked as shown"), "{unshown}");
        assert!(unknown.starts_with("there is no row 7"), "{unknown}");
    }
}
