//! What several operations ask for alike. Written by `cargo xtask schema`: do not edit.

use super::super::document::DecodeError;
use super::super::view::{Node, Part, Read, view};
use super::words;

view! {
    /// `UserError`.
    UserError<'v> {
        "field" field: Option<Vec<Part>>,
        "message" message: String,
    }
}

view! {
    /// `InventoryAdjustmentGroup`.
    InventoryAdjustmentGroup<'v> {
        "createdAt" created_at: jiff::Timestamp,
        "id" id: String,
    }
}

view! {
    /// `BulkOperation`.
    BulkOperation<'v> {
        "id" id: lockstep_domain::BulkOperationId,
        "status" status: words::BulkOperationStatus,
    }
}

view! {
    /// `Fulfillment`.
    FulfillmentRef<'v> {
        "id" id: lockstep_domain::FulfillmentId,
    }
}

view! {
    /// `FulfillmentLineItemConnection`.
    FulfillmentLineItemConnection<'v> {
        "nodes" nodes: Vec<FulfillmentLineItem<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `FulfillmentLineItem`.
    FulfillmentLineItem<'v> {
        "lineItem" line_item: LineItemRef<'v>,
        "quantity" quantity: Option<i64>,
    }
}

view! {
    /// `LineItem`.
    LineItemRef<'v> {
        "id" id: lockstep_domain::LineItemId,
    }
}

view! {
    /// `PageInfo`.
    PageInfo<'v> {
        "endCursor" end_cursor: Option<String>,
        "hasNextPage" has_next_page: bool,
    }
}

view! {
    /// `Order`.
    Order<'v> {
        "updatedAt" updated_at: jiff::Timestamp,
    }
}

view! {
    /// `FulfillmentOrderLineItemConnection`.
    FulfillmentOrderLineItemConnection<'v> {
        "nodes" nodes: Vec<FulfillmentOrderLineItem<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `FulfillmentOrderLineItem`.
    FulfillmentOrderLineItem<'v> {
        "id" id: lockstep_domain::FulfillmentOrderLineId,
        "lineItem" line_item: LineItemRef<'v>,
        "remainingQuantity" remaining_quantity: i64,
    }
}

view! {
    /// `FulfillmentOrderConnection`.
    FulfillmentOrderConnection<'v> {
        "nodes" nodes: Vec<FulfillmentOrder<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `FulfillmentOrder`.
    FulfillmentOrder<'v> {
        "assignedLocation" assigned_location: FulfillmentOrderAssignedLocation<'v>,
        "fulfillmentHolds" fulfillment_holds: Vec<FulfillmentHold<'v>>,
        "id" id: lockstep_domain::FulfillmentOrderId,
        "lineItems" line_items: FulfillmentOrderLineItemConnection<'v>,
        "status" status: words::FulfillmentOrderStatus,
    }
}

view! {
    /// `FulfillmentOrderAssignedLocation`.
    FulfillmentOrderAssignedLocation<'v> {
        "location" location: Option<LocationRef<'v>>,
    }
}

view! {
    /// `Location`.
    LocationRef<'v> {
        "id" id: lockstep_domain::LocationId,
    }
}

view! {
    /// `FulfillmentHold`.
    FulfillmentHold<'v> {
        "reason" reason: words::FulfillmentHoldReason,
    }
}

view! {
    /// `LineItemConnection`.
    LineItemConnection<'v> {
        "nodes" nodes: Vec<LineItem<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `LineItem`.
    LineItem<'v> {
        "currentQuantity" current_quantity: i64,
        "discountAllocations" discount_allocations: Vec<DiscountAllocation<'v>>,
        "id" id: lockstep_domain::LineItemId,
        "originalUnitPriceSet" original_unit_price_set: MoneyBag<'v>,
        "quantity" quantity: i64,
        "requiresShipping" requires_shipping: bool,
        "sku" sku: Option<String>,
        "taxLines" tax_lines: Vec<TaxLine<'v>>,
        "title" title: String,
        "unfulfilledQuantity" unfulfilled_quantity: i64,
        "variant" variant: Option<ProductVariant<'v>>,
        "variantTitle" variant_title: Option<String>,
    }
}

view! {
    /// `DiscountAllocation`.
    DiscountAllocation<'v> {
        "allocatedAmountSet" allocated_amount_set: MoneyBag<'v>,
    }
}

view! {
    /// `MoneyBag`.
    MoneyBag<'v> {
        "presentmentMoney" presentment_money: MoneyV2<'v>,
        "shopMoney" shop_money: MoneyV2<'v>,
    }
}

view! {
    /// `MoneyV2`.
    MoneyV2<'v> {
        "amount" amount: lockstep_domain::Quantity,
        "currencyCode" currency_code: String,
    }
}

view! {
    /// `TaxLine`.
    TaxLine<'v> {
        "priceSet" price_set: MoneyBag<'v>,
    }
}

view! {
    /// `ProductVariant`.
    ProductVariant<'v> {
        "id" id: lockstep_domain::VariantId,
        "inventoryItem" inventory_item: InventoryItemRef<'v>,
    }
}

view! {
    /// `InventoryItem`.
    InventoryItemRef<'v> {
        "id" id: lockstep_domain::InventoryItemId,
    }
}

view! {
    /// `RefundLineItemConnection`.
    RefundLineItemConnection<'v> {
        "nodes" nodes: Vec<RefundLineItem<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `RefundLineItem`.
    RefundLineItem<'v> {
        "lineItem" line_item: LineItemRef<'v>,
        "location" location: Option<LocationRef<'v>>,
        "quantity" quantity: i64,
        "restockType" restock_type: words::RefundLineItemRestockType,
        "subtotalSet" subtotal_set: MoneyBag<'v>,
        "totalTaxSet" total_tax_set: MoneyBag<'v>,
    }
}

view! {
    /// `FulfillmentOrderConnection`.
    FulfillmentOrderConnectionOfRoutesOfOrder<'v> {
        "nodes" nodes: Vec<FulfillmentOrderOfRoutesOfOrder<'v>>,
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `FulfillmentOrder`.
    FulfillmentOrderOfRoutesOfOrder<'v> {
        "assignedLocation" assigned_location: FulfillmentOrderAssignedLocation<'v>,
        "fulfillmentHolds" fulfillment_holds: Vec<FulfillmentHold<'v>>,
        "id" id: lockstep_domain::FulfillmentOrderId,
        "lineItems" line_items: FulfillmentOrderLineItemConnection<'v>,
        "status" status: words::FulfillmentOrderStatus,
        "supportedActions" supported_actions: Vec<FulfillmentOrderSupportedAction<'v>>,
    }
}

view! {
    /// `FulfillmentOrderSupportedAction`.
    FulfillmentOrderSupportedAction<'v> {
        "action" action: words::FulfillmentOrderAction,
    }
}

view! {
    /// `ProductVariant`.
    ProductVariantOfVariantsByCode<'v> {
        "barcode" barcode: Option<String>,
        "id" id: lockstep_domain::VariantId,
        "inventoryItem" inventory_item: InventoryItem<'v>,
        "product" product: Product<'v>,
        "sku" sku: Option<String>,
        "title" title: String,
    }
}

view! {
    /// `InventoryItem`.
    InventoryItem<'v> {
        "id" id: lockstep_domain::InventoryItemId,
        "tracked" tracked: bool,
    }
}

view! {
    /// `Product`.
    Product<'v> {
        "id" id: lockstep_domain::ProductId,
        "status" status: words::ProductStatus,
        "title" title: String,
    }
}
