//! What a back office is told of the refunds of an order.

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
    /// The refunds that back offices are still to be told of. Who is told of what is decided once
    /// for the whole refund, so that units that move later take no old refund with them: each line
    /// goes to the back office that is to send it, or had it; what was refunded beside the lines
    /// of others goes to the first of them, and money alone to the first that was told of the
    /// order.
    #[must_use]
    pub fn refunds_to_tell(&self, rules: &StoreOrders, codes: &dyn Codes) -> Vec<ToldRefund> {
        let (Some(facts), Some(details)) = (&self.facts, &self.details) else { return Vec::new() };
        let mut told = Vec::new();
        for refund in &facts.refunds {
            if self.refunds_told.iter().any(|(known, _)| *known == refund.id) {
                continue;
            }
            let Some(money) = details.refunds.iter().find(|r| r.id == refund.id) else { continue };
            let view = RefundView { order: self, rules, refund, money, codes };
            told.extend(view.told());
        }
        told
    }

    /// The one back office that a line's refund belongs to: the one that is to send the line, else
    /// the one that was ever asked to, else the first that was told of it.
    fn refund_taker(&self, line: LineItemId) -> Option<&BackOfficeId> {
        let knows = |part: &Part| part.content.lines.iter().any(|l| l.line.line == line);
        let serves = |part: &Part| {
            matches!(part.content.request, Request::Fulfil | Request::Hold) && knows(part)
        };
        let asked = |part: &Part| part.most(line) > 0;
        let first = |is_taker: &dyn Fn(&Part) -> bool| {
            self.parts.iter().find(|(_, part)| is_taker(part)).map(|(warehouse, _)| warehouse)
        };
        let found = first(&serves).or_else(|| first(&asked)).or_else(|| first(&knows));
        found.map(|warehouse| &warehouse.backoffice)
    }

    /// Whether a line is never served by anybody, since nothing of it is shipped.
    fn is_unshipped(&self, line: LineItemId) -> bool {
        let details = self.details.as_ref().and_then(|details| details.line(line));
        details.is_some_and(|line| !line.requires_shipping)
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
    /// What each back office is told, the one that takes the rest first.
    fn told(&self) -> Vec<ToldRefund> {
        let mut takers: Vec<(&BackOfficeId, Vec<ToldRefundLine>)> = Vec::new();
        for line in &self.refund.lines {
            let Some(taker) = self.order.refund_taker(line.line) else { continue };
            let told = self.line(line, taker);
            match takers.iter_mut().find(|(known, _)| *known == taker) {
                Some((_, lines)) => lines.push(told),
                None => takers.push((taker, vec![told])),
            }
        }
        if takers.is_empty() && self.refund.lines.iter().all(|l| self.order.is_unshipped(l.line)) {
            let first = self.order.parts.keys().map(|warehouse| &warehouse.backoffice).next();
            takers.extend(first.map(|first| (first, Vec::new())));
        }
        let sum = |lines: &[ToldRefundLine]| {
            MoneyPair::sum(lines.iter().filter_map(|line| line.amount.clone()))
        };
        let of_others = MoneyPair::sum(takers.iter().skip(1).filter_map(|(_, lines)| sum(lines)));
        let rest = match of_others {
            Some(others) => self.money.amount.less(&others),
            None => self.money.amount.clone(),
        };
        let mut rest = Some(rest);
        let one = |(backoffice, lines): (&BackOfficeId, Vec<ToldRefundLine>)| ToldRefund {
            backoffice: backoffice.clone(),
            refund: self.refund.id,
            at: self.refund.at,
            amount: rest.take().or_else(|| sum(&lines)),
            lines,
        };
        takers.into_iter().map(one).collect()
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
