//! What a variant is: which SKUs it is linked to, or why a person must say so.
//!
//! Pure: what must be looked up comes through [`Facts`]. All variants of the store have been seen
//! before the first is judged, so the order in which they were read decides nothing. SKUs come
//! first, over all variants; barcodes only for those that no SKU matched.

use std::collections::BTreeSet;

use super::code::Near;
use super::conflict::{ConflictKind, Finding};
use super::listing::{Bound, Candidate, Carried, Seen};
use super::rules::Office;
use super::{Carriers, Offers};
use crate::ids::{BackOfficeId, VariantId};
use crate::link::{LinkOrigin, VariantLink};

/// What is known around a variant.
pub trait Facts {
    /// Why it cannot be looked up.
    type Error;

    /// Variants of the store that carry codes of a near form.
    ///
    /// # Errors
    /// It cannot be looked up.
    fn carriers(&mut self, near: &Near) -> Result<Carriers, Self::Error>;

    /// SKUs of a back office that its product reports know by codes of a near form.
    ///
    /// # Errors
    /// It cannot be looked up.
    fn offers(&mut self, backoffice: &BackOfficeId, near: &Near) -> Result<Offers, Self::Error>;

    /// Barcodes of a SKU by its product reports.
    ///
    /// # Errors
    /// It cannot be looked up.
    fn barcodes(&mut self, of: &Candidate) -> Result<Vec<String>, Self::Error>;

    /// The variant of the store that is linked to a SKU.
    ///
    /// # Errors
    /// It cannot be looked up.
    fn holder(&mut self, of: &Candidate) -> Result<Option<VariantId>, Self::Error>;
}

/// A variant to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Its id.
    pub variant: VariantId,
    /// What the run saw.
    pub seen: &'a Seen,
    /// Its links.
    pub link: &'a VariantLink,
    /// Its codes when a run first saw these links; nothing when none did.
    pub bound: Option<&'a Bound>,
    /// The back offices of the store.
    pub offices: &'a [Office],
}

/// Which codes are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// SKUs alone; nothing is listed yet.
    Sku,
    /// SKUs, then barcodes; what is left is listed.
    Barcode,
}

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The SKU.
    pub candidate: Candidate,
    /// Which code was equal.
    pub origin: LinkOrigin,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Links to be made.
    pub links: Vec<Match>,
    /// What a person must decide.
    pub finding: Option<Finding>,
    /// Whether the finding puts in doubt the link by which stock is pushed. What is found among
    /// back offices that own products alone, or where there is no link yet, is only listed.
    pub doubts_stock: bool,
}

/// What came of one group of back offices.
enum Outcome {
    Match(Match),
    Trouble(Finding),
    Nothing,
}

/// The code that is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Sku,
    Barcode,
}

impl Code {
    fn of(self, seen: &Seen) -> &str {
        match self {
            Self::Sku => &seen.sku,
            Self::Barcode => &seen.barcode,
        }
    }

    fn in_carried(self, carried: &Carried) -> Option<&str> {
        match self {
            Self::Sku => carried.sku.as_deref(),
            Self::Barcode => carried.barcode.as_deref(),
        }
    }

    fn stocked(self, seen: &Seen) -> &[Candidate] {
        match self {
            Self::Sku => &seen.by_sku,
            Self::Barcode => &seen.by_barcode,
        }
    }

    const fn origin(self) -> LinkOrigin {
        match self {
            Self::Sku => LinkOrigin::SkuMatch,
            Self::Barcode => LinkOrigin::BarcodeMatch,
        }
    }
}

