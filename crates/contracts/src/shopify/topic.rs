//! Webhook topics: Shopify's enum values and the names that deliveries carry.
//!
//! Where the `/` falls in a name cannot be derived from the enum value, so the pairs are a table,
//! taken from the descriptions of `WebhookSubscriptionTopic` in the Admin schema 2026-10.

/// One topic under its two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Value of `WebhookSubscriptionTopic`.
    pub graphql: &'static str,
    /// What `X-Shopify-Topic` says.
    pub rest: &'static str,
}

/// A level changed.
pub const INVENTORY_LEVELS_UPDATE: &str = "inventory_levels/update";
/// An inventory item is now stocked at a location.
pub const INVENTORY_LEVELS_CONNECT: &str = "inventory_levels/connect";
/// An inventory item is no longer stocked at a location.
pub const INVENTORY_LEVELS_DISCONNECT: &str = "inventory_levels/disconnect";
/// A bulk operation ended.
pub const BULK_OPERATIONS_FINISH: &str = "bulk_operations/finish";
/// The app was uninstalled.
pub const APP_UNINSTALLED: &str = "app/uninstalled";
/// A customer asks for their data. Not in Shopify's enum, as the next two.
pub const CUSTOMERS_DATA_REQUEST: &str = "customers/data_request";
/// A customer's data is to be erased.
pub const CUSTOMERS_REDACT: &str = "customers/redact";
/// A store's data is to be erased.
pub const SHOP_REDACT: &str = "shop/redact";

/// The mandatory compliance topics. They are set in the app's configuration and have no enum
/// value.
pub const COMPLIANCE: &[&str] = &[CUSTOMERS_DATA_REQUEST, CUSTOMERS_REDACT, SHOP_REDACT];

/// The topic that deliveries name so.
#[must_use]
pub fn by_rest(rest: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.rest == rest)
}

/// The topic with this enum value.
#[must_use]
pub fn by_graphql(graphql: &str) -> Option<&'static Topic> {
    let found = TOPICS.binary_search_by(|topic| topic.graphql.cmp(graphql)).ok()?;
    TOPICS.get(found)
}

/// Whether Shopify 2026-10 sends deliveries with this name, compliance topics included.
#[must_use]
pub fn is_known(rest: &str) -> bool {
    COMPLIANCE.contains(&rest) || by_rest(rest).is_some()
}

const fn pair(graphql: &'static str, rest: &'static str) -> Topic {
    Topic { graphql, rest }
}

