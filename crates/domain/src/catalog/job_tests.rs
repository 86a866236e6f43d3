//! A run: steps, stops, ends.

use super::*;
use crate::testing::{apply, at, given, id};

fn start() -> JobCommand {
    let requested_by = "ana".to_owned();
    JobCommand::Start { store: id("north"), run: 1, requested_by, at: at(0) }
}

fn advance(step: u64, next: Option<Stage>) -> JobCommand {
    let tally = Tally { read: 250, ..Tally::default() };
    JobCommand::Advance { step, forecast: None, next, tally, at: at(9) }
}

fn read(after: &str) -> Stage {
    Stage::Read { above: None, after: Some(after.to_owned()), pages: 1 }
}

fn by() -> String {
    "ben".to_owned()
}

#[test]
fn a_step_counts_once_and_a_paused_job_takes_the_one_in_the_air() {
    let state = given::<Job>()
        .after([start(), JobCommand::Pause { requested_by: by() }])
        .when(&advance(0, Some(read("a"))))
        .then_accepted();
    assert_eq!((state.step, state.tally.read), (1, 250));
    assert_eq!(state.state, Some(JobState::Paused));
    assert_eq!(Job::decide(&state, &advance(0, Some(read("a")))), Ok(vec![]));
    let state = apply::<Job>(state, &JobCommand::Resume { requested_by: by() });
    let state = apply::<Job>(state, &advance(1, None));
    assert_eq!((state.state, state.tally.read), (Some(JobState::Done), 500));
    assert_eq!(state.ended_at, Some(at(9)));
}

#[test]
fn after_the_end_a_person_is_refused_and_a_late_answer_is_silent() {
    let cancel = JobCommand::Cancel { requested_by: by(), at: at(5) };
    let ended = || [start(), cancel.clone()];
    for wish in [
        JobCommand::Pause { requested_by: by() },
        JobCommand::Resume { requested_by: by() },
        cancel.clone(),
    ] {
        given::<Job>().after(ended()).when(&wish).then_refused(&JobEnded);
    }
    given::<Job>().after(ended()).when(&advance(0, Some(read("a")))).then_silent();
    let fault = JobCommand::Fail { reason: "x".to_owned(), at: at(6) };
    let state = given::<Job>().after(ended()).when(&fault).then_silent();
    assert_eq!(state.reason, "cancelled by ben");
}

#[test]
fn the_same_wish_and_the_same_wait_are_silent() {
    let pause = JobCommand::Pause { requested_by: by() };
    let wait = JobCommand::Wait { reason: "no points".to_owned() };
    given::<Job>().after([start(), pause.clone()]).when(&pause).then_silent();
    given::<Job>().after([start(), wait.clone()]).when(&wait).then_silent();
    let resume = JobCommand::Resume { requested_by: by() };
    given::<Job>().after([start()]).when(&resume).then_silent();
    let state = given::<Job>().after([start(), wait]).when(&advance(0, Some(read("a"))));
    assert_eq!(state.then_accepted().reason, "");
}

#[test]
fn a_forecast_counts_pages_points_and_seconds() {
    let (page, count) = (Cost { items: 250, points: 35 }, Cost { items: 0, points: 10 });
    let one = Forecast::of(0, page, count);
    assert_eq!((one.calls, one.points, one.seconds), (2, 45, 2));
    let many = Forecast::of(100_000, page, count);
    assert_eq!((many.items, many.calls, many.points), (100_000, 401, 14_010));
    assert_eq!(many.seconds, 401);
}