/// Judges a variant. An existing link is never touched: in a group of back offices in which it has
/// one, it is only looked at whether the code that made it still means this variant alone. Those
/// that own stock are one group, those that own products alone another. What a person linked
/// among the owners of stock is not doubted for what the others made of the same code.
///
/// # Errors
/// A fact cannot be looked up.
pub fn judge<F: Facts>(look: &Look<'_>, pass: Pass, facts: &mut F) -> Result<Verdict, F::Error> {
    let mut verdict = Verdict::default();
    let (mut is_linked, mut doubt) = (false, None);
    let (mut owns_link, mut by_hand) = (false, false);
    for owns_stock in [true, false] {
        let group = group(look, owns_stock);
        if group.is_empty() {
            continue;
        }
        if look.link.links.keys().any(|linked| group.contains(&linked)) {
            is_linked = true;
            if owns_stock {
                owns_link = true;
                by_hand = group
                    .iter()
                    .any(|office| look.link.origin(office).is_some_and(LinkOrigin::is_personal));
            }
            if pass == Pass::Barcode && doubt.is_none() && (owns_stock || !by_hand) {
                doubt = doubted(look, &group, facts)?;
                verdict.doubts_stock = owns_stock && doubt.is_some();
            }
            continue;
        }
        match outcome(look, pass, &group, facts)? {
            Outcome::Match(found) => verdict.links.push(found),
            Outcome::Trouble(finding) => verdict.finding = verdict.finding.or(Some(finding)),
            Outcome::Nothing => {}
        }
    }
    if pass == Pass::Sku {
        verdict.finding = None;
        return Ok(verdict);
    }
    if is_linked && look.bound.is_some_and(|bound| bound.is_changed(look.seen)) {
        let links = look.link.links.iter().map(|(backoffice, sku)| format!("{backoffice}/{sku}"));
        doubt = Some(Finding::new(ConflictKind::Changed, [], links));
        verdict.doubts_stock = owns_link;
    }
    verdict.finding = doubt.or(verdict.finding);
    if !is_linked && verdict.links.is_empty() && verdict.finding.is_none() {
        let is_blank = Near::of(&look.seen.sku).is_none() && Near::of(&look.seen.barcode).is_none();
        let kind = if is_blank { ConflictKind::Blank } else { ConflictKind::Unknown };
        verdict.finding = Some(Finding::new(kind, [], []));
    }
    Ok(verdict)
}

/// SKUs that equal or come near a code of the variant, so that what hangs on them can be looked up
/// together for many variants.
///
/// # Errors
/// A fact cannot be looked up.
pub fn candidates<F: Facts>(look: &Look<'_>, facts: &mut F) -> Result<Vec<Candidate>, F::Error> {
    let all: Vec<_> = look.offices.iter().map(|office| &office.id).collect();
    let mut found = BTreeSet::new();
    for code in [Code::Sku, Code::Barcode] {
        let (equal, _) = known(look, code, &all, facts)?;
        found.extend(equal);
    }
    Ok(found.into_iter().collect())
}

fn group<'a>(look: &Look<'a>, owns_stock: bool) -> Vec<&'a BackOfficeId> {
    let of_it = look.offices.iter().filter(|office| office.owns_stock == owns_stock);
    of_it.map(|office| &office.id).collect()
}

