//! The webhook subscriptions that Lockstep needs in a store: made, repaired, removed.

use std::collections::BTreeSet;

use lockstep_contracts::shopify::admin::{self, Subscription, UserError};
use lockstep_contracts::shopify::topic;
use serde::Serialize;

use crate::shop::{Shop, ShopError};

/// Path of the webhooks below `PUBLIC_URL`.
const PATH: &str = "/webhooks/shopify";

/// What tells of products.
pub const PRODUCT_TOPICS: [&str; 2] = ["products/update", "products/delete"];

/// What Lockstep needs to hear. The compliance topics are set in the app's configuration; Shopify
/// does not let an app subscribe to them.
pub const NEEDED: &[&str] = &[
    topic::INVENTORY_LEVELS_UPDATE,
    topic::INVENTORY_LEVELS_CONNECT,
    topic::INVENTORY_LEVELS_DISCONNECT,
    PRODUCT_TOPICS[0],
    PRODUCT_TOPICS[1],
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/edited",
    "orders/delete",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    topic::BULK_OPERATIONS_FINISH,
    topic::APP_UNINSTALLED,
];

/// What stands at Shopify after a repair.
#[derive(Debug, Default, Serialize)]
pub struct Repaired {
    /// Where deliveries go.
    pub uri: String,
    /// Topics that were as they should be.
    pub kept: Vec<String>,
    /// Topics that were subscribed now.
    pub made: Vec<String>,
    /// Topics whose subscription to our address left something out, and no longer does.
    pub mended: Vec<String>,
    /// Topics with one more subscription to our address, which was ended.
    pub removed: Vec<String>,
    /// What Shopify refused.
    pub refused: Vec<Refused>,
}

impl Repaired {
    /// How many topics are subscribed in full.
    pub fn standing(&self) -> usize {
        self.kept.len() + self.made.len() + self.mended.len()
    }
}

/// A subscription that Shopify refused.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// Its topic.
    pub topic: String,
    /// Shopify's words.
    pub message: String,
}

/// Address of the webhooks of this installation.
pub fn uri(public_url: &str) -> String {
    format!("{}{PATH}", public_url.trim_end_matches('/'))
}

/// Topics that are not subscribed to our address, in full.
pub async fn missing(shop: Shop<'_>, uri: &str) -> Result<Vec<&'static str>, ShopError> {
    Ok(lacking(&shop.subscriptions().await?, &[uri]))
}

/// As [`missing`], of subscriptions that were listed; any of our addresses will do.
pub fn lacking(present: &[Subscription], uris: &[&str]) -> Vec<&'static str> {
    let stands_at =
        |topic: &str, uri: &str| present.iter().any(|one| is_ours(one, topic, uri) && one.is_whole);
    let stands = |topic: &str| uris.iter().any(|uri| stands_at(topic, uri));
    NEEDED.iter().copied().filter(|topic| !stands(topic)).collect()
}

/// Versions, other than the one that this release was made for, that deliveries to our address are
/// built with. Only the app's own settings say which: no subscription can ask for one.
pub async fn other_versions(
    shop: Shop<'_>,
    uri: &str,
    pinned: &str,
) -> Result<BTreeSet<String>, ShopError> {
    let present = shop.subscriptions().await?;
    let ours = present.into_iter().filter(|one| one.uri == uri).map(|one| one.version);
    Ok(ours.filter(|version| !version.is_empty() && version != pinned).collect())
}

/// Makes what is missing of what was listed, and widens what would leave something out. Nothing is
/// ended before another subscription delivers the whole topic, so that a repair that breaks off has
/// lost nothing. What is refused for good concerns its topic alone, and those behind it go on.
/// Subscriptions to other addresses are another installation's and stay.
pub async fn repair(
    shop: Shop<'_>,
    uri: &str,
    present: &[Subscription],
) -> Result<Repaired, ShopError> {
    let mut done = Repaired { uri: uri.to_owned(), ..Repaired::default() };
    for topic in NEEDED {
        if let Err(failed) = repair_topic(shop, topic, present, &mut done).await {
            let message = failed.refusal().ok_or(failed)?;
            done.refused.push(Refused { topic: (*topic).to_owned(), message });
        }
    }
    Ok(done)
}

