//! Messages that cannot be processed.

use bytes::Bytes;
use lockstep_contracts::Stream;
use lockstep_ports::{Cutoffs, DeadLetterHead, DeadLetterRow, ErrorKind, PortError, Store};
use uuid::Uuid;

use super::{kind, later};

/// Newest first; closed ones only where they are asked for.
pub async fn letters_come_newest_first(store: &dyn Store) -> Result<(), PortError> {
    let closed = DeadLetterRow { state: "dismissed".to_owned(), ..letter(4, 9) };
    open(store, &[letter(1, 5), letter(3, 7), closed, letter(2, 5)]).await?;
    assert_eq!(page(store, false, None, 10).await?, [3, 2, 1]);
    assert_eq!(page(store, false, None, 2).await?, [3, 2]);
    assert_eq!(page(store, true, None, 10).await?, [4, 3, 2, 1]);
    Ok(())
}

/// A page goes on behind the last letter of the page before, closed meanwhile or not, also among
/// letters of one moment.
pub async fn letters_are_read_in_pages(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[letter(1, 5), letter(2, 5), letter(3, 5), letter(4, 7), letter(5, 4)]).await?;
    assert_eq!(page(store, false, None, 2).await?, [4, 3]);
    let mut tx = store.begin().await?;
    tx.set_dead_letter(Uuid::from_u128(3), "dismissed", "", 1).await?;
    tx.commit().await?;
    assert_eq!(page(store, false, Some(3), 2).await?, [2, 1]);
    assert_eq!(page(store, true, Some(4), 2).await?, [3, 2]);
    assert_eq!(page(store, false, Some(1), 2).await?, [5]);
    assert_eq!(page(store, false, Some(5), 2).await?, []);
    assert_eq!(page(store, false, Some(9), 2).await?, []);
    Ok(())
}

/// Open or closed, a letter is kept for a while and no longer: it may hold personal data.
pub async fn old_letters_are_pruned(store: &dyn Store) -> Result<(), PortError> {
    let closed = DeadLetterRow { state: "retried".to_owned(), ..letter(1, 5) };
    open(store, &[closed, letter(2, 5), letter(3, 6)]).await?;
    let others = Cutoffs {
        inbox: Some(later(99)),
        outbox: Some(later(99)),
        effects: Some(later(99)),
        letters: Some(later(5)),
        blank_timers: true,
    };
    assert_eq!(store.prune(&others).await?, 0);
    let letters = Cutoffs { letters: Some(later(6)), ..Cutoffs::default() };
    assert_eq!(store.prune(&letters).await?, 2);
    assert_eq!(page(store, true, None, 10).await?, [3]);
    assert!(store.dead_letter(Uuid::from_u128(2)).await?.is_none());
    Ok(())
}

/// Opened whole, re-worded while open, closed for good.
pub async fn a_letter_lives_until_it_is_closed(store: &dyn Store) -> Result<(), PortError> {
    let opened = letter(1, 5);
    open(store, std::slice::from_ref(&opened)).await?;
    let mut tx = store.begin().await?;
    let found = tx.dead_letter(opened.id).await?;
    assert_eq!(found.as_ref().map(told), Some(told(&opened)));
    assert_eq!(found.map(|letter| letter.sealed), Some(opened.sealed.clone()));
    let read = store.dead_letter(opened.id).await?;
    assert_eq!(read.as_ref().map(told), Some(told(&opened)));
    assert_eq!(read.map(|letter| letter.sealed), Some(opened.sealed.clone()));
    tx.set_dead_letter(opened.id, "open", "still no SKU", 2).await?;
    tx.commit().await?;
    let listed = store.dead_letters(false, None, 10).await?;
    let re_worded = DeadLetterRow { reason: "still no SKU".to_owned(), attempts: 2, ..opened };
    assert_eq!(listed.iter().map(told_in_list).collect::<Vec<_>>(), [told(&re_worded)]);
    let opened = re_worded;

    let mut tx = store.begin().await?;
    tx.set_dead_letter(opened.id, "retried", "", 3).await?;
    // The transaction that closes it sees that it is closed.
    assert!(tx.dead_letter(opened.id).await?.is_none());
    tx.commit().await?;
    assert!(store.dead_letters(false, None, 10).await?.is_empty());
    let all = store.dead_letters(true, None, 10).await?;
    assert_eq!(all.iter().map(|each| each.state.as_str()).collect::<Vec<_>>(), ["retried"]);
    let read = store.dead_letter(opened.id).await?;
    assert_eq!(read.map(|letter| letter.state).as_deref(), Some("retried"));
    let mut tx = store.begin().await?;
    assert!(tx.dead_letter(opened.id).await?.is_none());
    assert!(tx.dead_letter(Uuid::from_u128(9)).await?.is_none());
    Ok(())
}

