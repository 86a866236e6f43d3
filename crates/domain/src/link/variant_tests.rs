//! Links of a variant: accepted, refused, repeated.

use super::{LinkOrigin, VariantLink, VariantLinkCommand, VariantLinkEvent, VariantLinkRejection};
use crate::ids::InventoryItemId;
use crate::testing::{apply, at, given, id};

const ITEM: InventoryItemId = InventoryItemId(7);

fn link(backoffice: &str, sku: &str, origin: LinkOrigin) -> VariantLinkCommand {
    VariantLinkCommand::LinkVariant {
        inventory_item: ITEM,
        backoffice: id(backoffice),
        sku: id(sku),
        origin,
        at: at(1),
    }
}

fn cut(backoffice: Option<&str>) -> VariantLinkCommand {
    let backoffice = backoffice.map(id);
    VariantLinkCommand::CutLink { backoffice, origin: LinkOrigin::Hand, at: at(2) }
}

fn linked(backoffice: &str, sku: &str, origin: LinkOrigin) -> VariantLinkEvent {
    VariantLinkEvent::VariantLinked {
        inventory_item: ITEM,
        backoffice: id(backoffice),
        sku: id(sku),
        origin,
        at: at(1),
    }
}

fn unlinked(backoffice: &str, sku: &str, seconds: i64) -> VariantLinkEvent {
    VariantLinkEvent::VariantUnlinked {
        inventory_item: ITEM,
        backoffice: id(backoffice),
        sku: id(sku),
        origin: LinkOrigin::Hand,
        at: at(seconds),
    }
}

#[test]
fn a_variant_is_linked_once_per_back_office() {
    let first = link("wms", "A1", LinkOrigin::SkuMatch);
    given::<VariantLink>().when(&first).then(&[linked("wms", "A1", LinkOrigin::SkuMatch)]);
    given::<VariantLink>()
        .after([first.clone()])
        .when(&link("wms", "A1", LinkOrigin::Hand))
        .then_silent();
    let state = given::<VariantLink>()
        .after([first])
        .when(&link("erp", "900", LinkOrigin::Hand))
        .then(&[linked("erp", "900", LinkOrigin::Hand)]);
    assert_eq!(state.links.len(), 2);
    assert_eq!(state.inventory_item, Some(ITEM));
}

#[test]
fn a_person_replaces_a_link_and_a_sync_does_not() {
    let history = || [link("wms", "A1", LinkOrigin::SkuMatch)];
    for origin in [LinkOrigin::SkuMatch, LinkOrigin::BarcodeMatch, LinkOrigin::NameMatch] {
        given::<VariantLink>()
            .after(history())
            .when(&link("wms", "A2", origin))
            .then_refused(&VariantLinkRejection::AlreadyLinked { sku: id("A1") });
    }
    given::<VariantLink>()
        .after(history())
        .when(&link("wms", "A2", LinkOrigin::Hand))
        .then(&[unlinked("wms", "A1", 1), linked("wms", "A2", LinkOrigin::Hand)]);
}

#[test]
fn links_are_cut_one_by_one_or_all_at_once() {
    let history = || [link("wms", "A1", LinkOrigin::Csv), link("erp", "900", LinkOrigin::Csv)];
    given::<VariantLink>()
        .after(history())
        .when(&cut(Some("wms")))
        .then(&[unlinked("wms", "A1", 2)]);
    given::<VariantLink>()
        .after(history())
        .when(&cut(None))
        .then(&[unlinked("erp", "900", 2), unlinked("wms", "A1", 2)]);
    given::<VariantLink>().when(&cut(Some("wms"))).then_silent();
    given::<VariantLink>().when(&cut(None)).then_silent();
}

#[test]
fn the_history_is_kept_with_its_origin_and_bounded() {
    let mut state = VariantLink::default();
    for n in 0..120 {
        let sku = format!("A{n}");
        state = apply::<VariantLink>(state, &link("wms", &sku, LinkOrigin::Csv));
    }
    assert_eq!(state.history.len(), 100);
    let last = state.history.back().expect("a history");
    assert_eq!((last.sku.as_str(), last.linked), ("A119", true));
    assert_eq!(last.origin.as_str(), "csv");
    assert_eq!(state.links.len(), 1);
}

#[test]
fn a_person_confirms_a_link_whatever_its_codes_are_by_now() {
    let confirm =
        |origin| VariantLinkCommand::ConfirmLink { backoffice: id("wms"), origin, at: at(1) };
    let first = || [link("wms", "A1", LinkOrigin::SkuMatch)];
    let state = given::<VariantLink>()
        .after(first())
        .when(&confirm(LinkOrigin::Hand))
        .then(&[linked("wms", "A1", LinkOrigin::Hand)]);
    assert_eq!(state.origin(&id("wms")), Some(LinkOrigin::Hand));
    given::<VariantLink>().after(first()).when(&confirm(LinkOrigin::SkuMatch)).then_silent();
    given::<VariantLink>().when(&confirm(LinkOrigin::Hand)).then_silent();
}