async fn repair_topic(
    shop: Shop<'_>,
    topic: &str,
    present: &[Subscription],
    done: &mut Repaired,
) -> Result<(), ShopError> {
    let ours = present.iter().filter(|one| is_ours(one, topic, &done.uri));
    let (whole, partial): (Vec<_>, Vec<_>) = ours.partition(|one| one.is_whole);
    let surplus = match (whole.is_empty(), partial.split_first()) {
        (true, None) => return subscribe(shop, topic, done).await,
        (true, Some((first, others))) => {
            if !widen(shop, topic, first, done).await? {
                return Ok(());
            }
            others
        }
        (false, _) => {
            done.kept.push(topic.to_owned());
            partial.as_slice()
        }
    };
    for one in surplus {
        end(shop, topic, one, done).await?;
    }
    Ok(())
}

/// Takes away what a subscription leaves out; false when Shopify does not let it.
async fn widen(
    shop: Shop<'_>,
    topic: &str,
    one: &Subscription,
    done: &mut Repaired,
) -> Result<bool, ShopError> {
    let call = admin::widen_subscription(&one.id);
    let widened = shop.read(call, admin::decode_widen_subscription).await?;
    let topic = topic.to_owned();
    if widened.is_whole {
        done.mended.push(topic);
        return Ok(true);
    }
    let message = refusal(&widened.errors).unwrap_or_else(|| {
        "Shopify keeps the subscription's filter; end it in Shopify, then repair again".to_owned()
    });
    done.refused.push(Refused { topic, message });
    Ok(false)
}

async fn end(
    shop: Shop<'_>,
    topic: &str,
    one: &Subscription,
    done: &mut Repaired,
) -> Result<(), ShopError> {
    let ended = shop.read(admin::unsubscribe(&one.id), admin::decode_unsubscribe).await?;
    let topic = topic.to_owned();
    match refusal(&ended.errors) {
        None => done.removed.push(topic),
        Some(message) => done.refused.push(Refused { topic, message }),
    }
    Ok(())
}

async fn subscribe(shop: Shop<'_>, topic: &str, done: &mut Repaired) -> Result<(), ShopError> {
    let Some(known) = topic::by_rest(topic) else { return Ok(()) };
    let call = admin::subscribe(known.graphql, &done.uri);
    match refusal(&shop.read(call, admin::decode_subscribe).await?.errors) {
        None => done.made.push(topic.to_owned()),
        Some(message) => done.refused.push(Refused { topic: topic.to_owned(), message }),
    }
    Ok(())
}

/// Ends every subscription to our addresses; gives the topics that are still there.
pub async fn remove(shop: Shop<'_>, uris: &[&str]) -> Result<Vec<String>, ShopError> {
    remove_where(shop, uris, |_| true).await
}

/// Ends the subscriptions to a former address whose topics deliver to the new one by now, and no
/// other; gives the topics that are still there.
pub async fn move_from(
    shop: Shop<'_>,
    former: &str,
    repaired: &Repaired,
) -> Result<Vec<String>, ShopError> {
    let refused = |topic: &str| repaired.refused.iter().any(|one| one.topic == topic);
    remove_where(shop, &[former], |topic| !refused(topic)).await
}

async fn remove_where(
    shop: Shop<'_>,
    uris: &[&str],
    ends: impl Fn(&str) -> bool,
) -> Result<Vec<String>, ShopError> {
    let present = shop.subscriptions().await?;
    let mut left = Vec::new();
    for one in present.iter().filter(|one| uris.contains(&one.uri.as_str())) {
        let name = topic::by_graphql(&one.topic).map_or(one.topic.as_str(), |known| known.rest);
        if !ends(name) {
            left.push(name.to_owned());
            continue;
        }
        let ended = shop.read(admin::unsubscribe(&one.id), admin::decode_unsubscribe).await;
        let is_left = match ended {
            Ok(ended) => !ended.errors.is_empty(),
            Err(failed) if failed.refusal().is_some() => true,
            Err(failed) => return Err(failed),
        };
        if is_left {
            left.push(name.to_owned());
        }
    }
    Ok(left)
}

fn is_ours(one: &Subscription, topic: &str, uri: &str) -> bool {
    one.uri == uri && topic::by_graphql(&one.topic).is_some_and(|known| known.rest == topic)
}

fn refusal(errors: &[UserError]) -> Option<String> {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}
