//! Messages that cannot be processed.

use bytes::Bytes;
use lockstep_contracts::Stream;
use lockstep_ports::{DeadLetterRow, ErrorKind, PortError, Store};
use uuid::Uuid;

use super::{kind, later};

/// Newest first; closed ones only where they are asked for.
pub async fn letters_come_newest_first(store: &dyn Store) -> Result<(), PortError> {
    let closed = DeadLetterRow { state: "dismissed".to_owned(), ..letter(4, 9) };
    open(store, &[letter(1, 5), letter(3, 7), closed, letter(2, 5)]).await?;
    assert_eq!(numbers(&store.dead_letters(false, 10).await?), [3, 2, 1]);
    assert_eq!(numbers(&store.dead_letters(false, 2).await?), [3, 2]);
    assert_eq!(numbers(&store.dead_letters(true, 10).await?), [4, 3, 2, 1]);
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
    tx.set_dead_letter(opened.id, "open", "still no SKU", 2).await?;
    tx.commit().await?;
    let listed = store.dead_letters(false, 10).await?;
    let words: Vec<_> = listed.iter().map(|each| (each.reason.as_str(), each.attempts)).collect();
    assert_eq!(words, [("still no SKU", 2)]);

    let mut tx = store.begin().await?;
    tx.set_dead_letter(opened.id, "retried", "", 3).await?;
    // The transaction that closes it sees that it is closed.
    assert!(tx.dead_letter(opened.id).await?.is_none());
    tx.commit().await?;
    assert!(store.dead_letters(false, 10).await?.is_empty());
    let all = store.dead_letters(true, 10).await?;
    assert_eq!(all.iter().map(|each| each.state.as_str()).collect::<Vec<_>>(), ["retried"]);
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

async fn open(store: &dyn Store, letters: &[DeadLetterRow]) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.open_dead_letters(letters).await?;
    tx.commit().await
}

fn numbers(letters: &[DeadLetterRow]) -> Vec<u128> {
    letters.iter().map(|letter| letter.id.as_u128()).collect()
}
