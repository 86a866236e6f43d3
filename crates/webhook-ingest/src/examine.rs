//! The answer to the console's question how the service is.

use std::sync::Arc;

use lockstep_contracts::operations::v1::{ExamineResponse, Finding, Severity};
use lockstep_ports::Bus;

use crate::directory::SharedDirectory;
use crate::service::SERVICE;

pub(crate) async fn examine(bus: Arc<dyn Bus>, directory: SharedDirectory) -> ExamineResponse {
    let stores = directory.borrow().as_ref().map(|directory| directory.count());
    let stores = match stores {
        Some(count) => finding("stores", Severity::Ok, format!("{count} stores are known"), ""),
        None => finding(
            "stores",
            Severity::Error,
            "the stores are not known yet; webhooks are answered 503".to_owned(),
            "look at the broker",
        ),
    };
    let broker = if bus.is_ready().await {
        finding("broker", Severity::Ok, "the broker answers".to_owned(), "")
    } else {
        let message = "the broker does not answer; webhooks are answered 503".to_owned();
        finding("broker", Severity::Error, message, "look at the broker")
    };
    ExamineResponse {
        service: SERVICE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        findings: vec![stores, broker],
    }
}

fn finding(subject: &str, severity: Severity, message: String, fix: &str) -> Finding {
    Finding { severity: severity.into(), subject: subject.to_owned(), message, fix: fix.to_owned() }
}
