//! When a token is renewed.

use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{Grant, GrantKind};

/// A token is renewed this long before its end, as Shopify's own libraries do.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Up to this much earlier, another share in every process, so that not all begin at once.
const AHEAD_MORE: SignedDuration = SignedDuration::from_secs(60);

/// What a token needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// To be renewed; until then it still opens.
    Soon,
    /// To be renewed before it opens anything.
    Now,
    /// Nothing can be done: it has ended, and nothing renews it.
    Ended,
}

/// How much earlier than the least this process renews; `share` from 0.0 to 1.0.
pub fn ahead(share: f64) -> SignedDuration {
    AHEAD + AHEAD_MORE.mul_f64(share.clamp(0.0, 1.0))
}

/// What the token of a grant needs now.
pub fn need(grant: &Grant, has_token: bool, now: Timestamp, ahead: SignedDuration) -> Need {
    let renews = grant.refresh_token.is_some() || grant.kind == GrantKind::ClientCredentials;
    let left = grant.expires_at.map(|end| end.duration_since(now));
    let is_over = !has_token || left.is_some_and(|left| left <= SignedDuration::ZERO);
    match (renews, is_over) {
        (true, true) => Need::Now,
        (false, true) => Need::Ended,
        (true, false) if left.is_some_and(|left| left <= ahead) => Need::Soon,
        _ => Need::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: GrantKind, refresh: bool, ends_in: Option<i64>) -> Grant {
        let end = |seconds| Timestamp::from_second(seconds).unwrap();
        Grant {
            kind,
            refresh_token: refresh.then(|| "shprt_1".to_owned()),
            expires_at: ends_in.map(end),
            ..Grant::default()
        }
    }

    #[test]
    fn a_token_is_renewed_five_minutes_ahead() {
        let now = Timestamp::UNIX_EPOCH;
        let needs =
            |kind, refresh, ends_in| need(&grant(kind, refresh, ends_in), true, now, ahead(0.0));
        for (kind, refresh, ends_in, expected) in [
            (GrantKind::Token, false, None, Need::Nothing),
            (GrantKind::Approval, false, None, Need::Nothing),
            (GrantKind::Approval, true, Some(301), Need::Nothing),
            (GrantKind::Approval, true, Some(300), Need::Soon),
            (GrantKind::Approval, true, Some(1), Need::Soon),
            (GrantKind::Approval, true, Some(0), Need::Now),
            (GrantKind::Approval, true, Some(-9000), Need::Now),
            (GrantKind::Approval, false, Some(0), Need::Ended),
            (GrantKind::ClientCredentials, false, Some(86_400), Need::Nothing),
            (GrantKind::ClientCredentials, false, Some(200), Need::Soon),
            (GrantKind::ClientCredentials, false, Some(0), Need::Now),
        ] {
            assert_eq!(needs(kind, refresh, ends_in), expected, "{kind:?} {refresh} {ends_in:?}");
        }
    }

    #[test]
    fn processes_begin_at_different_moments() {
        assert_eq!(ahead(0.0), SignedDuration::from_secs(300));
        assert_eq!(ahead(0.5), SignedDuration::from_secs(330));
        assert_eq!(ahead(7.0), SignedDuration::from_secs(360));
    }

    #[test]
    fn without_a_token_one_is_asked_for_where_that_can_be_done() {
        let now = Timestamp::UNIX_EPOCH;
        let asks = grant(GrantKind::ClientCredentials, false, None);
        assert_eq!(need(&asks, false, now, ahead(0.0)), Need::Now);
        let none = grant(GrantKind::Token, false, None);
        assert_eq!(need(&none, false, now, ahead(0.0)), Need::Ended);
    }
}
