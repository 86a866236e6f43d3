//! Every way through a file, and out of it.

use super::*;
use crate::testing::{at, id};

const OPERATION: BulkOperationId = BulkOperationId(77);

fn sweep() -> Stage {
    Stage::Sweep { after: String::new() }
}

fn ask(attempt: u32) -> Stage {
    Bulk::Ask { attempt, busy: 0 }.stage()
}

fn waiting(attempt: u32) -> Bulk {
    let since = at(0);
    Bulk::Wait { attempt, operation: OPERATION, since, looks: 0, objects: 0, refused: 0 }
}

fn reading(progress: Progress) -> Bulk {
    Bulk::Read { attempt: 1, operation: OPERATION, progress }
}

fn piece(at: u64, lines: u64, last: i64, end: bool) -> Found {
    Found::Piece { at, lines, last: Some(VariantId(last)), end }
}

fn next(step: &Bulk, found: &Found) -> Stage {
    let next = step.next(found, at(1), at(9));
    assert_eq!(next.cancel, None);
    next.stage
}

fn step(stage: Stage) -> Bulk {
    match stage {
        Stage::File { step } => step,
        other => panic!("{other:?}"),
    }
}

#[test]
fn size_and_points_choose_between_pages_and_a_file() {
    let from = BulkFrom::default();
    for (variants, left, file) in [
        (0, None, false),
        (999, Some(0.0), false),
        (1_000, Some(0.6), true),
        (4_999, Some(0.9), false),
        (4_999, None, false),
        (5_000, Some(1.0), true),
        (5_000, None, true),
    ] {
        let expected = if file { ask(1) } else { pages(None) };
        assert_eq!(from.first(variants, left), expected, "{variants} {left:?}");
    }
}

#[test]
fn a_file_is_asked_for_awaited_read_and_swept_behind() {
    let asked = next(&step(ask(1)), &Found::Started { operation: OPERATION });
    let waits = step(asked);
    assert_eq!(waits.writing(), Some(OPERATION));
    let again = step(next(&waits, &Found::Writing { objects: 5 }));
    assert!(again.wait() > waits.wait());
    let read = step(next(&again, &Found::Written { size: Some(30), objects: 3 }));
    let read = step(next(&read, &piece(20, 2, 8, false)));
    assert_eq!(next(&read, &piece(30, 1, 9, true)), sweep());
}

#[test]
fn a_request_without_an_answer_is_looked_for_before_another_one() {
    let find = step(next(&step(ask(1)), &Found::Unanswered));
    assert_eq!(find.wait(), ON_ITS_WAY);
    let found = Found::Started { operation: OPERATION };
    assert_eq!(step(next(&find, &found)).writing(), Some(OPERATION));
    let once = step(next(&find, &Found::Absent));
    assert_eq!(
        (once.wait(), &once),
        (LOOK_AGAIN, &Bulk::Find { attempt: 1, absent: 1, since: Some(at(1)) })
    );
    assert_eq!(next(&once, &Found::Absent), ask(2));
}

#[test]
fn busy_lost_and_unusable_files_end_in_pages() {
    let mut busy = step(ask(1));
    for _ in 0..BUSY_MAX {
        busy = step(next(&busy, &Found::Busy));
        assert_eq!(busy.wait(), LOOK_AGAIN);
    }
    assert_eq!(next(&busy, &Found::Busy), pages(None));
    assert_eq!(next(&waiting(1), &Found::Nothing), ask(2));
    assert_eq!(next(&waiting(ASKS_MAX), &Found::Nothing), pages(None));
}

#[test]
fn what_is_never_written_is_cancelled_and_read_by_pages() {
    let late = at(0) + AGE_MAX;
    let given_up = Next { stage: pages(None), cancel: Some(OPERATION) };
    assert_eq!(waiting(1).next(&Found::Writing { objects: 5 }, at(1), late), given_up);
    assert_eq!(waiting(1).next(&Found::Unusable, at(1), at(9)), given_up);
}

