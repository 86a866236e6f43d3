//! What a step reads: from Shopify, from stock-sync, from the service's own listings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::admin::{
    BULK_COST, DecodeError, VARIANTS_COUNT_COST, VARIANTS_PAGE_COST, VARIANTS_PER_PAGE, Variant,
    VariantsPage, decode_variants_count, decode_variants_page,
};
use lockstep_contracts::stock::v1::KnowsSkusRequest;
use lockstep_domain::catalog::code::spellings;
use lockstep_domain::catalog::job::Cost;
use lockstep_domain::catalog::{Candidate, Forecast, Near, Seen, Stage};
use lockstep_domain::{BackOfficeId, Sku, StoreId, VariantId};
use lockstep_ports::{AdminErrorKind, AdminRequest, EffectRow, PortError, Urgency};
use lockstep_runtime::{Aggregate, Sent, Stop, ask};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::{Context, Does, SCANNED};
use super::{AWAY_WAIT, Syncer, files};
use crate::aggregates::ListingKind;

/// Codes in one question.
const CODES_MAX: usize = 500;
/// One question is waited for so long.
const QUESTION_MAX: Duration = Duration::from_secs(2);
/// And after this no further one is asked in the same step: the effect's lease goes on.
const QUESTIONS_MAX: SignedDuration = SignedDuration::from_secs(5);
/// A store that does not let us in is asked again after this.
const ACCESS_WAIT: Duration = Duration::from_secs(60);

/// A page, with what stock-sync knows of its codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRead {
    /// The variants, in Shopify's order.
    pub variants: Vec<VariantRead>,
    /// Shopify's cursor of the next page.
    pub next: Option<String>,
}

/// A variant as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantRead {
    /// Shopify's id.
    pub id: VariantId,
    /// What was seen of it.
    pub seen: Seen,
}

/// Makes the step's reads. The error is an outcome, too: it was not read.
pub async fn send(
    syncer: &Syncer,
    store: &StoreId,
    effect: &EffectRow,
    context: &Context,
) -> Result<Sent, Sent> {
    match &context.does {
        Does::Count => {
            let data = call(syncer, store, effect, context).await?;
            let variants = decode_variants_count(&data).map_err(|e| unreadable(&e))?;
            let left = syncer.shopify.budget_left(store);
            let first = syncer.bulk_from.first(variants, left);
            answered(&Counted { variants, first })
        }
        Does::Page { after, offices, .. } => {
            let data = call(syncer, store, effect, context).await?;
            let page = decode_variants_page(&data).map_err(|e| unreadable(&e))?;
            if page.next.is_some() && page.next == *after {
                return Err(Sent::Refused("Shopify's pages of variants do not end".to_owned()));
            }
            let known = known_codes(syncer, &page.variants, offices).await?;
            answered(&page_read(page, &known))
        }
        Does::File { step, offices } => {
            files::send(syncer, store, (effect, context), (step, offices)).await
        }
        Does::Stop { .. } => call(syncer, store, effect, context).await.map(Sent::Answered),
        Does::Scan { stage } => {
            let after = match stage {
                Stage::Sweep { after } | Stage::BySku { after } | Stage::ByBarcode { after } => {
                    after
                }
                Stage::Count | Stage::Read { .. } | Stage::File { .. } => {
                    return Err(Sent::Refused("no listings are read in this stage".to_owned()));
                }
            };
            let prefix = format!("{store}/");
            let rows = syncer.store.scan(ListingKind::KIND, &prefix, after, SCANNED as u32).await;
            let rows = rows.map_err(|e| away("the database", &e))?;
            let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
            answered(&ids)
        }
    }
}

pub(super) fn answered(what: &impl Serialize) -> Result<Sent, Sent> {
    let value = serde_json::to_value(what);
    value.map(Sent::Answered).map_err(|e| Sent::Refused(format!("what was read: {e}")))
}

pub(super) async fn call(
    syncer: &Syncer,
    store: &StoreId,
    effect: &EffectRow,
    context: &Context,
) -> Result<Value, Sent> {
    let request = AdminRequest {
        operation: context.operation.clone(),
        body: effect.request.clone(),
        cost: context.cost,
        urgency: Urgency::Catalogue,
        idempotent: false,
        mutation: context.mutation,
    };
    let error = match syncer.shopify.send(store, &request).await {
        Ok(answer) => return Ok(answer.data),
        Err(error) => error,
    };
    let reason = error.to_string();
    Err(match error.kind {
        AdminErrorKind::Throttled { wait } | AdminErrorKind::OutOfPoints { wait } => {
            Sent::NotApplied { wait, reason }
        }
        AdminErrorKind::Access => Sent::NotApplied { wait: ACCESS_WAIT, reason },
        AdminErrorKind::UnknownOutcome if context.mutation => Sent::Unknown(reason),
        AdminErrorKind::Transient | AdminErrorKind::UnknownOutcome => {
            Sent::NotApplied { wait: AWAY_WAIT, reason }
        }
        AdminErrorKind::Permanent => Sent::Refused(reason),
    })
}

pub(super) fn unreadable(error: &DecodeError) -> Sent {
    Sent::Refused(error.to_string())
}

