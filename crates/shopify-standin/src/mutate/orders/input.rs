//! Reading parts of inputs.

use crate::graphql::error::GraphqlError;
use crate::model::order::{Address, Currencies, Money, Tracking, money};
use crate::resolve::number;
use serde_json::Value;

/// A text.
pub(super) fn text(input: &Value, name: &str) -> Option<String> {
    input.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A flag, false when it is not said.
pub(super) fn flag(input: &Value, name: &str) -> bool {
    input.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A list, empty when it is not said.
pub(super) fn list<'i>(input: &'i Value, name: &str) -> &'i [Value] {
    input.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A list of texts, `None` when it is not said.
pub(super) fn texts(input: &Value, name: &str) -> Option<Vec<String>> {
    let list = input.get(name)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The number of an id.
///
/// # Errors
/// For ids of another type.
pub(super) fn id(input: &Value, name: &str, kind: &str) -> Result<Option<i64>, GraphqlError> {
    let given = input.get(name).and_then(Value::as_str);
    given.map(|given| number(given, kind)).transpose()
}

/// Free fields.
pub(super) fn pairs(list: &[Value], name: &str) -> Vec<(String, String)> {
    let pair = |one: &Value| Some((text(one, name)?, text(one, "value").unwrap_or_default()));
    list.iter().filter_map(pair).collect()
}

/// An address.
pub(super) fn address(input: &Value) -> Option<Address> {
    input.as_object()?;
    let code = text(input, "countryCode");
    Some(Address {
        first_name: text(input, "firstName"),
        last_name: text(input, "lastName"),
        company: text(input, "company"),
        address1: text(input, "address1"),
        address2: text(input, "address2"),
        city: text(input, "city"),
        zip: text(input, "zip"),
        province: text(input, "provinceCode"),
        province_code: text(input, "provinceCode"),
        country: code.clone(),
        country_code: code,
        phone: text(input, "phone"),
    })
}

/// An amount, written as a text or a number.
pub(super) fn amount(value: Option<&Value>, currency: &str) -> Option<i64> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    money::parse(&text, money::decimals(currency))
}

/// A `MoneyBagInput`: both amounts, or the shop's alone.
pub(super) fn bag(input: Option<&Value>, currencies: &Currencies) -> Option<Money> {
    let input = input?;
    let of = |name: &str, currency: &str| amount(input.get(name)?.get("amount"), currency);
    let shop = of("shopMoney", &currencies.shop)?;
    Some(match of("presentmentMoney", &currencies.presentment) {
        Some(presentment) => Money { shop, presentment },
        None => currencies.shop_amount(shop),
    })
}

/// Carriers whose tracking pages are known by their names.
const CARRIERS: [(&str, &str); 6] = [
    ("UPS", "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums="),
    ("FedEx", "https://www.fedex.com/fedextrack/?trknbr="),
    ("USPS", "https://tools.usps.com/go/TrackConfirmAction_input?qtc_tLabels1="),
    ("DHL Express", "https://www.dhl.com/en/express/tracking.html?brand=DHL&AWB="),
    ("GLS", "https://gls-group.eu/EU/en/parcel-tracking?match="),
    ("DPD", "https://tracking.dpd.de/status/en_US/parcel/"),
];

/// Carrier, numbers and addresses. One number or several, never both; an address needs its
/// number, and a known carrier makes it.
///
/// # Errors
/// The message of the refusal.
pub(super) fn tracking(input: Option<&Value>) -> Result<Tracking, &'static str> {
    let Some(input) = input.filter(|input| input.is_object()) else {
        return Ok(Tracking::default());
    };
    let (number, url) = (text(input, "number"), text(input, "url"));
    let (numbers, urls) = (texts(input, "numbers"), texts(input, "urls"));
    if number.is_some() && numbers.is_some() || url.is_some() && urls.is_some() {
        return Err("Only one of the singular and plural forms of tracking info can be given.");
    }
    let company = text(input, "company").filter(|company| !company.is_empty());
    let numbers: Vec<String> = number.into_iter().chain(numbers.unwrap_or_default()).collect();
    let mut urls: Vec<String> = url.into_iter().chain(urls.unwrap_or_default()).collect();
    if urls.len() > numbers.len() {
        return Err("Tracking numbers must be given for all tracking URLs.");
    }
    let carrier = CARRIERS.iter().find(|(name, _)| Some(*name) == company.as_deref());
    if let (Some((_, page)), true) = (carrier, urls.is_empty()) {
        urls = numbers.iter().map(|number| format!("{page}{number}")).collect();
    }
    Ok(Tracking { company, numbers, urls })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_addresses_go_together() {
        let known = tracking(Some(&json!({"company": "UPS", "number": "1Z"}))).unwrap();
        assert_eq!(known.urls.len(), 1);
        let many = json!({"numbers": ["1", "2"], "urls": ["https://a", "https://b"]});
        assert_eq!(tracking(Some(&many)).unwrap().numbers.len(), 2);
        for wrong in [
            json!({"number": "1", "numbers": ["2"]}),
            json!({"url": "https://a", "urls": []}),
            json!({"url": "https://a"}),
        ] {
            assert!(tracking(Some(&wrong)).is_err(), "{wrong}");
        }
        assert_eq!(tracking(None).unwrap(), Tracking::default());
    }
}
