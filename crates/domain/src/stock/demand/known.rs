//! What the lines of an item come to at one of its levels.

use jiff::Timestamp;

use super::state::{Demand, Line, LineSaid};
use crate::ids::{LocationId, Warehouse};
use crate::stock::level::KnownLine;

impl Demand {
    /// The lines that are kept, as they count at a level. `counts` tells of a warehouse, and of the
    /// location at which Shopify counts its units if that is another one, whether it stands behind
    /// the level; nothing where it does and its units are in no pool. Nothing is told of a level
    /// whose sales are not known.
    #[must_use]
    pub fn known_lines(
        &self,
        counts: impl Fn(&Warehouse, Option<LocationId>) -> Option<bool>,
    ) -> Option<Vec<KnownLine>> {
        let said = self.lines.values().filter_map(|line| Some((line, line.said.as_ref()?)));
        // A line that was settled and left counts for good.
        let told = said.filter(|(_, said)| !said.settled);
        told.map(|(line, said)| line.known(said, &counts)).collect()
    }

    /// The newest word about a line that was let go.
    #[must_use]
    pub const fn gone(&self) -> Option<Timestamp> {
        self.gone
    }
}

impl Line {
    fn known(
        &self,
        said: &LineSaid,
        counts: &impl Fn(&Warehouse, Option<LocationId>) -> Option<bool>,
    ) -> Option<KnownLine> {
        let (mut here, mut open, mut sold) = (0_i64, 0_i64, 0_i64);
        for share in said.shares.iter().filter(|share| share.sold > 0) {
            sold = sold.saturating_add(share.sold);
            let Some(warehouse) = &share.warehouse else { continue };
            if counts(warehouse, share.counted_at)? {
                here = here.saturating_add(share.sold);
                open = open.saturating_add(share.sold.saturating_sub(share.fulfilled).max(0));
            }
        }
        for ((warehouse, counted_at), units) in self.dropped(said) {
            if counts(warehouse, *counted_at)? {
                here = here.saturating_add(units);
            }
        }
        let had = self.places.values().fold(0_i64, |sum, had| sum.saturating_add(had.most()));
        let gone = said.removed.saturating_add(said.dropped);
        let most = said.ordered.max(sold.saturating_add(gone)).max(had).max(here);
        Some(KnownLine { as_of: said.as_of, here, open, most, unrouted: said.unrouted() })
    }
}
