//! Orders of both stores, served from one shelf: promised, picked, sent in parcels, refunded,
//! cancelled, and one whose webhook is an hour late.

use anyhow::Result;
use serde_json::{Value, json};

use super::Play;
use crate::cast::{BERLIN, NORTH, SOUTH, Store};
use crate::setup::World;
use crate::shopify::Order;
use crate::trade::Trade;
use crate::wait::until;

/// How much too late the late webhook arrives.
const LATE_SECONDS: u64 = 3600;

impl World<'_> {
    /// All of it. What is promised at the end and not sent yet stays so: the table shows it.
    pub(super) async fn trade(&self, play: Play) -> Result<()> {
        self.tell.part("Orders of both stores, from one shelf");
        let late = self.order_with_a_webhook_an_hour_late().await?;
        let (north, south) = self.both_stores_sell(play).await?;
        self.in_two_parcels(play, &north).await?;
        self.send_all(play, &south).await?;
        self.refund_what_is_not_sent(play).await?;
        self.refund_what_came_back(play, &north).await?;
        self.refund_without_restock(play, &south).await?;
        self.cancel(play).await?;
        self.late_webhook_arrives(play, &late).await
    }

    /// The creation of an order is heard of last of all: everything else about it comes before.
    async fn order_with_a_webhook_an_hour_late(&self) -> Result<Order> {
        let late = json!({
            "fault": "webhook_hold", "topic": "orders/create", "seconds": LATE_SECONDS,
        });
        self.shopify.fault(&NORTH, late).await?;
        let order = self.buys(&NORTH, "BOOK-1", 2, "Berlin").await?;
        self.tell.detail("Its first webhook, orders/create, gets stuck on the way.");
        Ok(order)
    }

    async fn late_webhook_arrives(&self, play: Play, order: &Order) -> Result<()> {
        self.shopify.fault(&NORTH, json!({ "fault": "webhook_release" })).await?;
        self.tell
            .say(format!("The webhook that created order {} arrives, an hour late.", order.name));
        self.send_all(play, order).await
    }

    /// The same shelf is sold in two stores at once.
    async fn both_stores_sell(&self, play: Play) -> Result<(Order, Order)> {
        let north = self.buys(&NORTH, "CLOCK-1", 3, "Berlin").await?;
        let south = self.buys(&SOUTH, "CLOCK-1", 2, "Depot").await?;
        for order in [&north, &south] {
            self.asked_for(play, order).await?;
            self.wms.accept(&order.key).await?;
        }
        self.tell.detail("Berlin promises both.");
        Ok((north, south))
    }

    async fn in_two_parcels(&self, play: Play, order: &Order) -> Result<()> {
        let [first, second] = [order.quantity - 1, 1];
        for (number, quantity) in [(1, first), (2, second)] {
            let pieces = order.pieces(BERLIN, quantity);
            let tracking_number = format!("LS-{}-{number}", order.order_id);
            self.wms.pick(pieces).await?;
            self.wms.ship(pieces, &tracking_number).await?;
            self.tell.say(format!(
                "Berlin sends {quantity} of order {} with number {tracking_number}.",
                order.name
            ));
            let sent = if number == 1 { first } else { order.quantity };
            self.shows(play, order, "the parcel", |trade| trade.shipped(&order.key) == sent)
                .await?;
        }
        Ok(())
    }

    /// Promises what is not promised yet, picks all, and sends it in one parcel.
    pub(super) async fn send_all(&self, play: Play, order: &Order) -> Result<()> {
        self.asked_for(play, order).await?;
        if self.wms.ledger().await?.is_unpromised(&order.key) {
            self.wms.accept(&order.key).await?;
        }
        let pieces = order.pieces(BERLIN, order.quantity);
        self.wms.pick(pieces).await?;
        let tracking_number = format!("LS-{}-1", order.order_id);
        self.wms.ship(pieces, &tracking_number).await?;
        self.tell.detail(format!(
            "Berlin promises, picks and sends order {} with number {tracking_number}.",
            order.name
        ));
        Ok(())
    }

    /// Restock type `cancel`: the units go back before they left. The rest stays promised.
    async fn refund_what_is_not_sent(&self, play: Play) -> Result<()> {
        let order = self.buys(&NORTH, "MUG-1", 5, "Berlin").await?;
        self.asked_for(play, &order).await?;
        self.wms.accept(&order.key).await?;
        self.refund(&NORTH, &order, (2, "cancel", "Berlin")).await?;
        self.tell
            .say("Two of the mugs are refunded before they left; Berlin still promises three.");
        self.told_of_refund(play, &order).await
    }

    /// Restock type `return`: a sent unit is on the shelf again, on both sides.
    async fn refund_what_came_back(&self, play: Play, order: &Order) -> Result<()> {
        self.refund(&NORTH, order, (1, "return", "Berlin")).await?;
        self.wms.take_back(order.pieces(BERLIN, 1)).await?;
        self.tell
            .say(format!("A clock of order {} comes back, in north and in Berlin.", order.name));
        self.told_of_refund(play, order).await
    }

    /// Restock type `no_restock`: money alone, no number changes.
    async fn refund_without_restock(&self, play: Play, order: &Order) -> Result<()> {
        let left = |trade: &Trade| trade.shipped(&order.key) == order.quantity;
        self.shows(play, order, "the parcel", left).await?;
        self.refund(&SOUTH, order, (1, "no_restock", "Depot")).await?;
        self.tell.say(format!("A clock of order {} is refunded and stays away.", order.name));
        self.told_of_refund(play, order).await
    }

    async fn cancel(&self, play: Play) -> Result<()> {
        let order = self.buys(&SOUTH, "DESK-1", 1, "Depot").await?;
        self.asked_for(play, &order).await?;
        self.wms.accept(&order.key).await?;
        let body = json!({ "order": order.order_id, "restock": true });
        self.shopify.act(&SOUTH, "cancel", body).await?;
        self.tell
            .say(format!("Berlin promises order {}, and the customer cancels it.", order.name));
        let what = "the warehouse gave the cancelled order up";
        until(what, play.step_wait(), async || {
            Ok(self.wms.ledger().await?.gave_up(&order.key).then_some(()))
        })
        .await?;
        self.tell.detail("Berlin agrees, and promises nothing of it any more.");
        Ok(())
    }

    async fn buys(&self, store: &Store, sku: &str, quantity: i64, location: &str) -> Result<Order> {
        let order = self.shopify.checkout(store, sku, quantity, location).await?;
        let (name, id) = (&order.name, store.id);
        self.tell.say(format!("A customer buys {quantity} of {sku} in {id} (order {name})."));
        Ok(order)
    }

    async fn refund(
        &self,
        store: &Store,
        order: &Order,
        (quantity, restock_type, location): (i64, &str, &str),
    ) -> Result<Value> {
        let line = json!({
            "line_item_id": order.line_id.parse::<i64>()?, "quantity": quantity,
            "restock_type": restock_type, "location": location,
        });
        let body = json!({ "order": order.order_id, "lines": [line] });
        self.shopify.act(store, "refund", body).await
    }

    /// Waits until the warehouse read in its feed that it shall send an order.
    async fn asked_for(&self, play: Play, order: &Order) -> Result<()> {
        let what = format!("the warehouse is asked for order {}", order.key);
        until(&what, play.step_wait(), async || {
            Ok(self.wms.ledger().await?.is_asked_for(&order.key).then_some(()))
        })
        .await
    }

    async fn told_of_refund(&self, play: Play, order: &Order) -> Result<()> {
        let what = format!("the warehouse is told of the refund of {}", order.key);
        until(&what, play.step_wait(), async || {
            Ok(self.wms.ledger().await?.knows_refund(&order.key).then_some(()))
        })
        .await
    }

    /// Waits until a store shows something about an order.
    async fn shows(
        &self,
        play: Play,
        order: &Order,
        what: &str,
        is_so: impl Fn(&Trade) -> bool,
    ) -> Result<()> {
        let what = format!("the store shows {what} of order {}", order.key);
        until(&what, play.step_wait(), async || {
            Ok(is_so(&self.shopify.order_lines().await?).then_some(()))
        })
        .await
    }
}
