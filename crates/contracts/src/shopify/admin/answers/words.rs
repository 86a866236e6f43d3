//! Enums, with what else comes. Written by `cargo xtask schema`: do not edit.

use super::super::document::DecodeError;
use super::super::view::{Node, Read, words};

words! {
    /// `BulkOperationErrorCode`.
    BulkOperationErrorCode {
        AccessDenied = "ACCESS_DENIED",
        InternalServerError = "INTERNAL_SERVER_ERROR",
        Timeout = "TIMEOUT",
    }
}

words! {
    /// `BulkOperationStatus`.
    BulkOperationStatus {
        Canceled = "CANCELED",
        Canceling = "CANCELING",
        Completed = "COMPLETED",
        Created = "CREATED",
        Expired = "EXPIRED",
        Failed = "FAILED",
        Running = "RUNNING",
    }
}

words! {
    /// `BulkOperationUserErrorCode`.
    BulkOperationUserErrorCode {
        Invalid = "INVALID",
        LimitReached = "LIMIT_REACHED",
        OperationInProgress = "OPERATION_IN_PROGRESS",
    }
}

words! {
    /// `CountPrecision`.
    CountPrecision {
        AtLeast = "AT_LEAST",
        Exact = "EXACT",
    }
}

words! {
    /// `FulfillmentHoldReason`.
    FulfillmentHoldReason {
        AwaitingPayment = "AWAITING_PAYMENT",
        AwaitingReturnItems = "AWAITING_RETURN_ITEMS",
        HighRiskOfFraud = "HIGH_RISK_OF_FRAUD",
        IncorrectAddress = "INCORRECT_ADDRESS",
        InventoryOutOfStock = "INVENTORY_OUT_OF_STOCK",
        OnlineStorePostPurchaseCrossSell = "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
        Other = "OTHER",
        UnknownDeliveryDate = "UNKNOWN_DELIVERY_DATE",
    }
}

words! {
    /// `FulfillmentOrderAction`.
    FulfillmentOrderAction {
        CancelFulfillmentOrder = "CANCEL_FULFILLMENT_ORDER",
        CreateFulfillment = "CREATE_FULFILLMENT",
        External = "EXTERNAL",
        Hold = "HOLD",
        MarkAsOpen = "MARK_AS_OPEN",
        Merge = "MERGE",
        Move = "MOVE",
        ReleaseHold = "RELEASE_HOLD",
        ReportProgress = "REPORT_PROGRESS",
        RequestCancellation = "REQUEST_CANCELLATION",
        RequestFulfillment = "REQUEST_FULFILLMENT",
        Split = "SPLIT",
    }
}

words! {
    /// `FulfillmentOrderStatus`.
    FulfillmentOrderStatus {
        Cancelled = "CANCELLED",
        Closed = "CLOSED",
        Incomplete = "INCOMPLETE",
        InProgress = "IN_PROGRESS",
        OnHold = "ON_HOLD",
        Open = "OPEN",
        Scheduled = "SCHEDULED",
    }
}

words! {
    /// `FulfillmentStatus`.
    FulfillmentStatus {
        Cancelled = "CANCELLED",
        Error = "ERROR",
        Failure = "FAILURE",
        Open = "OPEN",
        Pending = "PENDING",
        Success = "SUCCESS",
    }
}

words! {
    /// `InventoryAdjustQuantitiesUserErrorCode`.
    InventoryAdjustQuantitiesUserErrorCode {
        AdjustQuantitiesFailed = "ADJUST_QUANTITIES_FAILED",
        ChangeFromQuantityStale = "CHANGE_FROM_QUANTITY_STALE",
        IdempotencyConcurrentRequest = "IDEMPOTENCY_CONCURRENT_REQUEST",
        IdempotencyKeyParameterMismatch = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        IdempotencyPreviousAttemptFailed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
        InternalLedgerDocument = "INTERNAL_LEDGER_DOCUMENT",
        InvalidAvailableDocument = "INVALID_AVAILABLE_DOCUMENT",
        InvalidInventoryItem = "INVALID_INVENTORY_ITEM",
        InvalidLedgerDocument = "INVALID_LEDGER_DOCUMENT",
        InvalidLocation = "INVALID_LOCATION",
        InvalidQuantityDocument = "INVALID_QUANTITY_DOCUMENT",
        InvalidQuantityName = "INVALID_QUANTITY_NAME",
        InvalidQuantityTooHigh = "INVALID_QUANTITY_TOO_HIGH",
        InvalidQuantityTooLow = "INVALID_QUANTITY_TOO_LOW",
        InvalidReason = "INVALID_REASON",
        InvalidReferenceDocument = "INVALID_REFERENCE_DOCUMENT",
        MaxOneLedgerDocument = "MAX_ONE_LEDGER_DOCUMENT",
        NonMutableInventoryItem = "NON_MUTABLE_INVENTORY_ITEM",
        ServiceUnavailable = "SERVICE_UNAVAILABLE",
    }
}

