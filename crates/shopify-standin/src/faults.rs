//! Faults on demand, each counting down as it hits.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    WebhookDuplicate,
    WebhookDelay,
    WebhookLose,
    WebhookBadSignature,
    WebhookHold,
    WebhookShuffle,
    WebhookRelease,
    WebhookMerge,
    WebhookNulls,
    WebhookOldSecret,
    WebhookUnknownTopic,
    #[serde(rename = "api_500_before")]
    Api500Before,
    #[serde(rename = "api_500_after")]
    Api500After,
    #[serde(rename = "api_520_before")]
    Api520Before,
    #[serde(rename = "api_520_after")]
    Api520After,
    #[serde(rename = "api_502_before")]
    Api502Before,
    #[serde(rename = "api_502_after")]
    Api502After,
    ApiHangBefore,
    ApiHangAfter,
    ApiResetBefore,
    ApiResetAfter,
    #[serde(rename = "api_429")]
    Api429,
    ApiThrottled,
    ApiInternalError,
    ApiInternalErrorAfter,
    ApiNotJson,
    ApiHtml,
    ApiErrorsText,
    ApiUnknownCode,
    #[serde(rename = "api_401")]
    Api401,
    ApiTokenDies,
    ApiShopInactive,
    ApiNulls,
    BulkFails,
    BulkTimesOut,
    BulkDenied,
    BulkHangs,
    BulkFileCut,
    BulkFileReset,
    #[serde(rename = "bulk_file_500")]
    BulkFile500,
}

impl FaultKind {
    /// The name in the control API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebhookDuplicate => "webhook_duplicate",
            Self::WebhookDelay => "webhook_delay",
            Self::WebhookLose => "webhook_lose",
            Self::WebhookBadSignature => "webhook_bad_signature",
            Self::WebhookHold => "webhook_hold",
            Self::WebhookShuffle => "webhook_shuffle",
            Self::WebhookRelease => "webhook_release",
            Self::WebhookMerge => "webhook_merge",
            Self::WebhookNulls => "webhook_nulls",
            Self::WebhookOldSecret => "webhook_old_secret",
            Self::WebhookUnknownTopic => "webhook_unknown_topic",
            Self::Api500Before => "api_500_before",
            Self::Api500After => "api_500_after",
            Self::Api520Before => "api_520_before",
            Self::Api520After => "api_520_after",
            Self::Api502Before => "api_502_before",
            Self::Api502After => "api_502_after",
            Self::ApiHangBefore => "api_hang_before",
            Self::ApiHangAfter => "api_hang_after",
            Self::ApiResetBefore => "api_reset_before",
            Self::ApiResetAfter => "api_reset_after",
            Self::Api429 => "api_429",
            Self::ApiThrottled => "api_throttled",
            Self::ApiInternalError => "api_internal_error",
            Self::ApiInternalErrorAfter => "api_internal_error_after",
            Self::ApiNotJson => "api_not_json",
            Self::ApiHtml => "api_html",
            Self::ApiErrorsText => "api_errors_text",
            Self::ApiUnknownCode => "api_unknown_code",
            Self::Api401 => "api_401",
            Self::ApiTokenDies => "api_token_dies",
            Self::ApiShopInactive => "api_shop_inactive",
            Self::ApiNulls => "api_nulls",
            Self::BulkFails => "bulk_fails",
            Self::BulkTimesOut => "bulk_times_out",
            Self::BulkDenied => "bulk_denied",
            Self::BulkHangs => "bulk_hangs",
            Self::BulkFileCut => "bulk_file_cut",
            Self::BulkFileReset => "bulk_file_reset",
            Self::BulkFile500 => "bulk_file_500",
        }
    }

    fn is_api(self) -> bool {
        self.as_str().starts_with("api_")
    }
}

/// A fault that waits for its victims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// How many it will hit.
    #[serde(default = "one")]
    pub count: u32,
    /// Only webhooks of this topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Only calls with this root field; `*` = queries too; `oauth` = requests of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// How long a webhook is delayed, or how much earlier a held one was triggered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

impl Fault {
    fn names(&self, root: &str) -> bool {
        self.root.as_deref() == Some(root)
    }
}

fn one() -> u32 {
    1
}

