//! `/stores/{id}/locations`.

pub mod list;
pub mod map;

use lockstep_contracts::settings::v1::LocationMapping;
use lockstep_contracts::shopify::admin::Location;
use serde::Serialize;

use crate::view::settings::MappingView;

/// A location of Shopify beside its mapping.
#[derive(Serialize)]
pub struct LocationView {
    #[serde(flatten)]
    mapping: MappingView,
    name: String,
    exists: bool,
    is_active: bool,
}

impl LocationView {
    fn new(location: &Location, mapping: Option<LocationMapping>) -> Self {
        let unmapped =
            || LocationMapping { location_id: location.id.get(), ..LocationMapping::default() };
        Self {
            mapping: MappingView::new(mapping.unwrap_or_else(unmapped)),
            name: location.name.clone(),
            exists: true,
            is_active: location.is_active,
        }
    }

    /// One that is mapped and that Shopify no longer has.
    fn gone(mapping: LocationMapping) -> Self {
        let mapping = MappingView::new(mapping);
        Self { mapping, name: String::new(), exists: false, is_active: false }
    }
}
