//! Fields of `LineItem`.

use super::super::Front;
use super::super::record::Obj;
use super::order::attributes;
use super::{Found, bag, taxes};
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::Order;

pub(super) fn field(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    field: &str,
    _arguments: &Arguments,
) -> Found {
    let Some(line) = order.line(number) else {
        return Ok(Some(Out::Null));
    };
    let sum = |amount| bag(&order.currencies, amount);
    let unit = || line.value(line.quantity).share(1, line.quantity.max(1));
    let title = line.variant_title.as_deref();
    Ok(Some(match field {
        "id" => Out::leaf(gid("LineItem", number)),
        "title" => Out::leaf(line.title.as_str()),
        "variantTitle" => Out::leaf(line.variant_title.clone()),
        "name" => Out::leaf(match title {
            Some(title) => format!("{} - {title}", line.title),
            None => line.title.clone(),
        }),
        "sku" => Out::leaf(line.sku.clone()),
        "vendor" => Out::leaf(line.vendor.clone()),
        "quantity" => Out::leaf(line.quantity),
        "currentQuantity" => Out::leaf(line.current()),
        "unfulfilledQuantity" | "fulfillableQuantity" => Out::leaf(line.remaining()),
        "refundableQuantity" => Out::leaf(line.current()),
        "nonFulfillableQuantity" => Out::leaf(line.removed),
        "fulfillmentStatus" => Out::leaf(match (line.fulfilled, line.remaining()) {
            (0, _) => "unfulfilled",
            (_, 0) => "fulfilled",
            _ => "partial",
        }),
        "requiresShipping" => Out::leaf(line.requires_shipping),
        "isGiftCard" => Out::leaf(line.gift_card),
        "taxable" => Out::leaf(line.taxable),
        "restockable" => Out::leaf(line.item.is_some() && line.current() > 0),
        "merchantEditable" => Out::leaf(order.cancelled_at.is_none() && line.remaining() > 0),
        "variant" => {
            let known = line.variant.filter(|id| front.shop.variants.contains_key(id));
            Out::maybe(known.map(Obj::Variant))
        }
        "product" => {
            let known = line.product.filter(|id| front.shop.products.contains_key(id));
            Out::maybe(known.map(Obj::Product))
        }
        "originalUnitPriceSet" => sum(line.price),
        "discountedUnitPriceSet" | "discountedUnitPriceAfterAllDiscountsSet" => sum(unit()),
        "originalTotalSet" => sum(line.price.times(line.quantity)),
        "discountedTotalSet" => sum(line.value(line.quantity)),
        "totalDiscountSet" => sum(line.discount),
        "unfulfilledOriginalTotalSet" => sum(line.price.times(line.remaining())),
        "unfulfilledDiscountedTotalSet" => sum(line.value(line.remaining())),
        "taxLines" => taxes(order, order.tax(line, line.quantity)),
        "customAttributes" => attributes(&line.properties),
        "discountAllocations" | "duties" => Out::List(Vec::new()),
        "lineItemGroup" | "sellingPlan" | "contract" | "image" | "staffMember" | "weight" => {
            Out::Null
        }
        _ => return Ok(None),
    }))
}
