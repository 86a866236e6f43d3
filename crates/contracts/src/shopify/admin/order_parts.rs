//! Pieces of an order's answers, read into the domain's forms.

use lockstep_domain::order::facts::{
    AtLocation, FulfillmentOrderLine, LineDetails, LineNumbers, Money, MoneyPair, RefundLine,
    RefundLineMoney, Restock,
};
use lockstep_domain::{InventoryItemId, LineItemId, LocationId, VariantId};
use serde_json::Value;

use super::document::{DecodeError, Document};
use super::read;

/// A value inside an answer, with its path for refusals.
#[derive(Clone)]
pub(super) struct Node<'v> {
    document: &'static Document,
    pub value: &'v Value,
    path: String,
}

impl<'v> Node<'v> {
    pub(super) fn new(document: &'static Document, value: &'v Value, path: &str) -> Self {
        Self { document, value, path: path.to_owned() }
    }

    pub(super) fn wrong(&self, key: &str) -> DecodeError {
        self.document.missing(format!("{}.{key}", self.path))
    }

    /// An object; nothing when it is null or absent.
    pub(super) fn find(&self, key: &str) -> Option<Self> {
        let value = read::object(self.value, key)?;
        Some(Self { document: self.document, value, path: format!("{}.{key}", self.path) })
    }

    pub(super) fn object(&self, key: &str) -> Result<Self, DecodeError> {
        self.find(key).ok_or_else(|| self.wrong(key))
    }

    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = Self> + use<'v> {
        let (document, path) = (self.document, format!("{}.{key}", self.path));
        let values = read::list(self.value, key).iter().enumerate();
        let present = values.filter(|(_, value)| value.is_object());
        present.map(move |(index, value)| Self {
            document,
            value,
            path: format!("{path}[{index}]"),
        })
    }

    pub(super) fn id<T: std::str::FromStr>(&self) -> Result<T, DecodeError> {
        read::id(self.value, self.document, &self.path)
    }

    /// The id of an object below; nothing when there is none.
    pub(super) fn id_of<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, DecodeError> {
        self.find(key).map(|node| node.id()).transpose()
    }

    pub(super) fn units(&self, key: &str) -> Result<i64, DecodeError> {
        let units = read::number(self.value, key).filter(|units| *units >= 0);
        units.ok_or_else(|| self.wrong(key))
    }

    pub(super) fn text(&self, key: &str) -> String {
        read::text(self.value, key).unwrap_or_default()
    }

    pub(super) fn moment(&self, key: &str) -> Result<jiff::Timestamp, DecodeError> {
        read::time(self.value, key).ok_or_else(|| self.wrong(key))
    }

    pub(super) fn optional_moment(
        &self,
        key: &str,
    ) -> Result<Option<jiff::Timestamp>, DecodeError> {
        match self.value.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.moment(key).map(Some),
        }
    }

    pub(super) fn money(&self, key: &str) -> Result<MoneyPair, DecodeError> {
        let set = self.object(key)?;
        let shop = set.object("shopMoney")?.one_currency()?;
        let presentment = set.object("presentmentMoney")?.one_currency()?;
        Ok(MoneyPair { shop, presentment })
    }

    fn one_currency(&self) -> Result<Money, DecodeError> {
        // Shopify writes amounts as text, and has written numbers.
        let amount = match self.value.get("amount") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Number(number)) => number.to_string().parse().ok(),
            _ => None,
        };
        let currency = read::filled(self.value, "currencyCode");
        Ok(Money {
            amount: amount.ok_or_else(|| self.wrong("amount"))?,
            currency: currency.ok_or_else(|| self.wrong("currencyCode"))?,
        })
    }
}

/// A line of an order.
pub(super) fn line(node: &Node<'_>) -> Result<(LineNumbers, LineDetails), DecodeError> {
    let id: LineItemId = node.id()?;
    let variant = node.find("variant");
    let item = match &variant {
        Some(variant) => variant.id_of::<InventoryItemId>("inventoryItem")?,
        None => None,
    };
    let numbers = LineNumbers {
        line: id,
        variant: variant.map(|variant| variant.id::<VariantId>()).transpose()?,
        item,
        quantity: node.units("quantity")?,
        current: node.units("currentQuantity")?,
        open: node.units("unfulfilledQuantity")?,
        fulfilled: Vec::new(),
    };
    let unit_price = node.money("originalUnitPriceSet")?;
    let sum = |key: &str, set: &str| -> Result<MoneyPair, DecodeError> {
        let amounts = node.list(key).map(|one| one.money(set)).collect::<Result<Vec<_>, _>>()?;
        Ok(MoneyPair::sum(amounts).unwrap_or_else(|| unit_price.zero()))
    };
    let details = LineDetails {
        line: id,
        sku: node.text("sku"),
        title: title(&node.text("title"), &node.text("variantTitle")),
        requires_shipping: read::flag(node.value, "requiresShipping").unwrap_or(true),
        discount: sum("discountAllocations", "allocatedAmountSet")?,
        tax: sum("taxLines", "priceSet")?,
        unit_price,
    };
    Ok((numbers, details))
}

/// Shopify calls a product's only variant `Default Title`.
fn title(product: &str, variant: &str) -> String {
    match variant {
        "" | "Default Title" => product.to_owned(),
        variant => format!("{product} / {variant}"),
    }
}

/// A line of a refund.
pub(super) fn refund_line(node: &Node<'_>) -> Result<(RefundLine, RefundLineMoney), DecodeError> {
    let restock = match node.text("restockType").as_str() {
        "NO_RESTOCK" => Restock::NoRestock,
        "CANCEL" => Restock::Cancel,
        // The old form of a refund: what came back had been sent.
        "RETURN" | "LEGACY_RESTOCK" => Restock::Return,
        _ => return Err(node.wrong("restockType")),
    };
    let location = node.id_of::<LocationId>("location")?;
    let location = location.filter(|_| restock != Restock::NoRestock);
    let line = node.object("lineItem")?.id()?;
    let tax = node.money("totalTaxSet")?;
    let amount = MoneyPair::sum([node.money("subtotalSet")?, tax.clone()]).unwrap_or(tax);
    let refunded = RefundLine { line, units: node.units("quantity")?, restock, location };
    Ok((refunded, RefundLineMoney { line, restock, location, amount }))
}

/// A line of a fulfillment that was sent from a location.
pub(super) fn sent_line(
    node: &Node<'_>,
    location: Option<LocationId>,
) -> Result<(LineItemId, AtLocation), DecodeError> {
    let line = node.object("lineItem")?.id()?;
    Ok((line, AtLocation { location, units: node.units("quantity")? }))
}

/// A line of a fulfillment order.
pub(super) fn routed_line(node: &Node<'_>) -> Result<FulfillmentOrderLine, DecodeError> {
    Ok(FulfillmentOrderLine {
        id: node.id()?,
        line: node.object("lineItem")?.id()?,
        remaining: node.units("remainingQuantity")?,
    })
}
