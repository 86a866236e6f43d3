//! How many messages a consumer asks for: more while much waits and is quickly decided. A turn is a
//! share of time, so that a busy store's larger batches hold up no other.

use std::time::Duration;

/// Messages in one transaction where little waits.
pub(crate) const SHARE_MIN: usize = 500;
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
        Self(SHARE_MIN)
    }
}

impl Share {
    /// Messages to ask for.
    pub fn messages(self) -> usize {
        self.0
    }

    /// After a turn: so many messages, as many as were asked for or fewer, decided in this time.
    pub fn follow(&mut self, messages: usize, is_full: bool, took: Duration) {
        if took > LONG {
            self.0 = (self.0 / 2).max(SHARE_MIN);
        } else if is_full && took < QUICK {
            self.0 = (self.0 * 2).min(SHARE_MAX);
        } else if messages < SHARE_MIN {
            self.0 = SHARE_MIN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    #[test]
    fn it_grows_while_much_waits_and_shrinks_when_that_is_done() {
        let mut share = Share::default();
        let grown: Vec<_> = (0..4)
            .map(|_| {
                share.follow(share.messages(), true, SOON);
                share.messages()
            })
            .collect();
        assert_eq!(grown, [1_000, 2_000, 2_000, 2_000]);
        share.follow(700, false, SOON);
        assert_eq!(share.messages(), 2_000, "that much comes in a turn");
        share.follow(3, false, SOON);
        assert_eq!(share.messages(), SHARE_MIN);
    }

    #[test]
    fn a_long_turn_makes_it_smaller_whatever_waits() {
        let mut share = Share(SHARE_MAX);
        share.follow(SHARE_MAX, true, Duration::from_millis(700));
        assert_eq!(share.messages(), SHARE_MAX);
        for left in [1_000, 500, 500] {
            share.follow(SHARE_MAX, true, Duration::from_secs(2));
            assert_eq!(share.messages(), left);
        }
    }
}
