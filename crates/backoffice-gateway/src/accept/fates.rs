//! Which reports of a group are new, which are repeats, and which contradict. Pure.

use std::collections::HashMap;

use crate::translate::Report;

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// New.
    Accepted,
    /// Taken before, or earlier in the same group, with the same content.
    Duplicate,
    /// The id stands for other content.
    Conflict,
    /// The database refuses this very report.
    Refused,
}

/// The distinct ids of a group, each with the content under which it came first.
pub struct Group {
    /// Distinct ids in order, so that two transactions lock them in the same order.
    ids: Vec<(String, [u8; 32])>,
    /// For each report in order of arrival: the place of its id, and whether it brought the id.
    reports: Vec<Member>,
}

struct Member {
    slot: usize,
    is_first: bool,
    digest: [u8; 32],
}

impl Group {
    /// The ids of reports of one back office, in order of arrival.
    pub fn of<'a>(backoffice: &str, reports: impl Iterator<Item = &'a Report>) -> Self {
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut arrived: Vec<(&str, [u8; 32])> = Vec::new();
        let mut members = Vec::new();
        for report in reports {
            let id = report.event_id.as_str();
            let slot = *first.entry(id).or_insert(arrived.len());
            let is_first = slot == arrived.len();
            if is_first {
                arrived.push((id, report.digest));
            }
            members.push(Member { slot, is_first, digest: report.digest });
        }
        let mut order: Vec<usize> = (0..arrived.len()).collect();
        order.sort_by_key(|slot| arrived.get(*slot).map(|(id, _)| *id));
        let mut place = vec![0; order.len()];
        let mut ids = Vec::with_capacity(order.len());
        for slot in order {
            if let (Some(to), Some((id, digest))) = (place.get_mut(slot), arrived.get(slot)) {
                *to = ids.len();
                ids.push((message_id(backoffice, id), *digest));
            }
        }
        for member in &mut members {
            member.slot = place.get(member.slot).copied().unwrap_or(member.slot);
        }
        Self { ids, reports: members }
    }

    /// Ids for the inbox, with the digest of what came first under each.
    pub fn inbox_ids(&self) -> Vec<(String, Vec<u8>)> {
        self.ids.iter().map(|(id, digest)| (id.clone(), digest.to_vec())).collect()
    }

    /// The fate of each report in order of arrival, given what the inbox knew of each id.
    pub fn fates<'a>(&'a self, seen: &'a [Option<Vec<u8>>]) -> impl Iterator<Item = Judged> + 'a {
        self.reports.iter().map(|member| {
            let known = seen.get(member.slot).and_then(Option::as_deref);
            let first = self.ids.get(member.slot).map(|(_, digest)| digest.as_slice());
            let fate = if known.is_none() && member.is_first {
                Fate::Accepted
            } else if known.or(first) == Some(member.digest.as_slice()) {
                Fate::Duplicate
            } else {
                Fate::Conflict
            };
            Judged { fate, was_known: known.is_some() }
        })
    }
}

/// A fate, and whether the id was known before the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What becomes of the report.
    pub fate: Fate,
    /// True when the id was taken before this group.
    pub was_known: bool,
}

/// `{backoffice}:{event_id}`: the id in the inbox, and of the published event.
pub fn message_id(backoffice: &str, event_id: &str) -> String {
    format!("{backoffice}:{event_id}")
}

#[cfg(test)]
mod tests;
