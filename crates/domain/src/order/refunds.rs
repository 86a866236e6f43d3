//! What a back office is told of the refunds of an order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::{MoneyPair, Refund, RefundDetails, RefundLine, RefundLineMoney, Restock};
use super::parts::{Codes, Part, Request};
use super::settings::StoreOrders;
use super::state::Order;
use crate::ids::{BackOfficeId, LineItemId, RefundId, Sku, Warehouse};

/// A refund as a back office is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRefund {
    /// The back office.
    pub backoffice: BackOfficeId,
    /// The refund.
    pub refund: RefundId,
    /// When it was made.
    pub at: Timestamp,
    /// Its lines, as far as the back office serves them.
    pub lines: Vec<ToldRefundLine>,
    /// What was refunded in all, as far as it is the back office's.
    pub amount: Option<MoneyPair>,
}

/// Refunded units of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRefundLine {
    /// The line.
    pub line: LineItemId,
    /// The back office's code; nothing without a link.
    pub sku: Option<Sku>,
    /// Units.
    pub units: i64,
    /// How they come back.
    pub restock: Restock,
    /// Warehouse at whose location they come back.
    pub warehouse: Option<Warehouse>,
    /// What was refunded for them, with tax.
    pub amount: Option<MoneyPair>,
}

impl Order {
    /// The refunds that a back office is still to be told of. Each goes to the back offices that
    /// serve its lines, money alone to the first that was told of the order.
    #[must_use]
    pub fn refunds_to_tell(&self, rules: &StoreOrders, codes: &dyn Codes) -> Vec<ToldRefund> {
        let (Some(facts), Some(details)) = (&self.facts, &self.details) else { return Vec::new() };
        let backoffices: BTreeSet<_> = self.parts.keys().map(|w| w.backoffice.clone()).collect();
        let mut told = Vec::new();
        for refund in &facts.refunds {
            let Some(money) = details.refunds.iter().find(|r| r.id == refund.id) else { continue };
            for backoffice in &backoffices {
                if self.refunds_told.contains(&(refund.id, backoffice.clone())) {
                    continue;
                }
                let view = RefundView { order: self, rules, refund, money, codes };
                told.extend(view.told_to(backoffice, &backoffices));
            }
        }
        told
    }

    /// The one back office that a line's refund belongs to.
    fn refund_taker(&self, line: LineItemId) -> Option<&BackOfficeId> {
        let serves = |part: &&(&Warehouse, &Part)| {
            part.1.content.lines.iter().any(|l| l.line.line == line)
                && part.1.content.request != Request::Inform
        };
        let had =
            |part: &&(&Warehouse, &Part)| part.1.content.lines.iter().any(|l| l.line.line == line);
        let parts: Vec<_> = self.parts.iter().collect();
        let found = parts.iter().find(serves).or_else(|| parts.iter().find(had));
        found.map(|(warehouse, _)| &warehouse.backoffice)
    }
}

struct RefundView<'v> {
    order: &'v Order,
    rules: &'v StoreOrders,
    refund: &'v Refund,
    money: &'v RefundDetails,
    codes: &'v dyn Codes,
}

impl RefundView<'_> {
    fn told_to(
        &self,
        backoffice: &BackOfficeId,
        all: &BTreeSet<BackOfficeId>,
    ) -> Option<ToldRefund> {
        let is_theirs =
            |line: &LineItemId| self.order.refund_taker(*line).is_some_and(|b| b == backoffice);
        let lines: Vec<_> = self
            .refund
            .lines
            .iter()
            .filter(|line| is_theirs(&line.line))
            .map(|line| self.line(line, backoffice))
            .collect();
        let is_first = all.first() == Some(backoffice);
        if lines.is_empty() && !(self.refund.lines.is_empty() && is_first) {
            return None;
        }
        // Part of it is another's: then the lines tell the amount.
        let is_whole = lines.len() == self.refund.lines.len();
        let of_lines = || MoneyPair::sum(lines.iter().filter_map(|line| line.amount.clone()));
        let amount = if is_whole { Some(self.money.amount.clone()) } else { of_lines() };
        Some(ToldRefund {
            backoffice: backoffice.clone(),
            refund: self.refund.id,
            at: self.refund.at,
            lines,
            amount,
        })
    }

    fn line(&self, line: &RefundLine, backoffice: &BackOfficeId) -> ToldRefundLine {
        let variant =
            self.order.facts.as_ref().and_then(|f| f.line(line.line)).and_then(|l| l.variant);
        let served = line.location.and_then(|location| self.rules.serving(location));
        let theirs = |w: &&Warehouse| w.backoffice == *backoffice;
        let warehouse = served.and_then(|s| s.warehouses.iter().find(theirs)).cloned();
        let comes_back = line.restock != Restock::NoRestock;
        let is_it = |m: &&RefundLineMoney| {
            (m.line, m.restock, m.location) == (line.line, line.restock, line.location)
        };
        ToldRefundLine {
            line: line.line,
            sku: variant.and_then(|v| self.codes.sku(v, backoffice)),
            units: line.units,
            restock: line.restock,
            warehouse: warehouse.filter(|_| comes_back),
            amount: self.money.lines.iter().find(is_it).map(|m| m.amount.clone()),
        }
    }
}
