//! `POST /stores/{id}/links`: many links at once, from a CSV file or as JSON.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use lockstep_contracts::catalog::v1::{LinkOrigin, LinkWish};
use lockstep_domain::{BackOfficeId, Sku, VariantId};
use serde::Serialize;
use serde_json::Value;

use super::{WISHES_MAX, wish};
use crate::body::AnyBody;
use crate::csv_text::meant;
use crate::extract::{PathParts, QueryParts};
use crate::fields::{self, Fields};
use crate::problem::{Code, Problem};
use crate::service::Shared;
use crate::view::link::RowView;

/// Rows of one file.
const ROWS_MAX: usize = 50_000;
/// Rows that the answer shows.
const SHOWN_MAX: usize = 1_000;

#[derive(Serialize)]
pub struct Imported {
    dry_run: bool,
    linked: usize,
    unchanged: usize,
    cut: usize,
    refused: usize,
    rows: Vec<RowView>,
    rows_left_out: usize,
}

/// A row that can be asked for, or why it cannot.
enum Row {
    Wish(usize, LinkWish),
    Refused(RowView),
}

/// One bad row never stops its neighbours: each is answered on its own.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
    body: AnyBody,
) -> Result<Json<Imported>, Problem> {
    let store = path.store()?;
    let dry_run = query.flag("dry_run")?;
    query.finish()?;
    console.registry.store(&store).await?;
    let (rows, origin) = match body {
        AnyBody::Csv(held) => (csv_rows(&held.bytes)?, LinkOrigin::Csv),
        AnyBody::Json(fields) => (json_rows(fields)?, LinkOrigin::Hand),
    };
    let mut done = Imported {
        dry_run,
        linked: 0,
        unchanged: 0,
        cut: 0,
        refused: 0,
        rows: Vec::new(),
        rows_left_out: 0,
    };
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let (mut numbers, mut wishes) = (Vec::new(), Vec::new());
        for row in rows.by_ref().take(WISHES_MAX) {
            match row {
                Row::Refused(row) => done.note(row),
                Row::Wish(number, wish) => {
                    numbers.push(number);
                    wishes.push(wish);
                }
            }
        }
        if wishes.is_empty() {
            continue;
        }
        let answers = wish(&console, &store, wishes, origin, dry_run).await?;
        numbers.into_iter().zip(answers).for_each(|(row, one)| done.note(RowView::new(row, one)));
    }
    done.rows.sort_by_key(RowView::row);
    Ok(Json(done))
}

impl Imported {
    fn note(&mut self, row: RowView) {
        match row.outcome() {
            "linked" => self.linked += 1,
            "cut" => self.cut += 1,
            "unchanged" => {
                self.unchanged += 1;
                return;
            }
            _ => self.refused += 1,
        }
        if self.rows.len() < SHOWN_MAX {
            self.rows.push(row);
        } else {
            self.rows_left_out += 1;
        }
    }
}

fn json_rows(mut fields: Fields) -> Result<Vec<Row>, Problem> {
    let read = |path: &str, value: Value| {
        let mut fields = Fields::try_new(path, value)?;
        let variant: VariantId =
            fields.need("variant_id", "give Shopify's variant id", fields::parsed)?;
        let backoffice = fields.take("backoffice", fields::text)?.value().unwrap_or_default();
        let sku = fields.take("sku", fields::text)?.value().unwrap_or_default();
        fields.finish()?;
        Ok((variant.get().to_string(), backoffice, sku))
    };
    let links = fields.need("links", "give a list of links", fields::list(ROWS_MAX, read))?;
    fields.finish()?;
    let rows = links.into_iter().enumerate();
    Ok(rows.map(|(index, (id, backoffice, sku))| row(index + 1, &id, &backoffice, &sku)).collect())
}

fn csv_rows(bytes: &[u8]) -> Result<Vec<Row>, Problem> {
    // Spreadsheets put a mark before UTF-8 text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut file = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = file.headers().map_err(|broken| malformed(&broken.to_string()))?;
    let column = |name: &str| {
        let found = header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        found.ok_or_else(|| malformed(&format!("the header has no column {name}")))
    };
    let columns = [column("variant_id")?, column("backoffice")?, column("sku")?];
    let mut rows = Vec::new();
    for record in file.records() {
        let record = record.map_err(|broken| malformed(&broken.to_string()))?;
        if rows.len() == ROWS_MAX {
            let detail = format!("the file has more than {ROWS_MAX} rows");
            return Err(Problem::new(Code::TooLarge, "", detail, "split it into several files"));
        }
        // Numbered as a spreadsheet numbers them: the header is row 1.
        let number = rows.len() + 2;
        let cell = |column: usize| meant(record.get(column).unwrap_or_default());
        let [variant, backoffice, sku] = columns.map(cell);
        rows.push(row(number, variant.trim(), backoffice.trim(), sku));
    }
    Ok(rows)
}

/// Back office and SKU both empty cut the links; a SKU is taken as it is, since white space around
/// it would be another code.
fn row(number: usize, variant: &str, backoffice: &str, sku: &str) -> Row {
    let refused = |field: &str, found: &str, fix: String| {
        let found: String = found.chars().take(80).collect();
        Row::Refused(RowView::refused(number, field, format!("{field} is {found:?}"), &fix))
    };
    let variant_id = match VariantId::from_str(variant) {
        Ok(id) => id.get(),
        Err(why) => return refused("variant_id", variant, why.to_string()),
    };
    if !(backoffice.is_empty() && sku.is_empty()) {
        if let Err(why) = BackOfficeId::try_new(backoffice) {
            return refused("backoffice", backoffice, why.to_string());
        }
        if let Err(why) = Sku::try_new(sku) {
            return refused("sku", sku, why.to_string());
        }
    }
    let (backoffice, sku) = (backoffice.to_owned(), sku.to_owned());
    Row::Wish(number, LinkWish { variant_id, backoffice, sku })
}

fn malformed(detail: &str) -> Problem {
    let fix = "begin the file with a header line: variant_id,backoffice,sku";
    Problem::new(Code::MalformedCsv, "", detail, fix)
}
