//! `/stores/{id}/links`. product-sync owns the links; here they are asked for.

pub mod cut;
pub mod import;
pub mod list;
pub mod set;

use axum::Json;
use lockstep_contracts::catalog::v1::{
    ChangeLinksRequest, LinkAnswer, LinkOrigin, LinkWish, ListLinksRequest, ListLinksResponse,
};
use lockstep_domain::{StoreId, VariantId};
use serde::Serialize;

use crate::asking::ask;
use crate::problem::{Code, Problem};
use crate::service::Console;
use crate::view::link::outcome;

/// The service that owns links.
const OWNER: &str = "product-sync";
/// Wishes that product-sync takes at once.
const WISHES_MAX: usize = 250;

/// What became of one wish.
#[derive(Serialize)]
pub struct LinkChanged {
    variant_id: String,
    backoffice: String,
    sku: String,
    outcome: &'static str,
    dry_run: bool,
}

fn variant(text: &str) -> Result<VariantId, Problem> {
    text.parse().map_err(|refused: lockstep_domain::ids::InvalidId| {
        let shown: String = text.chars().take(80).collect();
        let detail = format!("{shown:?} is no variant id");
        Problem::validation("variant_id", detail, refused.to_string())
    })
}

/// Asks for up to [`WISHES_MAX`] changes; one answer per wish, in their order.
async fn wish(
    console: &Console,
    store: &StoreId,
    wishes: Vec<LinkWish>,
    origin: LinkOrigin,
    dry_run: bool,
) -> Result<Vec<LinkAnswer>, Problem> {
    let count = wishes.len();
    let origin = origin.into();
    let request = ChangeLinksRequest { store: store.to_string(), wishes, origin, dry_run };
    let subject = ChangeLinksRequest::subject();
    let answers = ask(&*console.parts.ask, OWNER, subject, &request).await?.answers;
    if answers.len() == count {
        return Ok(answers);
    }
    let detail = format!("product-sync answered {} of {count} wishes", answers.len());
    let fix = "run the same version of every service, then send the same again";
    Err(Problem::new(Code::Internal, "", detail, fix))
}

/// One change by hand; a refusal is a problem with product-sync's own code.
async fn wish_one(
    console: &Console,
    store: &StoreId,
    one: LinkWish,
    dry_run: bool,
) -> Result<Json<LinkChanged>, Problem> {
    let sent = one.clone();
    let answers = wish(console, store, vec![one], LinkOrigin::Hand, dry_run).await?;
    let answer = answers.into_iter().next().unwrap_or_default();
    match outcome(answer.outcome) {
        "refused" => {
            Err(Problem::new(Code::PassedOn(answer.code), answer.field, answer.message, answer.fix))
        }
        outcome => Ok(Json(LinkChanged {
            variant_id: sent.variant_id.to_string(),
            backoffice: sent.backoffice,
            sku: sent.sku,
            outcome,
            dry_run,
        })),
    }
}

/// A page of links above a variant id.
async fn page(
    console: &Console,
    store: &StoreId,
    after: i64,
    limit: u32,
) -> Result<ListLinksResponse, Problem> {
    let request = ListLinksRequest { store: store.to_string(), after_variant_id: after, limit };
    ask(&*console.parts.ask, OWNER, ListLinksRequest::subject(), &request).await
}
