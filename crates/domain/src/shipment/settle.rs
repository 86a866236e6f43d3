//! A person's word on a call of which readings cannot tell whether it was executed.

use super::probe::NAMED_MAX;
use super::shown::ShownFulfillment;
use super::state::{Call, CallKind, Shipments, Stage};
use crate::ids::{EffectId, FulfillmentId};

/// What a person says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was executed, as this fulfillment; nothing when only one can be meant.
    Applied(Option<FulfillmentId>),
    /// It was not: what is still open is sent anew.
    NotApplied,
}

/// Why a word settles nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// Nobody is asked, or not any more.
    NotAsked,
    /// Several fulfillments may be it, or none: it must be named.
    WhichOne,
    /// The fulfillment was there before the call.
    Older(FulfillmentId),
    /// The fulfillment is another parcel's of ours.
    AnotherParcel(FulfillmentId),
    /// The fulfillment was taken back: nothing of the call is left.
    TakenBack(FulfillmentId),
    /// The fulfillment is none of those that may be it.
    NotAmong(FulfillmentId),
}

impl Shipments {
    /// The call that an effect asks a person about, with the fulfillments that may be it.
    #[must_use]
    pub fn asked(&self, asks: &EffectId) -> Option<(&Call, &[ShownFulfillment])> {
        match &self.stage {
            Stage::Unclear { call, asks: Some(known), candidates, .. } if known == asks => {
                Some((call, candidates))
            }
            _ => None,
        }
    }

    /// The fulfillment that the call became by a person's word; nothing when it was not executed.
    ///
    /// # Errors
    /// Why the word settles nothing.
    pub fn settled(
        &self,
        asks: &EffectId,
        said: Settled,
    ) -> Result<Option<FulfillmentId>, Unsettled> {
        let (call, candidates) = self.asked(asks).ok_or(Unsettled::NotAsked)?;
        let Settled::Applied(named) = said else { return Ok(None) };
        let live: Vec<_> = candidates.iter().filter(|one| !one.cancelled).collect();
        let meant = match (named, live.as_slice()) {
            (Some(named), _) => named,
            (None, [one]) => one.id,
            (None, _) => return Err(Unsettled::WhichOne),
        };
        if candidates.iter().any(|one| one.id == meant && one.cancelled) {
            return Err(Unsettled::TakenBack(meant));
        }
        if matches!(&call.kind, CallKind::Create { known, .. } if known.contains(&meant)) {
            return Err(Unsettled::Older(meant));
        }
        let mut ours = self.shipments.values().flat_map(|shipment| &shipment.sent);
        if ours.any(|sent| sent.fulfillment == meant) {
            return Err(Unsettled::AnotherParcel(meant));
        }
        // A full list may have left it out, and questions of earlier versions hold no list.
        let is_whole = (1..NAMED_MAX).contains(&candidates.len());
        if is_whole && candidates.iter().all(|one| one.id != meant) {
            return Err(Unsettled::NotAmong(meant));
        }
        Ok(Some(meant))
    }
}