#[test]
fn a_file_that_ends_early_is_read_on_and_then_asked_for_anew() {
    let whole = Progress { size: Some(30), objects: Some(3), ..Progress::default() };
    let cut = step(next(&reading(whole), &piece(12, 1, 4, true)));
    let mut stuck = cut;
    for _ in 0..STUCK_MAX {
        stuck = step(next(&stuck, &Found::Broken));
        assert!(stuck.wait() > SignedDuration::ZERO);
    }
    assert_eq!(next(&stuck, &Found::Broken), ask(2));
    let better = step(next(&stuck, &piece(25, 1, 6, false)));
    assert_eq!(better.wait(), SignedDuration::ZERO, "what brings something is not stuck");
}

#[test]
fn a_file_with_other_lines_than_shopify_counted_is_asked_for_anew() {
    let whole = Progress { size: Some(30), objects: Some(3), ..Progress::default() };
    assert_eq!(next(&reading(whole), &piece(30, 2, 4, true)), ask(2));
}

#[test]
fn a_part_counts_where_it_is_proven_and_the_rest_comes_by_pages() {
    let read = step(next(&waiting(1), &Found::Part));
    let prove = step(next(&read, &piece(20, 2, 8, true)));
    assert_eq!(prove, Bulk::Prove { lines: 2, last: VariantId(8), since: Some(at(0)) });
    let above = pages(Some(VariantId(8)));
    assert_eq!(next(&prove, &Found::Counted { variants: 2 }), above);
    let hole = next(&prove, &Found::Counted { variants: 3 });
    assert_eq!(hole, pages(None), "a part with a hole proves nothing");
}

#[test]
fn an_empty_file_forgets_no_variant() {
    let none = Progress { size: Some(0), objects: Some(0), ..Progress::default() };
    let end = Found::Piece { at: 0, lines: 0, last: None, end: true };
    assert_eq!(next(&reading(none), &end), pages(None));
}

#[test]
fn a_file_that_went_while_it_was_read_is_asked_for_anew() {
    let half = Progress { at: 12, lines: 1, size: Some(30), ..Progress::default() };
    assert_eq!(next(&reading(half), &Found::Nothing), ask(2));
}

#[test]
fn a_name_is_one_that_graphql_takes() {
    let name = Bulk::name(&id("0199-a.b"), 2);
    assert_eq!(name, "lockstep_0199_a_b_2");
}

#[test]
fn a_look_that_is_refused_is_repeated_before_another_file_is_asked_for() {
    let mut waits = waiting(1);
    for _ in 0..STUCK_MAX {
        waits = step(next(&waits, &Found::Broken));
        assert_eq!(waits.writing(), Some(OPERATION));
    }
    let better = step(next(&waits, &Found::Writing { objects: 5 }));
    assert_eq!(step(next(&better, &Found::Broken)).writing(), Some(OPERATION));
    let anew = Next { stage: ask(2), cancel: Some(OPERATION) };
    assert_eq!(waits.next(&Found::Broken, at(1), at(9)), anew);
}

#[test]
fn a_file_of_before_a_long_pause_is_asked_for_anew() {
    let (begun, late) = (at(0), at(0) + AGE_MAX);
    let then = |step: &Bulk, found: &Found| step.next(found, begun, late);
    let again = Next { stage: ask(2), cancel: None };
    let written = Found::Written { size: Some(30), objects: 3 };
    assert_eq!(then(&waiting(1), &written), again);
    assert_eq!(then(&waiting(1), &Found::Part), again);
    let read = step(next(&waiting(1), &written));
    assert!(read.is_old(late) && !read.is_old(late - SignedDuration::from_secs(1)));
    assert_eq!(then(&read, &piece(30, 3, 9, true)), again);
    let part = step(next(&waiting(1), &Found::Part));
    let prove = step(next(&part, &piece(20, 2, 8, true)));
    assert_eq!(then(&prove, &Found::Counted { variants: 2 }).stage, pages(None));
    // However long it took to find it, it is as old as the request.
    let find = step(Bulk::Ask { attempt: 1, busy: 0 }.next(&Found::Unanswered, begun, late).stage);
    let found = find.next(&Found::Started { operation: OPERATION }, late, late).stage;
    assert!(step(found).is_old(late));
}