/// The faults of a shop, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What is pending.
    #[must_use]
    pub fn pending(&self) -> &[Fault] {
        &self.0
    }

    /// The first fault among `kinds` for a webhook of this topic, counted down.
    pub fn take_webhook(&mut self, kinds: &[FaultKind], topic: &str) -> Option<Fault> {
        self.take(|fault| {
            kinds.contains(&fault.fault)
                && fault.topic.as_deref().is_none_or(|wanted| wanted == topic)
        })
    }

    /// True while webhooks of this topic are being kept to be shuffled.
    #[must_use]
    pub fn shuffles(&self, topic: &str) -> bool {
        self.0.iter().any(|fault| {
            fault.fault == FaultKind::WebhookShuffle
                && fault.topic.as_deref().is_none_or(|wanted| wanted == topic)
        })
    }

    /// The first fault for a call with these root fields, counted down.
    pub fn take_api(&mut self, roots: &[String], mutation: bool) -> Option<FaultKind> {
        self.take(|fault| {
            fault.fault.is_api()
                && match fault.root.as_deref() {
                    None => mutation,
                    Some("*") => true,
                    Some(root) => roots.iter().any(|asked| asked == root),
                }
        })
        .map(|fault| fault.fault)
    }

    /// The first fault among `kinds` for a bulk operation or its file, counted down.
    pub fn take_bulk(&mut self, kinds: &[FaultKind]) -> Option<FaultKind> {
        self.take(|fault| kinds.contains(&fault.fault)).map(|fault| fault.fault)
    }

    /// The first fault for a request of a token, counted down: only those that name `oauth`.
    pub fn take_oauth(&mut self) -> Option<FaultKind> {
        let fits = |fault: &Fault| fault.fault.is_api() && fault.names("oauth");
        self.take(fits).map(|fault| fault.fault)
    }

    fn take(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let place = self.0.iter().position(fits)?;
        let fault = self.0.get_mut(place)?;
        let taken = fault.clone();
        fault.count = fault.count.saturating_sub(1);
        if fault.count == 0 {
            self.0.remove(place);
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(body: serde_json::Value) -> Fault {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn names_are_those_of_the_document() {
        for name in [
            "webhook_duplicate",
            "webhook_delay",
            "webhook_lose",
            "webhook_bad_signature",
            "webhook_hold",
            "webhook_shuffle",
            "webhook_release",
            "webhook_merge",
            "webhook_nulls",
            "webhook_old_secret",
            "webhook_unknown_topic",
            "api_502_before",
            "api_502_after",
            "api_hang_before",
            "api_hang_after",
            "api_reset_before",
            "api_reset_after",
            "api_429",
            "api_throttled",
            "api_internal_error",
            "api_internal_error_after",
            "api_not_json",
            "api_html",
            "api_errors_text",
            "api_unknown_code",
            "api_401",
            "api_token_dies",
            "api_shop_inactive",
            "api_nulls",
            "api_500_before",
            "api_500_after",
            "api_520_before",
            "api_520_after",
            "bulk_fails",
            "bulk_times_out",
            "bulk_denied",
            "bulk_hangs",
            "bulk_file_cut",
            "bulk_file_reset",
            "bulk_file_500",
        ] {
            assert_eq!(fault(json!({"fault": name})).fault.as_str(), name);
        }
    }

    #[test]
    fn a_fault_counts_down_and_keeps_to_its_target() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"fault":"webhook_lose","count":2,"topic":"orders/create"})));
        faults.add(fault(json!({"fault":"api_429","root":"inventorySetQuantities"})));
        let lose = [FaultKind::WebhookLose];
        assert_eq!(faults.take_webhook(&lose, "orders/updated"), None);
        assert!(faults.take_webhook(&lose, "orders/create").is_some());
        assert!(faults.take_webhook(&lose, "orders/create").is_some());
        assert_eq!(faults.take_webhook(&lose, "orders/create"), None);
        assert_eq!(faults.take_api(&["shop".into()], false), None);
        let root = ["inventorySetQuantities".to_owned()];
        assert_eq!(faults.take_api(&root, true), Some(FaultKind::Api429));
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn without_a_root_only_mutations_are_hit() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"fault":"api_502_before"})));
        assert_eq!(faults.take_api(&["shop".into()], false), None);
        assert_eq!(faults.take_api(&["x".into()], true), Some(FaultKind::Api502Before));
    }
}
