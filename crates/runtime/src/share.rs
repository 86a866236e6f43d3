//! How many messages a consumer asks for: more while much waits and is quickly decided. A turn is a
//! share of time, so that a busy store's larger batches hold up no other.

use std::time::Duration;

/// Messages that a consumer asks for of which nothing is known, and where little waits.
const SHARE_BEGIN: usize = 500;
/// The least: each transaction waits for the disk, and a slow database is not helped by many.
pub(crate) const SHARE_MIN: usize = 50;
/// The most: beyond, what a transaction costs by itself is little beside its messages, and its
/// locks are held for longer.
pub(crate) const SHARE_MAX: usize = 2_000;
/// A turn below this may become a larger one.
const QUICK: Duration = Duration::from_millis(400);
/// A turn above this becomes a smaller one.
const LONG: Duration = Duration::from_secs(1);

/// A consumer's share per turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(usize);

impl Default for Share {
    fn default() -> Self {
        Self(SHARE_BEGIN)
    }
}

impl Share {
    /// Messages to ask for.
    pub fn messages(self) -> usize {
        self.0
    }

    /// After a turn.
    pub fn follow(&mut self, turn: Turn) {
        let is_quick = turn.is_full && turn.doubles == 0 && turn.took < QUICK;
        if turn.is_halved {
            self.0 = SHARE_MIN;
        } else if turn.took > LONG {
            self.0 = (self.0 / 2).max(SHARE_MIN);
        } else if is_quick && turn.messages * 2 >= self.0 {
            // What was pulled ahead was asked for by the share of the turn before.
            self.0 = (self.0 * 2).min(SHARE_MAX);
        } else if turn.messages < SHARE_BEGIN {
            self.0 = self.0.min(SHARE_BEGIN);
        }
    }
}

/// What a turn was like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    pub messages: usize,
    /// Whether as many came as were asked for.
    pub is_full: bool,
    /// Messages that were decided before: they cost nothing, and say that turns are too long.
    pub doubles: usize,
    /// Whether something in it failed, so that it was decided in parts.
    pub is_halved: bool,
    pub took: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(messages: usize, milliseconds: u64) -> Turn {
        let took = Duration::from_millis(milliseconds);
        Turn { messages, is_full: true, took, ..Turn::default() }
    }

    #[test]
    fn it_grows_while_much_waits_and_shrinks_when_that_is_done() {
        let mut share = Share::default();
        share.follow(full(SHARE_MIN, 100));
        assert_eq!(share.messages(), 500, "so few say nothing of more");
        let grown: Vec<_> = [500, 500, 1_000, 2_000]
            .map(|messages| {
                share.follow(full(messages, 100));
                share.messages()
            })
            .to_vec();
        assert_eq!(grown, [1_000, 2_000, 2_000, 2_000]);
        share.follow(Turn { is_full: false, ..full(700, 100) });
        assert_eq!(share.messages(), 2_000, "that much comes in a turn");
        share.follow(Turn { is_full: false, ..full(3, 100) });
        assert_eq!(share.messages(), SHARE_BEGIN);
    }

    #[test]
    fn a_long_turn_makes_it_smaller_whatever_waits() {
        let mut share = Share(SHARE_MAX);
        share.follow(full(SHARE_MAX, 700));
        assert_eq!(share.messages(), SHARE_MAX);
        for left in [1_000, 500, 250, 125, 62, 50, 50] {
            share.follow(full(share.messages(), 2_000));
            assert_eq!(share.messages(), left);
        }
        share.follow(Turn { is_full: false, ..full(3, 100) });
        assert_eq!(share.messages(), SHARE_MIN, "few messages are no reason to ask for more");
    }

    #[test]
    fn it_does_not_grow_by_doubles_and_begins_anew_after_a_failure() {
        let mut share = Share(1_000);
        share.follow(Turn { doubles: 1, ..full(1_000, 10) });
        assert_eq!(share.messages(), 1_000);
        share.follow(Turn { is_halved: true, ..full(1_000, 10) });
        assert_eq!(share.messages(), SHARE_MIN);
        share.follow(full(SHARE_MIN, 10));
        assert_eq!(share.messages(), 100);
    }
}