/// Whether a code that made a link is carried by others by now, or by their twins. What a person
/// linked was decided knowing that.
fn doubted<F: Facts>(
    look: &Look<'_>,
    group: &[&BackOfficeId],
    facts: &mut F,
) -> Result<Option<Finding>, F::Error> {
    for backoffice in group {
        let code = match look.link.origin(backoffice) {
            Some(LinkOrigin::SkuMatch) => Code::Sku,
            Some(LinkOrigin::BarcodeMatch) => Code::Barcode,
            _ => continue,
        };
        if let Outcome::Trouble(finding) = by_code(look, code, group, facts)?
            && matches!(finding.kind, ConflictKind::Duplicate | ConflictKind::Twin)
        {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

fn outcome<F: Facts>(
    look: &Look<'_>,
    pass: Pass,
    group: &[&BackOfficeId],
    facts: &mut F,
) -> Result<Outcome, F::Error> {
    let by_sku = by_code(look, Code::Sku, group, facts)?;
    if pass == Pass::Barcode && matches!(by_sku, Outcome::Nothing) {
        return by_code(look, Code::Barcode, group, facts);
    }
    Ok(by_sku)
}

fn by_code<F: Facts>(
    look: &Look<'_>,
    code: Code,
    group: &[&BackOfficeId],
    facts: &mut F,
) -> Result<Outcome, F::Error> {
    let trouble = |kind, others: Vec<VariantId>, near: &[Candidate]| {
        let near = near.iter().map(|c| format!("{}/{}", c.backoffice, c.sku));
        Ok(Outcome::Trouble(Finding::new(kind, others, near)))
    };
    let text = code.of(look.seen);
    let Some(near) = Near::of(text) else { return Ok(Outcome::Nothing) };
    let (equal, alike) = known(look, code, group, facts)?;
    if let [one] = equal.as_slice() {
        let holder = facts.holder(one)?.filter(|holder| *holder != look.variant);
        if let Some(holder) = holder {
            return trouble(ConflictKind::Taken, vec![holder], &equal);
        }
    }
    let carriers = facts.carriers(&near)?;
    let (mut same, mut twins) = (Vec::new(), Vec::new());
    for (variant, carried) in carriers.listed.iter().filter(|(v, _)| **v != look.variant) {
        match code.in_carried(carried) {
            Some(theirs) if theirs == text => same.push(*variant),
            Some(_) => twins.push(*variant),
            None => {}
        }
    }
    if !same.is_empty() || carriers.unlisted > 0 {
        return trouble(ConflictKind::Duplicate, same, &equal);
    }
    if !twins.is_empty() || !alike.is_empty() {
        return trouble(ConflictKind::Twin, twins, &alike);
    }
    let [one] = equal.as_slice() else {
        return match equal.len() {
            0 => Ok(Outcome::Nothing),
            _ => trouble(ConflictKind::Ambiguous, Vec::new(), &equal),
        };
    };
    if code == Code::Barcode
        && let Some(rivals) = rivals(look, one, facts)?
    {
        return trouble(ConflictKind::Duplicate, rivals, &equal);
    }
    Ok(Outcome::Match(Match { candidate: one.clone(), origin: code.origin() }))
}

/// SKUs that the code equals, and those that it only comes near to, each in order.
fn known<F: Facts>(
    look: &Look<'_>,
    code: Code,
    group: &[&BackOfficeId],
    facts: &mut F,
) -> Result<(Vec<Candidate>, Vec<Candidate>), F::Error> {
    let text = code.of(look.seen);
    let Some(near) = Near::of(text) else { return Ok((Vec::new(), Vec::new())) };
    let (mut equal, mut alike) = (BTreeSet::new(), BTreeSet::new());
    for backoffice in group {
        let offers = facts.offers(backoffice, &near)?;
        for (sku, coded) in offers.listed.iter().filter(|(_, coded)| !coded.is_deleted) {
            let candidate = Candidate { backoffice: (*backoffice).clone(), sku: sku.clone() };
            let is_code = coded.is_sku && sku.as_str() == text;
            let is_barcode = code == Code::Barcode && coded.barcodes.contains(text);
            let is_near = coded.is_sku || code == Code::Barcode;
            if is_code || is_barcode {
                equal.insert(candidate);
            } else if is_near {
                alike.insert(candidate);
            }
        }
        let stocked = code.stocked(look.seen).iter().filter(|c| c.backoffice == **backoffice);
        for candidate in stocked {
            // What hides behind an overfull index may be deleted: it is not taken for a match.
            let is_deleted = match offers.listed.get(&candidate.sku) {
                Some(coded) => coded.is_deleted,
                None => offers.unlisted > 0,
            };
            if is_deleted {
                continue;
            }
            if candidate.sku.as_str() == text {
                equal.insert(candidate.clone());
            } else {
                alike.insert(candidate.clone());
            }
        }
    }
    alike.retain(|candidate| !equal.contains(candidate));
    Ok((equal.into_iter().collect(), alike.into_iter().collect()))
}

/// Other variants that carry a code of the same SKU: by barcode each of them could be it. Nothing
/// when there is certainly none; where an index is overfull, one may hide behind it.
fn rivals<F: Facts>(
    look: &Look<'_>,
    candidate: &Candidate,
    facts: &mut F,
) -> Result<Option<Vec<VariantId>>, F::Error> {
    let mut codes = facts.barcodes(candidate)?;
    codes.push(candidate.sku.to_string());
    let (mut rivals, mut may_hide) = (Vec::new(), false);
    for code in codes {
        let Some(near) = Near::of(&code) else { continue };
        let carriers = facts.carriers(&near)?;
        let carries = |carried: &Carried| {
            carried.sku.as_ref() == Some(&code) || carried.barcode.as_ref() == Some(&code)
        };
        let others = carriers.listed.iter().filter(|(v, c)| **v != look.variant && carries(c));
        rivals.extend(others.map(|(variant, _)| *variant));
        may_hide |= carriers.unlisted > 0;
    }
    Ok((may_hide || !rivals.is_empty()).then_some(rivals))
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
