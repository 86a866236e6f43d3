//! Bulk operations as they are polled.

use super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::record::Obj;
use super::{Front, text};
use crate::bulk::{self, BulkOperation, Status};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::{Answer, Out};
use crate::ids::gid;
use crate::search::Held;

/// A field of `BulkOperation`.
#[must_use]
pub fn operation(front: &Front<'_>, number: i64, field: &str) -> Option<Out<Obj>> {
    let shop = &front.shop;
    let Some(one) = shop.bulks.get(&number) else {
        return Some(Out::Null);
    };
    let file = bulk::result(shop, front.now, one);
    let size = || {
        let text = one.file.as_ref().and_then(|name| shop.files.get(name)?.text.as_deref());
        text.map(|text| text.len().to_string())
    };
    let url = |wanted: bool| {
        let name = file.as_ref().filter(|_| wanted);
        let url = name.map(|name| format!("{}/{}/{name}?sig=1", front.base, shop.domain));
        Out::leaf(url)
    };
    Some(match field {
        "id" => Out::leaf(gid("BulkOperation", number)),
        "status" => Out::leaf(status(front, one)),
        "type" => Out::leaf(kind(one)),
        "query" => Out::leaf(one.text.as_str()),
        "errorCode" => Out::leaf(one.error.clone().filter(|_| one.status == Status::Failed)),
        "createdAt" => Out::leaf(seconds_text(one.created_at)),
        "completedAt" => Out::leaf(one.completed_at.map(seconds_text)),
        "objectCount" => Out::leaf(one.objects.to_string()),
        "rootObjectCount" => Out::leaf(one.roots.to_string()),
        "fileSize" => Out::leaf(size()),
        "url" => url(one.status == Status::Completed),
        "partialDataUrl" => url(one.status == Status::Failed),
        _ => return None,
    })
}

fn kind(one: &BulkOperation) -> &'static str {
    if one.input.is_some() { "MUTATION" } else { "QUERY" }
}

/// What has ended is expired when its file is.
fn status(front: &Front<'_>, one: &BulkOperation) -> &'static str {
    let fetched = one.file.is_none() || bulk::result(front.shop, front.now, one).is_some();
    if fetched { one.status.as_str() } else { "EXPIRED" }
}

/// The newest operation of a kind.
pub fn current(front: &Front<'_>, arguments: &Arguments) -> Out<Obj> {
    let asked = text(arguments, "type").unwrap_or("QUERY");
    let newest = front.shop.bulks.values().rev().find(|one| kind(one) == asked);
    Out::maybe(newest.map(|one| Obj::Bulk(one.id)))
}

/// The root connection `bulkOperations`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn operations(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let key = text(arguments, "sortKey").unwrap_or("CREATED_AT");
    let mut elements = Vec::new();
    for one in front.shop.bulks.values() {
        let found = query.finds(one.created_at, |term| {
            let held = match term.field.as_deref() {
                Some("id") => Held::Number(one.id),
                Some("created_at") => Held::Moment(one.created_at),
                Some("status") => Held::Word(status(front, one).to_owned()),
                Some("operation_type") => Held::Word(kind(one).to_owned()),
                field => return Err(unknown_field("bulk operations", field.unwrap_or("text"))),
            };
            Ok(held.matches(term))
        })?;
        let sort = match key {
            "CREATED_AT" => Sort::Time(one.created_at),
            "ID" => Sort::Id,
            key => return Err(unknown_sort("bulk operations", key)),
        };
        if found {
            elements.push(Element { sort, id: one.id, object: Obj::Bulk(one.id) });
        }
    }
    connection(front, "BulkOperation", elements, arguments)
}
