//! What a person must decide about the codes of a linked item: while it stands, nothing is written.

use serde::{Deserialize, Serialize};

use super::event::LevelEvent;
use super::state::Level;
use crate::catalog::ConflictKind;

/// What was heard of the conflict of an item's variant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doubtful {
    /// What must be decided; nothing when there is nothing any more.
    pub kind: Option<ConflictKind>,
    /// The highest revision that was heard.
    pub revision: u64,
}

impl Doubtful {
    pub(super) fn is_unheard(&self) -> bool {
        *self == Self::default()
    }
}

impl Level {
    /// Why nothing of the item is written, wherever it is stocked.
    #[must_use]
    pub fn parked_by(&self) -> Option<ConflictKind> {
        self.doubtful.kind.filter(|kind| kind.parks())
    }
}

/// Of two words the one with the higher revision holds.
pub(super) fn hear(level: &Level, told: Doubtful) -> Option<LevelEvent> {
    (told.revision > level.doubtful.revision).then_some(LevelEvent::ConflictHeard(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::level::LevelCommand;
    use crate::testing::{apply, given};

    fn told(kind: Option<ConflictKind>, revision: u64) -> LevelCommand {
        LevelCommand::HearConflict(Doubtful { kind, revision })
    }

    #[test]
    fn codes_in_doubt_park_an_item_until_a_later_word() {
        let changed = told(Some(ConflictKind::Changed), 3);
        let level = apply::<Level>(Level::default(), &changed);
        assert_eq!(level.parked_by(), Some(ConflictKind::Changed));
        given::<Level>().after([changed.clone()]).when(&changed).then_silent();
        given::<Level>().after([changed]).when(&told(None, 2)).then_silent();
        let level = apply::<Level>(level, &told(Some(ConflictKind::Taken), 4));
        assert_eq!(level.parked_by(), None, "about a link that was not made");
        let level = apply::<Level>(level, &told(Some(ConflictKind::Twin), 5));
        let level = apply::<Level>(level, &told(None, 6));
        assert_eq!(level.parked_by(), None);
    }
}
