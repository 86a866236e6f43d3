//! What injected faults answer instead of the right thing.

use super::answer::{Ending, Reply};
use crate::faults::FaultKind;
use crate::graphql::error::GraphqlError;
use serde_json::{Value, json};

/// The answer of a fault that strikes before anything is applied. Faults that need to know more
/// are not here.
#[must_use]
pub fn before(fault: FaultKind, request_id: &str) -> Option<Reply> {
    Some(match fault {
        FaultKind::Api429 => Reply {
            headers: vec![("retry-after", "1".to_owned())],
            ..Reply::json(429, json!({"errors": "Too many requests. Please try again later."}))
        },
        FaultKind::ApiInternalError => internal(request_id),
        FaultKind::ApiUnknownCode => Reply::errors(&[GraphqlError::new(
            "A_CODE_OF_TOMORROW",
            "Something that nobody wrote down yet",
        )]),
        FaultKind::ApiShopInactive => {
            Reply::errors(&[GraphqlError::new("SHOP_INACTIVE", "The shop is not active")])
        }
        FaultKind::ApiErrorsText => Reply::json(200, json!({"errors": "Something went wrong"})),
        FaultKind::ApiHtml => page(200, "Just a moment..."),
        FaultKind::Api401 | FaultKind::ApiTokenDies => Reply::unauthorized(),
        FaultKind::Api500Before => page(500, "We're sorry, but something went wrong"),
        FaultKind::Api502Before => page(502, "502 Bad Gateway"),
        FaultKind::Api520Before => page(520, "Web server is returning an unknown error"),
        FaultKind::ApiHangBefore => lost(Ending::Hangs),
        FaultKind::ApiResetBefore => lost(Ending::Reset),
        _ => return None,
    })
}

/// The answers of faults that strike after the call was applied.
#[must_use]
pub fn after(reply: Reply, fault: Option<FaultKind>, request_id: &str) -> Reply {
    match fault {
        Some(FaultKind::Api500After) => page(500, "We're sorry, but something went wrong"),
        Some(FaultKind::Api502After) => page(502, "502 Bad Gateway"),
        Some(FaultKind::Api520After) => page(520, "Web server is returning an unknown error"),
        Some(FaultKind::ApiInternalErrorAfter) => internal(request_id),
        Some(FaultKind::ApiHangAfter) => lost(Ending::Hangs),
        Some(FaultKind::ApiResetAfter) => lost(Ending::Reset),
        Some(FaultKind::ApiNotJson) => Reply { ending: Ending::Halved, ..reply },
        _ => reply,
    }
}

/// True when the client does not hear what was done.
#[must_use]
pub fn unheard(fault: FaultKind) -> bool {
    matches!(
        fault,
        FaultKind::Api500After
            | FaultKind::Api502After
            | FaultKind::Api520After
            | FaultKind::ApiInternalErrorAfter
            | FaultKind::ApiHangAfter
            | FaultKind::ApiResetAfter
            | FaultKind::ApiNotJson
    )
}

fn internal(request_id: &str) -> Reply {
    let message = format!("Internal error. Request ID: {request_id}");
    Reply::errors(&[
        GraphqlError::new("INTERNAL_SERVER_ERROR", message).with("requestId", request_id)
    ])
}

fn page(status: u16, title: &str) -> Reply {
    let html = format!("<html><head><title>{title}</title></head><body></body></html>");
    Reply::json(status, html.into())
}

fn lost(ending: Ending) -> Reply {
    Reply { ending, ..Reply::json(200, Value::Null) }
}
