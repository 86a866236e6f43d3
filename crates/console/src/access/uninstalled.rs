//! `app/uninstalled`: the token is dead, and the store's work waits until the app is approved
//! again.
//!
//! The webhook may come a day late, after the app was installed again: it is a reason to look, and
//! what Shopify says to the token counts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_contracts::Event as _;
use lockstep_contracts::shopify::topic;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::from_proto;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminErrorKind, ConsumerSpec, Delivered, ErrorKind, ShutWhy};
use lockstep_runtime::{Lifecycle, Retry};
use prost::Message as _;
use tracing::{error, info, warn};

use crate::problem::Problem;
use crate::secrets;
use crate::service::Console;
use crate::shop::Cause;

/// How long a pull waits for the first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
/// Messages of one pull; there are few.
const PULL_MAX: usize = 20;
/// Times that the secrets are written anew because somebody else wrote first.
const SAVES_MAX: usize = 5;

/// Takes the news until the lifecycle ends.
pub(crate) async fn run(console: Arc<Console>, life: Lifecycle) {
    let spec = ConsumerSpec {
        stream: WebhookReceived::STREAM,
        durable: "console-uninstalled".to_owned(),
        filters: vec![WebhookReceived::filter(None, Some(topic::APP_UNINSTALLED)).into()],
    };
    let pulse = life.pulse("console uninstalled");
    let mut failures = 0;
    while !life.shutdown.is_cancelled() {
        pulse.beat();
        let pulled = tokio::select! {
            () = life.shutdown.cancelled() => return,
            pulled = console.parts.bus.pull(&spec, 0, PULL_MAX, PULL_WAIT) => pulled,
        };
        let taken = match pulled {
            Ok(messages) => take(&console, &messages).await,
            Err(failed) => Err(failed.into()),
        };
        match taken {
            Ok(()) => failures = 0,
            Err(problem) => {
                failures += 1;
                warn!(why = problem.detail(), "news of uninstalled apps wait");
                life.pause(Retry::AWAY, failures).await;
            }
        }
    }
}

/// Each message is acknowledged when what it says is kept; what fails comes again.
pub(crate) async fn take(console: &Console, messages: &[Delivered]) -> Result<(), Problem> {
    for message in messages {
        match WebhookReceived::decode(message.body.clone()) {
            Ok(event) => hear_of(console, &event).await?,
            // Every other service that reads the stream tells of it as a dead letter.
            Err(unreadable) => error!(code = "LS0601", %unreadable, "a webhook cannot be read"),
        }
        console.parts.bus.ack(std::slice::from_ref(message)).await?;
    }
    Ok(())
}

async fn hear_of(console: &Console, event: &WebhookReceived) -> Result<(), Problem> {
    let Ok(store) = StoreId::try_new(event.store.as_str()) else { return Ok(()) };
    let said_at = event.triggered_at.as_ref().or(event.received_at.as_ref());
    let said_at = said_at.and_then(|at| from_proto(at).ok()).unwrap_or(console.parts.clock.now());
    let Some(secrets) = secrets::present(console, &store).await?.secrets else { return Ok(()) };
    if is_of_before(secrets.grant.granted_at, said_at) {
        info!(store.id = %store, "an uninstallation of before the present token is no news");
        return Ok(());
    }
    let is_known = secrets.grant.shut.is_some_and(|shut| shut.why == ShutWhy::Uninstalled);
    if is_known || (secrets.access_token.is_some() && is_let_in(console, &store).await?) {
        return Ok(());
    }
    freeze(console, &store, said_at).await
}

fn is_of_before(granted_at: Option<Timestamp>, said_at: Timestamp) -> bool {
    granted_at.is_some_and(|granted_at| said_at < granted_at)
}

/// Whether Shopify still takes the token.
async fn is_let_in(console: &Console, store: &StoreId) -> Result<bool, Problem> {
    match console.shop(store).who_am_i().await {
        Ok(_) => Ok(true),
        Err(error) => match &error.cause {
            Cause::Call(failed) if failed.kind == AdminErrorKind::Access => Ok(false),
            _ => Err(error.into()),
        },
    }
}

async fn freeze(console: &Console, store: &StoreId, at: Timestamp) -> Result<(), Problem> {
    for _ in 0..SAVES_MAX {
        let kept = secrets::present(console, store).await?;
        let Some(mut secrets) = kept.secrets else { return Ok(()) };
        if is_of_before(secrets.grant.granted_at, at) {
            return Ok(());
        }
        secrets.shut(ShutWhy::Uninstalled, at);
        match secrets::keep(console, store, &secrets, kept.revision).await {
            Ok(()) => {
                error!(code = "LS0603", store.id = %store, "the app was uninstalled; work waits");
                return Ok(());
            }
            Err(failed) if failed.kind == ErrorKind::Conflict => {}
            Err(failed) => return Err(failed.into()),
        }
    }
    let what = "others keep writing the store's secrets";
    Err(lockstep_ports::PortError::plain(ErrorKind::Transient, what).into())
}