/// Every topic that can be subscribed to, in order of enum value.
pub const TOPICS: &[Topic] = &[
    pair("APP_PURCHASES_ONE_TIME_UPDATE", "app_purchases_one_time/update"),
    pair("APP_SCOPES_UPDATE", "app/scopes_update"),
    pair(
        "APP_SUBSCRIPTIONS_APPROACHING_CAPPED_AMOUNT",
        "app_subscriptions/approaching_capped_amount",
    ),
    pair("APP_SUBSCRIPTIONS_UPDATE", "app_subscriptions/update"),
    pair("APP_UNINSTALLED", "app/uninstalled"),
    pair("AUDIT_EVENTS_ADMIN_API_ACTIVITY", "audit_events/admin_api_activity"),
    pair("BULK_OPERATIONS_FINISH", "bulk_operations/finish"),
    pair("CARTS_CREATE", "carts/create"),
    pair("CARTS_UPDATE", "carts/update"),
    pair("CHANNELS_DELETE", "channels/delete"),
    pair("CHECKOUTS_CREATE", "checkouts/create"),
    pair("CHECKOUTS_DELETE", "checkouts/delete"),
    pair("CHECKOUTS_UPDATE", "checkouts/update"),
    pair("COLLECTIONS_CREATE", "collections/create"),
    pair("COLLECTIONS_DELETE", "collections/delete"),
    pair("COLLECTIONS_UPDATE", "collections/update"),
    pair("COLLECTION_LISTINGS_ADD", "collection_listings/add"),
    pair("COLLECTION_LISTINGS_REMOVE", "collection_listings/remove"),
    pair("COLLECTION_LISTINGS_UPDATE", "collection_listings/update"),
    pair("COLLECTION_PUBLICATIONS_CREATE", "collection_publications/create"),
    pair("COLLECTION_PUBLICATIONS_DELETE", "collection_publications/delete"),
    pair("COLLECTION_PUBLICATIONS_UPDATE", "collection_publications/update"),
    pair("COMPANIES_CREATE", "companies/create"),
    pair("COMPANIES_DELETE", "companies/delete"),
    pair("COMPANIES_UPDATE", "companies/update"),
    pair("COMPANY_CONTACTS_CREATE", "company_contacts/create"),
    pair("COMPANY_CONTACTS_DELETE", "company_contacts/delete"),
    pair("COMPANY_CONTACTS_UPDATE", "company_contacts/update"),
    pair("COMPANY_CONTACT_ROLES_ASSIGN", "company_contact_roles/assign"),
    pair("COMPANY_CONTACT_ROLES_REVOKE", "company_contact_roles/revoke"),
    pair("COMPANY_LOCATIONS_CREATE", "company_locations/create"),
    pair("COMPANY_LOCATIONS_DELETE", "company_locations/delete"),
    pair("COMPANY_LOCATIONS_UPDATE", "company_locations/update"),
    pair("CUSTOMERS_CREATE", "customers/create"),
    pair("CUSTOMERS_DELETE", "customers/delete"),
    pair("CUSTOMERS_DISABLE", "customers/disable"),
    pair("CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE", "customers_email_marketing_consent/update"),
    pair("CUSTOMERS_ENABLE", "customers/enable"),
    pair("CUSTOMERS_MARKETING_CONSENT_UPDATE", "customers_marketing_consent/update"),
    pair("CUSTOMERS_MERGE", "customers/merge"),
    pair("CUSTOMERS_PURCHASING_SUMMARY", "customers/purchasing_summary"),
    pair("CUSTOMERS_UPDATE", "customers/update"),
    pair(
        "CUSTOMERS_WHATS_APP_MARKETING_CONSENT_UPDATE",
        "customers_whats_app_marketing_consent/update",
    ),
    pair("CUSTOMER_ACCOUNT_SETTINGS_UPDATE", "customer_account_settings/update"),
    pair("CUSTOMER_GROUPS_CREATE", "customer_groups/create"),
    pair("CUSTOMER_GROUPS_DELETE", "customer_groups/delete"),
    pair("CUSTOMER_GROUPS_UPDATE", "customer_groups/update"),
    pair("CUSTOMER_JOINED_SEGMENT", "customer.joined_segment"),
    pair("CUSTOMER_LEFT_SEGMENT", "customer.left_segment"),
    pair("CUSTOMER_PAYMENT_METHODS_CREATE", "customer_payment_methods/create"),
    pair("CUSTOMER_PAYMENT_METHODS_REVOKE", "customer_payment_methods/revoke"),
    pair("CUSTOMER_PAYMENT_METHODS_UPDATE", "customer_payment_methods/update"),
    pair("CUSTOMER_TAGS_ADDED", "customer.tags_added"),
    pair("CUSTOMER_TAGS_REMOVED", "customer.tags_removed"),
    pair("DELIVERY_PROMISE_SETTINGS_UPDATE", "delivery_promise_settings/update"),
    pair("DISCOUNTS_CREATE", "discounts/create"),
    pair("DISCOUNTS_DELETE", "discounts/delete"),
    pair("DISCOUNTS_REDEEMCODE_ADDED", "discounts/redeemcode_added"),
    pair("DISCOUNTS_REDEEMCODE_REMOVED", "discounts/redeemcode_removed"),
    pair("DISCOUNTS_UPDATE", "discounts/update"),
    pair("DISPUTES_CREATE", "disputes/create"),
    pair("DISPUTES_UPDATE", "disputes/update"),
    pair("DOMAINS_CREATE", "domains/create"),
    pair("DOMAINS_DESTROY", "domains/destroy"),
    pair("DOMAINS_UPDATE", "domains/update"),
    pair("DRAFT_ORDERS_CREATE", "draft_orders/create"),
    pair("DRAFT_ORDERS_DELETE", "draft_orders/delete"),
    pair("DRAFT_ORDERS_UPDATE", "draft_orders/update"),
    pair("FINANCE_APP_STAFF_MEMBER_DELETE", "finance_app_staff_member/delete"),
    pair("FINANCE_APP_STAFF_MEMBER_GRANT", "finance_app_staff_member/grant"),
    pair("FINANCE_APP_STAFF_MEMBER_REVOKE", "finance_app_staff_member/revoke"),
    pair("FINANCE_APP_STAFF_MEMBER_UPDATE", "finance_app_staff_member/update"),
    pair("FINANCE_KYC_INFORMATION_UPDATE", "finance_kyc_information/update"),
    pair("FULFILLMENTS_CREATE", "fulfillments/create"),
    pair("FULFILLMENTS_UPDATE", "fulfillments/update"),
    pair("FULFILLMENT_EVENTS_CREATE", "fulfillment_events/create"),
    pair("FULFILLMENT_EVENTS_DELETE", "fulfillment_events/delete"),
    pair("FULFILLMENT_HOLDS_ADDED", "fulfillment_holds/added"),
    pair("FULFILLMENT_HOLDS_RELEASED", "fulfillment_holds/released"),
    pair(
        "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_ACCEPTED",
        "fulfillment_orders/cancellation_request_accepted",
    ),
    pair(
        "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_REJECTED",
        "fulfillment_orders/cancellation_request_rejected",
    ),
    pair(
        "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_SUBMITTED",
        "fulfillment_orders/cancellation_request_submitted",
    ),
    pair("FULFILLMENT_ORDERS_CANCELLED", "fulfillment_orders/cancelled"),
    pair(
        "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_ACCEPTED",
        "fulfillment_orders/fulfillment_request_accepted",
    ),
    pair(
        "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_REJECTED",
        "fulfillment_orders/fulfillment_request_rejected",
    ),
    pair(
        "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_SUBMITTED",
        "fulfillment_orders/fulfillment_request_submitted",
    ),
    pair(
        "FULFILLMENT_ORDERS_FULFILLMENT_SERVICE_FAILED_TO_COMPLETE",
        "fulfillment_orders/fulfillment_service_failed_to_complete",
    ),
    pair("FULFILLMENT_ORDERS_HOLD_RELEASED", "fulfillment_orders/hold_released"),
    pair(
        "FULFILLMENT_ORDERS_LINE_ITEMS_PREPARED_FOR_LOCAL_DELIVERY",
        "fulfillment_orders/line_items_prepared_for_local_delivery",
    ),
    pair(
        "FULFILLMENT_ORDERS_LINE_ITEMS_PREPARED_FOR_PICKUP",
        "fulfillment_orders/line_items_prepared_for_pickup",
    ),
    pair(
        "FULFILLMENT_ORDERS_MANUALLY_REPORTED_PROGRESS_STOPPED",
        "fulfillment_orders/manually_reported_progress_stopped",
    ),
    pair("FULFILLMENT_ORDERS_MERGED", "fulfillment_orders/merged"),
    pair("FULFILLMENT_ORDERS_MOVED", "fulfillment_orders/moved"),
    pair("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE", "fulfillment_orders/order_routing_complete"),
    pair("FULFILLMENT_ORDERS_PLACED_ON_HOLD", "fulfillment_orders/placed_on_hold"),
    pair("FULFILLMENT_ORDERS_PROGRESS_REPORTED", "fulfillment_orders/progress_reported"),
    pair("FULFILLMENT_ORDERS_RESCHEDULED", "fulfillment_orders/rescheduled"),
    pair(
        "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
    ),
    pair("FULFILLMENT_ORDERS_SPLIT", "fulfillment_orders/split"),
    pair("INVENTORY_ITEMS_CREATE", "inventory_items/create"),
    pair("INVENTORY_ITEMS_DELETE", "inventory_items/delete"),
    pair("INVENTORY_ITEMS_UPDATE", "inventory_items/update"),
    pair("INVENTORY_LEVELS_CONNECT", "inventory_levels/connect"),
    pair("INVENTORY_LEVELS_DISCONNECT", "inventory_levels/disconnect"),
    pair("INVENTORY_LEVELS_UPDATE", "inventory_levels/update"),
    pair("INVENTORY_SHIPMENTS_ADD_ITEMS", "inventory_shipments/add_items"),
    pair("INVENTORY_SHIPMENTS_CREATE", "inventory_shipments/create"),
    pair("INVENTORY_SHIPMENTS_DELETE", "inventory_shipments/delete"),
    pair("INVENTORY_SHIPMENTS_MARK_IN_TRANSIT", "inventory_shipments/mark_in_transit"),
    pair("INVENTORY_SHIPMENTS_RECEIVE_ITEMS", "inventory_shipments/receive_items"),
    pair("INVENTORY_SHIPMENTS_REMOVE_ITEMS", "inventory_shipments/remove_items"),
    pair(
        "INVENTORY_SHIPMENTS_UPDATE_ITEM_QUANTITIES",
        "inventory_shipments/update_item_quantities",
    ),
    pair("INVENTORY_SHIPMENTS_UPDATE_TRACKING", "inventory_shipments/update_tracking"),
    pair("INVENTORY_TRANSFERS_ADD_ITEMS", "inventory_transfers/add_items"),
    pair("INVENTORY_TRANSFERS_CANCEL", "inventory_transfers/cancel"),
    pair("INVENTORY_TRANSFERS_COMPLETE", "inventory_transfers/complete"),
    pair("INVENTORY_TRANSFERS_READY_TO_SHIP", "inventory_transfers/ready_to_ship"),
    pair("INVENTORY_TRANSFERS_REMOVE_ITEMS", "inventory_transfers/remove_items"),
    pair("INVENTORY_TRANSFERS_UPDATED", "inventory_transfers/updated"),
    pair(
        "INVENTORY_TRANSFERS_UPDATE_ITEM_QUANTITIES",
        "inventory_transfers/update_item_quantities",
    ),
    pair("LOCALES_CREATE", "locales/create"),
    pair("LOCALES_DESTROY", "locales/destroy"),
    pair("LOCALES_UPDATE", "locales/update"),
    pair("LOCATIONS_ACTIVATE", "locations/activate"),
    pair("LOCATIONS_CREATE", "locations/create"),
    pair("LOCATIONS_DEACTIVATE", "locations/deactivate"),
    pair("LOCATIONS_DELETE", "locations/delete"),
    pair("LOCATIONS_UPDATE", "locations/update"),
    pair("MARKETS_BACKUP_REGION_UPDATE", "markets_backup_region/update"),
    pair("MARKETS_CREATE", "markets/create"),
    pair("MARKETS_DELETE", "markets/delete"),
    pair("MARKETS_UPDATE", "markets/update"),
    pair("METAFIELD_DEFINITIONS_CREATE", "metafield_definitions/create"),
    pair("METAFIELD_DEFINITIONS_DELETE", "metafield_definitions/delete"),
    pair("METAFIELD_DEFINITIONS_UPDATE", "metafield_definitions/update"),
    pair("METAOBJECTS_CREATE", "metaobjects/create"),
    pair("METAOBJECTS_DELETE", "metaobjects/delete"),
    pair("METAOBJECTS_UPDATE", "metaobjects/update"),
    pair("ORDERS_CANCELLED", "orders/cancelled"),
    pair("ORDERS_CREATE", "orders/create"),
    pair("ORDERS_DELETE", "orders/delete"),
    pair("ORDERS_EDITED", "orders/edited"),
    pair("ORDERS_FULFILLED", "orders/fulfilled"),
    pair("ORDERS_LINK_REQUESTED", "orders/link_requested"),
    pair("ORDERS_PAID", "orders/paid"),
    pair("ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
    pair("ORDERS_RISK_ASSESSMENT_CHANGED", "orders/risk_assessment_changed"),
    pair(
        "ORDERS_SHOPIFY_PROTECT_ELIGIBILITY_CHANGED",
        "orders/shopify_protect_eligibility_changed",
    ),
    pair("ORDERS_UPDATED", "orders/updated"),
    pair("ORDER_TRANSACTIONS_CREATE", "order_transactions/create"),
    pair("PAYMENT_SCHEDULES_DUE", "payment_schedules/due"),
    pair("PAYMENT_TERMS_CREATE", "payment_terms/create"),
    pair("PAYMENT_TERMS_DELETE", "payment_terms/delete"),
    pair("PAYMENT_TERMS_UPDATE", "payment_terms/update"),
    pair("PRODUCTS_CREATE", "products/create"),
    pair("PRODUCTS_DELETE", "products/delete"),
    pair("PRODUCTS_UPDATE", "products/update"),
    pair("PRODUCT_FEEDS_CREATE", "product_feeds/create"),
    pair("PRODUCT_FEEDS_FULL_SYNC", "product_feeds/full_sync"),
    pair("PRODUCT_FEEDS_FULL_SYNC_FINISH", "product_feeds/full_sync_finish"),
    pair("PRODUCT_FEEDS_INCREMENTAL_SYNC", "product_feeds/incremental_sync"),
    pair("PRODUCT_FEEDS_UPDATE", "product_feeds/update"),
    pair("PRODUCT_LISTINGS_ADD", "product_listings/add"),
    pair("PRODUCT_LISTINGS_REMOVE", "product_listings/remove"),
    pair("PRODUCT_LISTINGS_UPDATE", "product_listings/update"),
    pair("PRODUCT_PUBLICATIONS_CREATE", "product_publications/create"),
    pair("PRODUCT_PUBLICATIONS_DELETE", "product_publications/delete"),
    pair("PRODUCT_PUBLICATIONS_UPDATE", "product_publications/update"),
    pair("PROFILES_CREATE", "profiles/create"),
    pair("PROFILES_DELETE", "profiles/delete"),
    pair("PROFILES_UPDATE", "profiles/update"),
    pair("REFUNDS_CREATE", "refunds/create"),
    pair("RETURNS_APPROVE", "returns/approve"),
    pair("RETURNS_CANCEL", "returns/cancel"),
    pair("RETURNS_CLOSE", "returns/close"),
    pair("RETURNS_DECLINE", "returns/decline"),
    pair("RETURNS_PROCESS", "returns/process"),
    pair("RETURNS_REOPEN", "returns/reopen"),
    pair("RETURNS_REQUEST", "returns/request"),
    pair("RETURNS_UPDATE", "returns/update"),
    pair("REVERSE_DELIVERIES_ATTACH_DELIVERABLE", "reverse_deliveries/attach_deliverable"),
    pair("REVERSE_FULFILLMENT_ORDERS_DISPOSE", "reverse_fulfillment_orders/dispose"),
    pair("SCHEDULED_PRODUCT_LISTINGS_ADD", "scheduled_product_listings/add"),
    pair("SCHEDULED_PRODUCT_LISTINGS_REMOVE", "scheduled_product_listings/remove"),
    pair("SCHEDULED_PRODUCT_LISTINGS_UPDATE", "scheduled_product_listings/update"),
    pair("SEGMENTS_CREATE", "segments/create"),
    pair("SEGMENTS_DELETE", "segments/delete"),
    pair("SEGMENTS_UPDATE", "segments/update"),
    pair("SELLING_PLAN_GROUPS_CREATE", "selling_plan_groups/create"),
    pair("SELLING_PLAN_GROUPS_DELETE", "selling_plan_groups/delete"),
    pair("SELLING_PLAN_GROUPS_UPDATE", "selling_plan_groups/update"),
    pair("SHIPPING_ADDRESSES_CREATE", "shipping_addresses/create"),
    pair("SHIPPING_ADDRESSES_UPDATE", "shipping_addresses/update"),
    pair("SHOP_UPDATE", "shop/update"),
    pair("SUBSCRIPTION_BILLING_ATTEMPTS_CHALLENGED", "subscription_billing_attempts/challenged"),
    pair("SUBSCRIPTION_BILLING_ATTEMPTS_FAILURE", "subscription_billing_attempts/failure"),
    pair("SUBSCRIPTION_BILLING_ATTEMPTS_SUCCESS", "subscription_billing_attempts/success"),
    pair("SUBSCRIPTION_BILLING_CYCLES_SKIP", "subscription_billing_cycles/skip"),
    pair("SUBSCRIPTION_BILLING_CYCLES_UNSKIP", "subscription_billing_cycles/unskip"),
    pair("SUBSCRIPTION_BILLING_CYCLE_EDITS_CREATE", "subscription_billing_cycle_edits/create"),
    pair("SUBSCRIPTION_BILLING_CYCLE_EDITS_DELETE", "subscription_billing_cycle_edits/delete"),
    pair("SUBSCRIPTION_BILLING_CYCLE_EDITS_UPDATE", "subscription_billing_cycle_edits/update"),
    pair("SUBSCRIPTION_CONTRACTS_ACTIVATE", "subscription_contracts/activate"),
    pair("SUBSCRIPTION_CONTRACTS_CANCEL", "subscription_contracts/cancel"),
    pair("SUBSCRIPTION_CONTRACTS_CREATE", "subscription_contracts/create"),
    pair("SUBSCRIPTION_CONTRACTS_EXPIRE", "subscription_contracts/expire"),
    pair("SUBSCRIPTION_CONTRACTS_FAIL", "subscription_contracts/fail"),
    pair("SUBSCRIPTION_CONTRACTS_PAUSE", "subscription_contracts/pause"),
    pair("SUBSCRIPTION_CONTRACTS_UPDATE", "subscription_contracts/update"),
    pair("TAX_SERVICES_CREATE", "tax_services/create"),
    pair("TAX_SERVICES_UPDATE", "tax_services/update"),
    pair("TENDER_TRANSACTIONS_CREATE", "tender_transactions/create"),
    pair("THEMES_CREATE", "themes/create"),
    pair("THEMES_DELETE", "themes/delete"),
    pair("THEMES_PUBLISH", "themes/publish"),
    pair("THEMES_UPDATE", "themes/update"),
    pair("VARIANTS_IN_STOCK", "variants/in_stock"),
    pair("VARIANTS_OUT_OF_STOCK", "variants/out_of_stock"),
];

#[cfg(test)]
mod tests {
    use super::{COMPLIANCE, TOPICS, by_graphql, by_rest, is_known};

    #[test]
    fn every_topic_is_found_by_both_names() {
        for topic in TOPICS {
            assert_eq!(by_graphql(topic.graphql), Some(topic));
            assert_eq!(by_rest(topic.rest), Some(topic));
        }
        assert!(TOPICS.is_sorted_by(|a, b| a.graphql < b.graphql));
    }

    #[test]
    fn slash_falls_where_shopify_puts_it() {
        let pairs = [
            ("ORDER_TRANSACTIONS_CREATE", "order_transactions/create"),
            ("INVENTORY_LEVELS_UPDATE", "inventory_levels/update"),
            (
                "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
                "fulfillment_orders/order_routing_complete",
            ),
            ("REVERSE_FULFILLMENT_ORDERS_DISPOSE", "reverse_fulfillment_orders/dispose"),
            ("BULK_OPERATIONS_FINISH", "bulk_operations/finish"),
        ];
        for (graphql, rest) in pairs {
            assert_eq!(by_graphql(graphql).map(|topic| topic.rest), Some(rest));
        }
    }

    #[test]
    fn compliance_topics_are_known_and_have_no_enum_value() {
        for rest in COMPLIANCE {
            assert!(is_known(rest) && by_rest(rest).is_none());
        }
        assert!(!is_known("inventory_levels/UPDATE") && !is_known(""));
    }

    #[test]
    fn named_topics_are_in_the_table() {
        let named = [
            super::INVENTORY_LEVELS_UPDATE,
            super::INVENTORY_LEVELS_CONNECT,
            super::INVENTORY_LEVELS_DISCONNECT,
            super::BULK_OPERATIONS_FINISH,
            super::APP_UNINSTALLED,
        ];
        assert!(named.iter().all(|rest| by_rest(rest).is_some()));
    }
}