words! {
    /// `InventorySetQuantitiesUserErrorCode`.
    InventorySetQuantitiesUserErrorCode {
        ChangeFromQuantityStale = "CHANGE_FROM_QUANTITY_STALE",
        CompareQuantityRequired = "COMPARE_QUANTITY_REQUIRED",
        CompareQuantityStale = "COMPARE_QUANTITY_STALE",
        IdempotencyConcurrentRequest = "IDEMPOTENCY_CONCURRENT_REQUEST",
        IdempotencyKeyParameterMismatch = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        IdempotencyPreviousAttemptFailed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
        InvalidInventoryItem = "INVALID_INVENTORY_ITEM",
        InvalidLocation = "INVALID_LOCATION",
        InvalidName = "INVALID_NAME",
        InvalidQuantityNegative = "INVALID_QUANTITY_NEGATIVE",
        InvalidQuantityTooHigh = "INVALID_QUANTITY_TOO_HIGH",
        InvalidQuantityTooLow = "INVALID_QUANTITY_TOO_LOW",
        InvalidReason = "INVALID_REASON",
        InvalidReferenceDocument = "INVALID_REFERENCE_DOCUMENT",
        NonMutableInventoryItem = "NON_MUTABLE_INVENTORY_ITEM",
        NoDuplicateInventoryItemIdGroupIdPair = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
    }
}

words! {
    /// `OrderCancelReason`.
    OrderCancelReason {
        Customer = "CUSTOMER",
        Declined = "DECLINED",
        Fraud = "FRAUD",
        Inventory = "INVENTORY",
        Other = "OTHER",
        Staff = "STAFF",
    }
}

words! {
    /// `OrderCancelUserErrorCode`.
    OrderCancelUserErrorCode {
        InternalError = "INTERNAL_ERROR",
        Invalid = "INVALID",
        NotFound = "NOT_FOUND",
        NoRefundPermission = "NO_REFUND_PERMISSION",
        NoRefundToStoreCreditPermission = "NO_REFUND_TO_STORE_CREDIT_PERMISSION",
        StoreCreditRefundB2bNotSupported = "STORE_CREDIT_REFUND_B2B_NOT_SUPPORTED",
        StoreCreditRefundExpirationInPast = "STORE_CREDIT_REFUND_EXPIRATION_IN_PAST",
        StoreCreditRefundMissingCustomer = "STORE_CREDIT_REFUND_MISSING_CUSTOMER",
    }
}

words! {
    /// `OrderDisplayFinancialStatus`.
    OrderDisplayFinancialStatus {
        Authorized = "AUTHORIZED",
        Expired = "EXPIRED",
        Paid = "PAID",
        PartiallyPaid = "PARTIALLY_PAID",
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        Pending = "PENDING",
        Refunded = "REFUNDED",
        Voided = "VOIDED",
    }
}

words! {
    /// `OrderDisplayFulfillmentStatus`.
    OrderDisplayFulfillmentStatus {
        Fulfilled = "FULFILLED",
        FulfillmentNotRequired = "FULFILLMENT_NOT_REQUIRED",
        InProgress = "IN_PROGRESS",
        OnHold = "ON_HOLD",
        Open = "OPEN",
        PartiallyFulfilled = "PARTIALLY_FULFILLED",
        PendingFulfillment = "PENDING_FULFILLMENT",
        RequestDeclined = "REQUEST_DECLINED",
        Restocked = "RESTOCKED",
        Scheduled = "SCHEDULED",
        Unfulfilled = "UNFULFILLED",
    }
}

words! {
    /// `ProductStatus`.
    ProductStatus {
        Active = "ACTIVE",
        Archived = "ARCHIVED",
        Draft = "DRAFT",
        Unlisted = "UNLISTED",
    }
}

words! {
    /// `RefundLineItemRestockType`.
    RefundLineItemRestockType {
        Cancel = "CANCEL",
        LegacyRestock = "LEGACY_RESTOCK",
        NoRestock = "NO_RESTOCK",
        Return = "RETURN",
    }
}

words! {
    /// `WebhookSubscriptionFormat`.
    WebhookSubscriptionFormat {
        Json = "JSON",
        Xml = "XML",
    }
}
