//! `lockstep orders`.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::hint;
use super::output::{Shown, clean, plain};
use super::session::{Path, Session};
use super::shipments::{self, Shipment};

#[derive(Args)]
pub struct Orders {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: OrdersCommand,
}

#[derive(Subcommand)]
enum OrdersCommand {
    /// Orders of a store, and where each stands with the back offices
    #[command(after_help = LIST_HELP)]
    List {
        /// Id of the store
        store: String,
        /// Only those that stand so
        #[arg(long, value_name = "STANDING")]
        standing: Option<OrderStanding>,
    },
    /// One order: what its warehouses were told, its lines, and what was shipped of it
    #[command(after_help = "Example:\n  lockstep orders show north:6120000000001")]
    Show {
        /// Key of the order, `STORE:ORDER_ID`; `lockstep orders list` shows it
        key: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum OrderStanding {
    /// Every unit that is shipped was told to a back office
    Told,
    /// Something keeps it, or units of it, from the back offices
    Parked,
}

const LIST_HELP: &str = "\
An order is told when every unit that is shipped was told to a back office; parked when something
keeps it from them, and WHY says what. OPEN are the units that a warehouse is still to send.

Examples:
  lockstep orders list north
  lockstep orders list north --standing parked";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Order {
    order_key: String,
    name: String,
    created_at: Value,
    financial_status: String,
    fulfillment_status: String,
    standing: String,
    parked: Vec<Reason>,
    parts: Vec<Part>,
    answers: Vec<Answer>,
    waiting: Vec<Waiting>,
    lines: Vec<Line>,
    cancelling: bool,
    unread: bool,
    redacted: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    message: String,
    fix: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    warehouse: String,
    request: String,
    reason: String,
    quantity: i64,
    open: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    backoffice: String,
    answer: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Waiting {
    backoffice: String,
    event_id: String,
    report: String,
    since: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    line_id: String,
    sku: String,
    title: String,
    shares: Vec<Share>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Share {
    location_id: String,
    warehouse: String,
    sold: i64,
    fulfilled: i64,
    accepted: i64,
    released: i64,
}

#[derive(Deserialize)]
struct OneOrder {
    order: Order,
    #[serde(default)]
    shipments: Vec<Shipment>,
    #[serde(default)]
    silent: Vec<String>,
}

impl Orders {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            OrdersCommand::List { store, standing } => {
                let standing = standing.map(|standing| match standing {
                    OrderStanding::Told => "told",
                    OrderStanding::Parked => "parked",
                });
                let path = Path::try_new(&["stores", &store, "orders"])?;
                let path = path.query_some("standing", standing);
                let Some(found) = session.list::<Order>(&path, "orders").await? else {
                    return Ok(ExitCode::SUCCESS);
                };
                let mut shown = Shown::default();
                if found.is_empty() {
                    shown.remark("no orders");
                } else {
                    let header = [
                        "ORDER",
                        "NAME",
                        "PLACED",
                        "PAYMENT",
                        "FULFILLMENT",
                        "STANDING",
                        "OPEN",
                        "WHY",
                    ];
                    shown.table(header, found.iter().map(Order::row).collect());
                }
                shown.print()?;
            }
            OrdersCommand::Show { key } => {
                let path = Path::try_new(&["orders", &key])?;
                let answer = session.call(Method::GET, &path).send().await?;
                session.show(&answer, |one: OneOrder, shown| one.show(shown))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Order {
    fn row(&self) -> [String; 8] {
        let open = self.parts.iter().filter(|part| part.open > 0);
        let open: Vec<_> = open.map(|part| format!("{} {}", part.warehouse, part.open)).collect();
        [
            self.order_key.clone(),
            self.name.clone(),
            plain(&self.created_at),
            lower(&self.financial_status),
            lower(&self.fulfillment_status),
            self.standing.clone(),
            open.join(", "),
            self.why(),
        ]
    }

    fn why(&self) -> String {
        let mut reasons: Vec<_> = self.parked.iter().map(Reason::words).collect();
        let waiting = self.waiting.iter();
        reasons.extend(
            waiting
                .map(|one| format!("{} {} of {} waits", one.report, one.event_id, one.backoffice)),
        );
        reasons.join("; ")
    }
}

impl Reason {
    fn words(&self) -> String {
        match self.fix.as_str() {
            "" => self.message.clone(),
            fix => format!("{}: {}", self.message, hint::in_commands(&clean(fix))),
        }
    }
}

impl OneOrder {
    fn show(self, shown: &mut Shown) {
        let Self { order, shipments, silent } = self;
        let answers: Vec<_> =
            order.answers.iter().map(|one| format!("{} {}", one.backoffice, one.answer)).collect();
        let mut facts = vec![
            ("order", order.order_key.clone()),
            ("name", order.name.clone()),
            ("placed", plain(&order.created_at)),
            ("payment", lower(&order.financial_status)),
            ("fulfillment", lower(&order.fulfillment_status)),
            ("standing", order.standing.clone()),
            ("answers", answers.join(", ")),
        ];
        facts.extend(order.parked.iter().map(|reason| ("parked", reason.words())));
        facts.extend(order.waiting.iter().map(|one| {
            let Waiting { backoffice, event_id, report, since } = one;
            ("waiting", format!("{report} {event_id} of {backoffice}, since {}", plain(since)))
        }));
        let notes = [
            (order.unread, "Shopify is asked about it again"),
            (order.cancelling, "a back office asked to cancel it; Shopify does not show it yet"),
            (order.redacted, "its personal data was erased"),
        ];
        let notes = notes.into_iter().filter(|(is_so, _)| *is_so);
        facts.extend(notes.map(|(_, note)| ("note", note.to_owned())));
        shown.facts(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        order.tables(shown);
        if !shipments.is_empty() {
            shown.line("");
            shipments::table(shown, &shipments);
        }
        if !silent.is_empty() {
            shown.remark(format!("no answer from: {}", silent.join(", ")));
        }
    }
}

impl Order {
    fn tables(&self, shown: &mut Shown) {
        if !self.parts.is_empty() {
            shown.line("");
            let rows = self.parts.iter().map(|part| {
                let Part { warehouse, request, reason, quantity, open } = part;
                [
                    warehouse.clone(),
                    request.clone(),
                    quantity.to_string(),
                    open.to_string(),
                    reason.clone(),
                ]
            });
            let header = ["WAREHOUSE", "TOLD TO", "UNITS", "OPEN", "REASON"];
            shown.table(header, rows.collect());
        }
        let shares = self.lines.iter().flat_map(|line| {
            line.shares.iter().map(|share| {
                [
                    line.sku.clone(),
                    line.title.clone(),
                    line.line_id.clone(),
                    share.location_id.clone(),
                    share.warehouse.clone(),
                    share.sold.to_string(),
                    share.accepted.to_string(),
                    share.fulfilled.to_string(),
                    share.released.to_string(),
                ]
            })
        });
        let rows: Vec<_> = shares.collect();
        if !rows.is_empty() {
            shown.line("");
            let header = [
                "SKU",
                "TITLE",
                "LINE",
                "LOCATION",
                "WAREHOUSE",
                "SOLD",
                "ACCEPTED",
                "FULFILLED",
                "RELEASED",
            ];
            shown.table(header, rows);
        }
    }
}

/// Shopify's word as a person reads it.
fn lower(word: &str) -> String {
    word.to_lowercase().replace('_', " ")
}
