//! The lines of orders, and what back offices are told of them, as messages.

use lockstep_domain::order::facts::{Money, MoneyPair, Restock};
use lockstep_domain::order::{
    AcceptedAt, LineFacts, OrderLines, PartContent, PartLine, RefundedUnits, Request, Share,
    ToldRefund, ToldRefundLine,
};
use lockstep_domain::{OrderId, ShopDomain, StoreId, Warehouse};

use crate::backoffice::v1 as feed;
use crate::orders::v1 as proto;
use crate::time::to_proto;

/// The key by which back offices name an order.
#[must_use]
pub fn order_key(store: &StoreId, order: OrderId) -> String {
    format!("{store}:{order}")
}

/// The lines of an order, for everybody.
#[must_use]
pub fn lines_changed(
    store: &StoreId,
    order: OrderId,
    revision: u64,
    lines: &OrderLines,
) -> proto::OrderLinesChanged {
    proto::OrderLinesChanged {
        store: store.to_string(),
        order_id: order.get(),
        revision,
        as_of: Some(to_proto(lines.as_of)),
        routed: lines.routed,
        cancelled: lines.cancelled,
        lines: lines.lines.iter().map(line).collect(),
    }
}

fn line(line: &LineFacts) -> proto::OrderLineFacts {
    proto::OrderLineFacts {
        line_id: line.line.get(),
        variant_id: line.variant.map_or(0, |id| id.get()),
        inventory_item_id: line.item.map_or(0, |id| id.get()),
        quantity: line.quantity,
        removed: line.removed,
        refunded: line.refunded.iter().map(refunded).collect(),
        shares: line.shares.iter().map(share).collect(),
    }
}

fn refunded(units: &RefundedUnits) -> proto::RefundedUnits {
    proto::RefundedUnits {
        refund_id: units.refund.get(),
        quantity: units.units,
        restock_type: restock(units.restock).into(),
        location_id: units.location.map_or(0, |id| id.get()),
        after_fulfillment: units.after_fulfillment,
        refunded_at: Some(to_proto(units.at)),
    }
}

fn share(share: &Share) -> proto::LineShare {
    proto::LineShare {
        location_id: share.location.map_or(0, |id| id.get()),
        warehouse: share.warehouse.as_ref().map(ToString::to_string).unwrap_or_default(),
        sold: share.sold,
        fulfilled: share.fulfilled,
        accepted: share.accepted,
        released: share.released,
        reported_at: share.reported_at.map(to_proto),
        served_by_location_id: share.served_by.map_or(0, |id| id.get()),
        steps: share.steps.iter().map(accepted).collect(),
    }
}

fn accepted(step: &AcceptedAt) -> proto::AcceptedUnits {
    proto::AcceptedUnits { at: Some(to_proto(step.at)), quantity: step.units }
}

/// How refunded units come back.
#[must_use]
pub const fn restock(restock: Restock) -> feed::RestockType {
    match restock {
        Restock::NoRestock => feed::RestockType::NoRestock,
        Restock::Cancel => feed::RestockType::Cancel,
        Restock::Return => feed::RestockType::Return,
    }
}

/// What is asked of a back office.
#[must_use]
pub const fn request(request: Request) -> feed::OrderRequest {
    match request {
        Request::Fulfil => feed::OrderRequest::Fulfil,
        Request::Hold => feed::OrderRequest::Hold,
        Request::Cancel => feed::OrderRequest::Cancel,
        Request::Inform => feed::OrderRequest::Inform,
    }
}

/// The order that a back office is told of.
#[derive(Clone, Copy, Debug)]
pub struct Named<'n> {
    /// Its store.
    pub store: &'n StoreId,
    /// Shopify's name of the store; empty when it is not known.
    pub shop_domain: &'n str,
    /// Shopify's id of the order.
    pub order: OrderId,
}

/// What a warehouse is told of an order. The contact is not in it.
#[must_use]
pub fn feed_order(
    named: Named<'_>,
    (warehouse, revision): (&Warehouse, u32),
    part: &PartContent,
    updated_at: jiff::Timestamp,
) -> feed::FeedOrder {
    let details = &part.order.details;
    let shop_domain = ShopDomain::try_new(named.shop_domain).map(|d| d.to_string());
    feed::FeedOrder {
        order_key: order_key(named.store, named.order),
        revision,
        store: named.store.to_string(),
        shop_domain: shop_domain.unwrap_or_default(),
        order_name: details.name.clone(),
        created_at: Some(to_proto(details.created_at)),
        updated_at: Some(to_proto(updated_at)),
        request: request(part.request).into(),
        reason: part.reason.clone(),
        financial_status: details.financial.clone(),
        fulfillment_status: details.fulfillment.clone(),
        warehouse_code: warehouse.code.to_string(),
        shipping_process: part.shipping_process.clone(),
        lines: part.lines.iter().map(feed_line).collect(),
        shipping_lines: details.shipping_lines.iter().map(shipping_line).collect(),
        total: Some(money_pair(&details.total)),
        tags: details.tags.iter().cloned().collect(),
        test: details.test,
        contact: None,
    }
}

fn feed_line(line: &PartLine) -> feed::FeedOrderLine {
    let fulfillment_order_line = line.fulfillment_order_line.map(|id| id.to_string());
    feed::FeedOrderLine {
        line_id: line.line.line.to_string(),
        fulfillment_order_line_id: fulfillment_order_line.unwrap_or_default(),
        sku: line.sku.as_ref().map(ToString::to_string).unwrap_or_default(),
        shopify_sku: line.line.sku.clone(),
        title: line.line.title.clone(),
        quantity: line.quantity,
        quantity_open: line.open,
        unit_price: Some(money_pair(&line.line.unit_price)),
        discount: Some(money_pair(&line.line.discount)),
        tax: Some(money_pair(&line.line.tax)),
        requires_shipping: line.line.requires_shipping,
    }
}

fn shipping_line(line: &lockstep_domain::order::facts::ShippingLine) -> feed::FeedShippingLine {
    feed::FeedShippingLine {
        title: line.title.clone(),
        code: line.code.clone(),
        price: Some(money_pair(&line.price)),
    }
}

/// What a back office is told of a refund.
#[must_use]
pub fn feed_refund(store: &StoreId, order: OrderId, told: &ToldRefund) -> feed::FeedRefund {
    feed::FeedRefund {
        order_key: order_key(store, order),
        refund_id: told.refund.to_string(),
        refunded_at: Some(to_proto(told.at)),
        lines: told.lines.iter().map(refund_line).collect(),
        amount: told.amount.as_ref().map(money_pair),
    }
}

fn refund_line(line: &ToldRefundLine) -> feed::FeedRefundLine {
    feed::FeedRefundLine {
        line_id: line.line.to_string(),
        sku: line.sku.as_ref().map(ToString::to_string).unwrap_or_default(),
        quantity: line.units,
        restock_type: restock(line.restock).into(),
        warehouse_code: line.warehouse.as_ref().map(|w| w.code.to_string()).unwrap_or_default(),
        amount: line.amount.as_ref().map(money_pair),
    }
}

fn money_pair(pair: &MoneyPair) -> feed::MoneyPair {
    feed::MoneyPair { shop: Some(money(&pair.shop)), presentment: Some(money(&pair.presentment)) }
}

fn money(money: &Money) -> feed::Money {
    feed::Money { amount: money.amount.to_string(), currency: money.currency.clone() }
}
