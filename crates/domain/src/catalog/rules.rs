//! *CatalogRules*: what the settings of a store say of its catalogue. Keyed by store.

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::BackOfficeId;

/// A back office whose codes the variants of a store are linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// Its id.
    pub id: BackOfficeId,
    /// Whether it owns stock numbers; otherwise it owns products alone.
    pub owns_stock: bool,
}

/// The adopted settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogRules {
    /// Revision of the settings; grows.
    pub revision: u64,
    /// Back offices with stock or products, by id.
    pub offices: Vec<Office>,
}

/// Adopts settings; an older revision is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRulesCommand {
    /// Revision of the settings.
    pub revision: u64,
    /// Back offices with stock or products.
    pub offices: Vec<Office>,
}

/// A fact of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CatalogRulesEvent {
    /// Settings were adopted.
    RulesAdopted {
        /// Their revision.
        revision: u64,
        /// Back offices with stock or products.
        offices: Vec<Office>,
    },
}

impl Decider for CatalogRules {
    type State = Self;
    type Command = CatalogRulesCommand;
    type Event = CatalogRulesEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &CatalogRulesCommand,
    ) -> Result<Vec<CatalogRulesEvent>, Self::Rejection> {
        let CatalogRulesCommand { revision, offices } = command.clone();
        let is_news = revision > state.revision && offices != state.offices;
        Ok(is_news
            .then_some(CatalogRulesEvent::RulesAdopted { revision, offices })
            .into_iter()
            .collect())
    }

    fn evolve(_: Self, event: &CatalogRulesEvent) -> Self {
        let CatalogRulesEvent::RulesAdopted { revision, offices } = event.clone();
        Self { revision, offices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{given, id};

    #[test]
    fn only_news_of_a_newer_revision_is_adopted() {
        let adopt = |revision, name: &str| CatalogRulesCommand {
            revision,
            offices: vec![Office { id: id(name), owns_stock: true }],
        };
        let state = given::<CatalogRules>().after([adopt(3, "wms")]).when(&adopt(2, "erp"));
        assert_eq!(state.then_silent().offices[0].id, id("wms"));
        given::<CatalogRules>().after([adopt(3, "wms")]).when(&adopt(4, "wms")).then_silent();
        let state = given::<CatalogRules>().after([adopt(3, "wms")]).when(&adopt(4, "erp"));
        assert_eq!(state.then_accepted().offices[0].id, id("erp"));
    }
}
