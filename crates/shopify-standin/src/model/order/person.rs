//! Who buys, and where the goods go: personal data.

use serde::{Deserialize, Serialize};

/// A customer as an order keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customer {
    /// Number of the GID.
    #[serde(skip_serializing_if = "is_zero")]
    pub id: i64,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(id: &i64) -> bool {
    *id == 0
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street.
    pub address1: Option<String>,
    /// More of it.
    pub address2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// Province.
    pub province: Option<String>,
    /// Its code.
    pub province_code: Option<String>,
    /// Country, in words.
    pub country: Option<String>,
    /// ISO 3166.
    pub country_code: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

impl Customer {
    /// Nobody: an invented person for the order with this number.
    #[must_use]
    pub fn invented(id: i64, number: i64) -> Self {
        Self {
            id,
            first_name: Some("Ada".to_owned()),
            last_name: Some(format!("Example {number}")),
            email: Some(format!("buyer-{number}@example.com")),
            phone: Some(format!("+49 30 000{number}")),
        }
    }

    /// First and last name.
    #[must_use]
    pub fn name(&self) -> String {
        joined(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

impl Address {
    /// Nowhere: an invented address for a person.
    #[must_use]
    pub fn invented(customer: &Customer) -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            first_name: customer.first_name.clone(),
            last_name: customer.last_name.clone(),
            company: None,
            address1: text("Example Street 1"),
            address2: None,
            city: text("Berlin"),
            zip: text("10115"),
            province: text("Berlin"),
            province_code: text("BE"),
            country: text("Germany"),
            country_code: text("DE"),
            phone: customer.phone.clone(),
        }
    }

    /// First and last name.
    #[must_use]
    pub fn name(&self) -> String {
        joined(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

fn joined(first: Option<&str>, last: Option<&str>) -> String {
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    parts.join(" ")
}
