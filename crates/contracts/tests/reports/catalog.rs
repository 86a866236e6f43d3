use ErrorCode::{QuantityZero, Validation};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, Product, ProductComponent, ProductDeletion, ProductOption, ProductStatus,
};
use lockstep_contracts::convert::product::{deletion, product};

use crate::{Row, assert_refused, at, eur};

fn part(sku: &str, quantity: &str) -> ProductComponent {
    ProductComponent { sku: sku.to_owned(), quantity: quantity.to_owned() }
}

fn kit() -> Product {
    Product {
        event_id: "p-1".to_owned(),
        sku: "KIT".to_owned(),
        title: "Two tees".to_owned(),
        barcodes: vec!["5901234123457".to_owned()],
        options: vec![ProductOption { name: "Size".to_owned(), value: "M".to_owned() }],
        hs_code: "610910".to_owned(),
        origin_country: "PT".to_owned(),
        cost: eur("6.40"),
        price: eur("25"),
        components: vec![part("TEE", "2"), part("BOX", "0.5")],
        updated_at: at(),
        ..Product::default()
    }
}

#[test]
fn bad_products_are_refused() {
    let rows: &[Row<Product>] = &[
        ("no event id", |p| p.event_id.clear(), Validation, "event_id"),
        ("event id of 65", |p| p.event_id = "x".repeat(65), Validation, "event_id"),
        ("no SKU", |p| p.sku.clear(), Validation, "sku"),
        ("SKU of 256", |p| p.sku = "x".repeat(256), Validation, "sku"),
        ("id of 256", |p| p.product_id = "x".repeat(256), Validation, "product_id"),
        ("title of 256", |p| p.title = "x".repeat(256), Validation, "title"),
        ("title with a line break", |p| p.title = "a\nb".into(), Validation, "title"),
        ("style with a space", |p| p.style_id = " a".into(), Validation, "style_id"),
        ("unit of 65", |p| p.unit = "x".repeat(65), Validation, "unit"),
        ("tax class of 65", |p| p.tax_class = "x".repeat(65), Validation, "tax_class"),
        ("endless text", |p| p.description = "x".repeat(65_536), Validation, "description"),
        ("empty barcode", |p| p.barcodes.push(String::new()), Validation, "barcodes[1]"),
        ("21 barcodes", |p| p.barcodes = vec!["1".into(); 21], Validation, "barcodes"),
        ("4 options", |p| p.options = vec![p.options[0].clone(); 4], Validation, "options"),
        ("option without name", |p| p.options[0].name.clear(), Validation, "options[0].name"),
        ("option without value", |p| p.options[0].value.clear(), Validation, "options[0].value"),
        ("option twice", |p| p.options.push(p.options[0].clone()), Validation, "options[1].name"),
        ("HS code with points", |p| p.hs_code = "6109.10".into(), Validation, "hs_code"),
        ("small country", |p| p.origin_country = "pt".into(), Validation, "origin_country"),
        ("cost below zero", |p| p.cost = eur("-1"), Validation, "cost.amount"),
        ("price in words", |p| p.price = eur("ten"), Validation, "price.amount"),
        (
            "currency in small letters",
            |p| p.price.as_mut().unwrap().currency = "eur".into(),
            Validation,
            "price.currency",
        ),
        (
            "no currency",
            |p| p.price.as_mut().unwrap().currency.clear(),
            Validation,
            "price.currency",
        ),
        ("kit of itself", |p| p.components[0].sku = "KIT".into(), Validation, "components[0].sku"),
        ("part twice", |p| p.components[1].sku = "TEE".into(), Validation, "components[1].sku"),
        ("part without SKU", |p| p.components[1].sku.clear(), Validation, "components[1].sku"),
        (
            "none of a part",
            |p| p.components[1].quantity = "0".into(),
            QuantityZero,
            "components[1].quantity",
        ),
        (
            "less than none",
            |p| p.components[1].quantity = "-1".into(),
            Validation,
            "components[1].quantity",
        ),
        ("101 parts", |p| p.components = vec![part("A", "1"); 101], Validation, "components"),
        ("unknown status", |p| p.status = 9, Validation, "status"),
        ("no moment", |p| p.updated_at = None, Validation, "updated_at"),
    ];
    assert_refused(&kit(), product, rows);
}

#[test]
fn a_good_product_says_what_stock_needs() {
    let checked = product(&kit()).unwrap();
    let parts: Vec<_> =
        checked.components.iter().map(|c| (c.sku.as_str(), c.quantity.to_string())).collect();
    assert_eq!(parts, [("TEE", "2".to_owned()), ("BOX", "0.5".to_owned())]);
    assert!(!checked.made_to_order && !checked.is_archived);
    let price = checked.price.unwrap();
    assert_eq!((price.currency.as_str(), price.amount.ten_thousandths()), ("EUR", 250_000));
    let archived = Product { made_to_order: true, status: ProductStatus::Archived.into(), ..kit() };
    let checked = product(&archived).unwrap();
    assert!(checked.made_to_order && checked.is_archived);
}

#[test]
fn bad_deletions_are_refused() {
    let good =
        ProductDeletion { event_id: "d-1".to_owned(), sku: "TEE".to_owned(), deleted_at: at() };
    let rows: &[Row<ProductDeletion>] = &[
        ("no event id", |d| d.event_id.clear(), Validation, "event_id"),
        ("no SKU", |d| d.sku.clear(), Validation, "sku"),
        ("no moment", |d| d.deleted_at = None, Validation, "deleted_at"),
    ];
    assert_refused(&good, deletion, rows);
}