fn away(who: &str, error: &PortError) -> Sent {
    Sent::NotApplied { wait: AWAY_WAIT, reason: format!("{who} is away: {}", error.chain()) }
}

pub(super) type Known = BTreeMap<BackOfficeId, BTreeSet<String>>;

/// Which codes of these variants, and which other spellings of them, have stock. The codes as they
/// are come first; spellings are asked for all, since a twin in the back office counts, too.
pub(super) async fn known_codes(
    syncer: &Syncer,
    variants: &[Variant],
    offices: &[BackOfficeId],
) -> Result<Known, Sent> {
    let of_all = variants.iter().flat_map(|v| [v.sku.as_deref(), v.barcode.as_deref()]);
    let codes: BTreeSet<&str> = of_all.flatten().collect();
    let mut asked: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    asked.extend(codes.iter().flat_map(|code| spellings(code)));
    asked.retain(|code| Sku::try_new(code.as_str()).is_ok());
    let asked: Vec<_> = asked.into_iter().collect();
    let begun = syncer.clock.now();
    let mut known = Known::new();
    for office in offices {
        for codes in asked.chunks(CODES_MAX) {
            if is_late(begun, syncer.clock.now()) {
                let reason = "stock-sync answers too slowly".to_owned();
                return Err(Sent::NotApplied { wait: AWAY_WAIT, reason });
            }
            let request =
                KnowsSkusRequest { backoffice: office.to_string(), codes: codes.to_vec() };
            let subject = KnowsSkusRequest::subject();
            let answer = ask(&*syncer.ask, subject, &request, QUESTION_MAX).await;
            let answer = answer.map_err(|e| away("stock-sync", &e))?;
            known.entry(office.clone()).or_default().extend(answer.known);
        }
    }
    Ok(known)
}

fn is_late(begun: Timestamp, now: Timestamp) -> bool {
    now.duration_since(begun) > QUESTIONS_MAX
}

fn page_read(page: VariantsPage, known: &Known) -> PageRead {
    PageRead { variants: variants_read(page.variants, known), next: page.next }
}

pub(super) fn variants_read(variants: Vec<Variant>, known: &Known) -> Vec<VariantRead> {
    let read = |variant: Variant| {
        let title = variant.full_title();
        let (sku, barcode) = (variant.sku.unwrap_or_default(), variant.barcode.unwrap_or_default());
        let (by_sku, by_barcode) = (stocked(&sku, known), stocked(&barcode, known));
        let item = variant.inventory_item;
        let seen = Seen { item, title, sku, barcode, by_sku, by_barcode };
        VariantRead { id: variant.id, seen }
    };
    variants.into_iter().map(read).collect()
}

/// SKUs with stock that equal or come near a code, in order.
fn stocked(code: &str, known: &Known) -> Vec<Candidate> {
    let Some(near) = Near::of(code) else { return Vec::new() };
    let mut spelled = spellings(code);
    spelled.push(code.to_owned());
    let mut found = BTreeSet::new();
    for (backoffice, codes) in known {
        let these = spelled.iter().filter(|code| codes.contains(*code));
        for sku in these.filter_map(|code| Sku::try_new(code.as_str()).ok()) {
            if Near::of(sku.as_str()).as_ref() == Some(&near) {
                found.insert(Candidate { backoffice: backoffice.clone(), sku });
            }
        }
    }
    found.into_iter().collect()
}

/// How many variants there are, and how they are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub variants: u64,
    /// The first step that reads them.
    pub first: Stage,
}

impl Counted {
    /// What it will take.
    pub fn forecast(&self) -> Forecast {
        let count = Cost { items: 0, points: VARIANTS_COUNT_COST.into() };
        match self.first {
            Stage::File { .. } => {
                let file = Cost { items: files::PIECE as u64, points: BULK_COST.into() };
                Forecast::of_file(self.variants, count, file)
            }
            _ => {
                let page = Cost { items: VARIANTS_PER_PAGE, points: VARIANTS_PAGE_COST.into() };
                Forecast::of(self.variants, page, count)
            }
        }
    }
}

/// The count in an answer.
pub fn counted(answer: &Value) -> Result<Counted, Stop> {
    Counted::deserialize(answer).map_err(|e| Stop::Poison(format!("a count of variants: {e}")))
}

/// The page in an answer.
pub fn page(answer: &Value) -> Result<PageRead, Stop> {
    PageRead::deserialize(answer).map_err(|e| Stop::Poison(format!("a page of variants: {e}")))
}

/// The ids in an answer.
pub fn ids(answer: &Value) -> Result<Vec<String>, Stop> {
    Vec::deserialize(answer).map_err(|e| Stop::Poison(format!("a page of listings: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_under_another_spelling_is_near() {
        let wms = BackOfficeId::try_new("wms").unwrap();
        let codes = ["A-1", "a-1", "7"].map(str::to_owned);
        let known = Known::from([(wms, BTreeSet::from(codes))]);
        let found = |code: &str| {
            stocked(code, &known).into_iter().map(|c| c.sku.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("A-1"), ["A-1", "a-1"]);
        assert_eq!(found(" A-1"), ["A-1", "a-1"]);
        assert_eq!(found("007"), ["7"]);
        assert!(found("").is_empty() && found("B").is_empty());
    }
}
