//! Orders, fulfillments and refunds of a store, read by its Admin API.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Shop, Shopify};
use crate::cast::STORES;
use crate::json::{at, id, list, text};
use crate::trade::{Line, LineId, Parcel, Refunded, Trade};

const ORDERS_QUERY: &str = "query DemoOrders {
  orders(first: 30) {
    nodes {
      legacyResourceId
      lineItems(first: 5) { nodes { id sku unfulfilledQuantity } pageInfo { hasNextPage } }
      fulfillments(first: 10) {
        status
        trackingInfo { number }
        fulfillmentLineItems(first: 5) { nodes { quantity lineItem { id } } }
      }
      refunds(first: 5) {
        legacyResourceId
        refundLineItems(first: 5) { nodes { quantity restockType lineItem { id } } }
      }
    }
    pageInfo { hasNextPage }
  }
}";

impl Shopify {
    /// The lines of every order, as the stand-in keeps them. For following the story, which must
    /// not take the stores' points from Lockstep: the comparison at the end reads the Admin API.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn order_lines(&self) -> Result<Trade> {
        let mut trade = Trade::default();
        for store in STORES {
            let seen = self.http.get(&format!("/_standin/{}", store.domain)).await?;
            for order in list(&seen, "orders") {
                let order_key = format!("{}:{}", store.id, id(order, "id")?);
                for line in list(order, "lines") {
                    let units = |name: &str| id(line, name);
                    let (shipped, sku) = (units("fulfilled")?, text(line, "sku")?);
                    // `cancelled` is whatever was taken off before it left.
                    let open = units("quantity")? - shipped - units("cancelled")?;
                    let key = (order_key.clone(), units("id")?.to_string());
                    trade.lines.insert(key, Line { sku, shipped, open });
                }
            }
        }
        Ok(trade)
    }

    /// Every order of one store, by the Admin GraphQL API.
    ///
    /// # Errors
    /// When the query fails or the page is not the only one.
    pub async fn admin_orders(&self, shop: &Shop) -> Result<Trade> {
        let answer = self.admin(shop, &json!({ "query": ORDERS_QUERY })).await?;
        let page = at(&answer, "/data/orders");
        if at(page, "/pageInfo/hasNextPage") != false {
            bail!("the store has more orders than one page: {answer}");
        }
        let mut trade = Trade::default();
        for order in list(page, "nodes") {
            let order_key = format!("{}:{}", shop.store.id, text(order, "legacyResourceId")?);
            add(&mut trade, &order_key, order)
                .with_context(|| format!("the order {order_key} is not as expected"))?;
        }
        Ok(trade)
    }
}

fn add(trade: &mut Trade, order_key: &str, order: &Value) -> Result<()> {
    let key = |line: &Value| -> Result<LineId> { Ok((order_key.to_owned(), number(line)?)) };
    if at(order, "/lineItems/pageInfo/hasNextPage") != false {
        bail!("it has more lines than one page");
    }
    for line in list(at(order, "/lineItems"), "nodes") {
        let open = id(line, "unfulfilledQuantity")?;
        trade.lines.insert(key(line)?, Line { sku: text(line, "sku")?, shipped: 0, open });
    }
    let standing = |one: &&Value| at(one, "/status") == "SUCCESS";
    for fulfillment in list(order, "fulfillments").filter(standing) {
        let mut units = BTreeMap::new();
        for one in list(at(fulfillment, "/fulfillmentLineItems"), "nodes") {
            let (line, quantity) = (at(one, "/lineItem"), id(one, "quantity")?);
            units.insert(number(line)?, quantity);
            let known = trade.lines.get_mut(&key(line)?).context("a line of the order")?;
            known.shipped += quantity;
        }
        let numbers = list(fulfillment, "trackingInfo").map(|one| text(one, "number"));
        let numbers: Vec<String> = numbers.collect::<Result<_>>()?;
        let (order_key, tracking_number) = (order_key.to_owned(), numbers.join(" "));
        trade.parcels.push(Parcel { order_key, tracking_number, units });
    }
    for refund in list(order, "refunds") {
        let refund_id = text(refund, "legacyResourceId")?;
        for one in list(at(refund, "/refundLineItems"), "nodes") {
            trade.refunded.push(Refunded {
                order_key: order_key.to_owned(),
                refund_id: refund_id.clone(),
                line_id: number(at(one, "/lineItem"))?,
                quantity: id(one, "quantity")?,
                restock: text(one, "restockType")?,
            });
        }
    }
    Ok(())
}

/// The number at the end of a GID.
fn number(object: &Value) -> Result<String> {
    let gid = text(object, "id")?;
    let number = gid.rsplit('/').next().filter(|number| !number.is_empty());
    number.map(str::to_owned).with_context(|| format!("{gid} has no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_with_its_parcels_and_refunds() {
        let line = json!({ "id": "gid://shopify/LineItem/7" });
        let parcel = |status: &str, number: &str, quantity: i64| {
            json!({
                "status": status, "trackingInfo": [{ "number": number }],
                "fulfillmentLineItems": { "nodes": [{ "quantity": quantity, "lineItem": line }] },
            })
        };
        let order = json!({
            "lineItems": {
                "nodes": [{ "id": "gid://shopify/LineItem/7", "sku": "MUG-1",
                    "unfulfilledQuantity": 1 }],
                "pageInfo": { "hasNextPage": false },
            },
            "fulfillments": [parcel("SUCCESS", "A-1", 2), parcel("CANCELLED", "A-2", 1),
                parcel("SUCCESS", "A-3", 1)],
            "refunds": [{ "legacyResourceId": "9", "refundLineItems": { "nodes": [
                { "quantity": 1, "restockType": "RETURN", "lineItem": line }] } }],
        });
        let mut trade = Trade::default();
        add(&mut trade, "north:1", &order).expect("a good order");
        let lines: Vec<_> = trade.lines.values().map(|line| (line.shipped, line.open)).collect();
        assert_eq!(lines, [(3, 1)], "what was cancelled has not left");
        let numbers: Vec<_> =
            trade.parcels.iter().map(|one| one.tracking_number.as_str()).collect();
        assert_eq!(numbers, ["A-1", "A-3"]);
        assert_eq!(trade.refunded.len(), 1);
        assert_eq!(trade.shipped("north:1"), 3);
    }
}