/// Two that retry one letter at once: the later waits and finds nothing open.
pub async fn a_letter_is_closed_by_one_only(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[letter(1, 5)]).await?;
    let id = Uuid::from_u128(1);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    assert!(first.dead_letter(id).await?.is_some());
    let (found, closed) = tokio::join!(second.dead_letter(id), async {
        first.set_dead_letter(id, "retried", "", 1).await?;
        first.commit().await
    });
    closed?;
    assert!(found?.is_none());
    Ok(())
}

/// No known state, an id that exists, a letter that does not.
pub async fn what_is_no_letter_is_refused(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[letter(1, 5)]).await?;
    let unknown = DeadLetterRow { state: "lost".to_owned(), ..letter(2, 5) };
    for refused in [unknown, letter(1, 6)] {
        let mut tx = store.begin().await?;
        let answer = tx.open_dead_letters(&[refused]).await;
        assert_eq!(kind(answer), Some(ErrorKind::Permanent));
    }
    for (number, state) in [(1, "lost"), (9, "retried")] {
        let mut tx = store.begin().await?;
        let answer = tx.set_dead_letter(Uuid::from_u128(number), state, "", 1).await;
        assert_eq!(kind(answer), Some(ErrorKind::Permanent));
    }
    Ok(())
}

fn letter(number: u128, opened: i64) -> DeadLetterRow {
    DeadLetterRow {
        id: Uuid::from_u128(number),
        stream: Stream::Backoffice,
        stream_sequence: 9_007_199_254_740_993,
        subject: "backoffice.v1.wms.1.movement".to_owned(),
        message_type: "lockstep.backoffice.v1.MovementReported".to_owned(),
        message_id: "wms:🧦".to_owned(),
        sealed: Bytes::from_static(&[0, 200, 1]),
        reason: "no SKU".to_owned(),
        attempts: 1,
        state: "open".to_owned(),
        opened_at: later(opened),
    }
}

/// A letter as a test compares it.
fn told(letter: &DeadLetterRow) -> (Uuid, String, String) {
    let DeadLetterRow { stream, stream_sequence, subject, message_type, message_id, .. } = letter;
    let origin = format!("{stream}/{stream_sequence} {subject} {message_type} {message_id}");
    let DeadLetterRow { reason, attempts, state, opened_at, .. } = letter;
    (letter.id, origin, format!("{reason}/{attempts}/{state}/{opened_at}"))
}

/// The same of a letter in a list.
fn told_in_list(letter: &DeadLetterHead) -> (Uuid, String, String) {
    let DeadLetterHead { stream, stream_sequence, subject, message_type, message_id, .. } = letter;
    let origin = format!("{stream}/{stream_sequence} {subject} {message_type} {message_id}");
    let DeadLetterHead { reason, attempts, state, opened_at, .. } = letter;
    (letter.id, origin, format!("{reason}/{attempts}/{state}/{opened_at}"))
}

async fn open(store: &dyn Store, letters: &[DeadLetterRow]) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.open_dead_letters(letters).await?;
    tx.commit().await
}

async fn page(
    store: &dyn Store,
    include_closed: bool,
    after: Option<u128>,
    limit: u32,
) -> Result<Vec<u128>, PortError> {
    let letters = store.dead_letters(include_closed, after.map(Uuid::from_u128), limit).await?;
    Ok(letters.into_iter().map(|letter| letter.id.as_u128()).collect())
}
