//! What identifiers accept and refuse.

use proptest::prelude::*;

use super::*;

#[test]
fn short_ids_are_lower_case_letters_digits_and_hyphens() {
    for good in ["a", "7", "shop-1", "a-", &"x".repeat(32)] {
        assert_eq!(StoreId::try_new(good).map(|id| id.to_string()), Ok(good.to_owned()));
    }
    for bad in ["", "-a", "A", "a b", "a_b", "é", "a/b", &"x".repeat(33)] {
        let refused = Err(InvalidId::NotAShortId { what: "back office id" });
        assert_eq!(BackOfficeId::try_new(bad), refused, "{bad}");
    }
}

#[test]
fn a_sku_may_be_any_text_that_two_systems_compare_alike() {
    let longest = "é".repeat(255);
    for good in ["A.1", "*", ">", "👕-XL", "a b", "%", longest.as_str()] {
        assert_eq!(Sku::try_new(good).map(|sku| sku.to_string()), Ok(good.to_owned()));
    }
    let length = InvalidId::Length { what: "SKU", max: 255 };
    assert_eq!(Sku::try_new(""), Err(length.clone()));
    assert_eq!(Sku::try_new("x".repeat(500)), Err(length));
    for untrimmed in [" A1", "A1 ", "\u{a0}A1", "A1\u{3000}"] {
        assert_eq!(Sku::try_new(untrimmed), Err(InvalidId::Untrimmed { what: "SKU" }));
    }
    for control in ["A\n1", "A\u{0}1", "\u{7f}"] {
        assert_eq!(Sku::try_new(control), Err(InvalidId::ControlCharacter { what: "SKU" }));
    }
}

#[test]
fn event_ids_and_warehouse_codes_have_at_most_64_characters() {
    assert!(EventId::try_new("x".repeat(64)).is_ok());
    assert!(EventId::try_new("x".repeat(65)).is_err());
    assert!(WarehouseCode::try_new("x".repeat(64)).is_ok());
    let refused = WarehouseCode::try_new("x".repeat(65)).expect_err("too long");
    assert_eq!(refused.to_string(), "a warehouse code has 1 to 64 characters");
}

#[test]
fn a_shop_domain_is_anchored_at_both_ends_and_stored_in_lower_case() {
    let domain = ShopDomain::try_new("My-Shop1.MyShopify.com").expect("valid");
    assert_eq!(domain.as_str(), "my-shop1.myshopify.com");
    for bad in [
        "",
        ".myshopify.com",
        "-a.myshopify.com",
        "a.b.myshopify.com",
        "a_b.myshopify.com",
        "a.myshopify.com.evil.example",
        "a.myshopify.com/",
        "a.myshopify.com\n",
        "https://a.myshopify.com",
        "a.shopify.com",
        "é.myshopify.com",
    ] {
        assert_eq!(bad.parse::<ShopDomain>(), Err(InvalidId::NotAShopDomain), "{bad}");
    }
}

#[test]
fn shopify_ids_are_read_as_numbers_and_as_gids() {
    let item = InventoryItemId(42);
    assert_eq!(item.gid(), "gid://shopify/InventoryItem/42");
    assert_eq!("42".parse(), Ok(item));
    assert_eq!("gid://shopify/InventoryItem/42".parse(), Ok(item));
    for bad in
        ["", "0", "-1", "+1", "1.0", "x", "gid://shopify/Location/42", "99999999999999999999"]
    {
        let refused = Err(InvalidId::NotAGid { kind: "InventoryItem" });
        assert_eq!(bad.parse::<InventoryItemId>(), refused, "{bad}");
    }
    assert_eq!(VariantId(1).gid(), "gid://shopify/ProductVariant/1");
    assert_eq!(LocationId(1).gid(), "gid://shopify/Location/1");
    assert_eq!(ProductId(1).gid(), "gid://shopify/Product/1");
}

#[test]
fn a_warehouse_is_written_with_its_back_office() {
    let warehouse: Warehouse = "wms/W/1".parse().expect("valid");
    assert_eq!((warehouse.backoffice.as_str(), warehouse.code.as_str()), ("wms", "W/1"));
    assert_eq!(warehouse.to_string(), "wms/W/1");
    assert!("W1".parse::<Warehouse>().is_err());
    assert!("wms/".parse::<Warehouse>().is_err());
}

proptest! {
    /// No text makes a constructor panic, and what is accepted is kept as it is.
    #[test]
    fn any_text_is_accepted_as_it_is_or_refused(text in any::<String>()) {
        for kept in [
            Sku::try_new(&*text).map(|id| id.to_string()),
            EventId::try_new(&*text).map(|id| id.to_string()),
            StoreId::try_new(&*text).map(|id| id.to_string()),
        ].into_iter().flatten() {
            prop_assert_eq!(&kept, &text);
        }
        // The domain is the one identifier that is brought to a normal form.
        if let Ok(domain) = ShopDomain::try_new(&text) {
            prop_assert_eq!(domain.as_str(), text.to_ascii_lowercase());
        }
        if let Ok(item) = text.parse::<InventoryItemId>() {
            prop_assert_eq!(item.gid().parse(), Ok(item));
        }
    }
}
