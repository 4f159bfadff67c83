//! Links from a helpdesk's tickets: `ponte://connect/<instance id or phone number>`. They only show a
//! customer; anything that is not exactly such a link is refused.

use crate::customers::{CustomerQuery, CustomerRow};
use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::phone;

/// The only kind of link there is.
const CONNECT: &str = "ponte://connect/";

/// Longest instance id or phone number.
const LONGEST: usize = 64;

/// The instance id or phone number in a link.
pub fn parse(link: &str) -> Option<String> {
    let scheme = link.get(..CONNECT.len())?;
    let named = link.get(CONNECT.len()..)?;
    // Browsers write schemes and hosts in small letters, and some helpdesks a slash at the end.
    if !scheme.eq_ignore_ascii_case(CONNECT) {
        return None;
    }
    let named = named.strip_suffix('/').unwrap_or(named);
    let named = match named.get(..3) {
        Some(plus) if plus.eq_ignore_ascii_case("%2b") => format!("+{}", named.get(3..)?),
        _ => named.to_owned(),
    };
    let plain = named.strip_prefix('+').unwrap_or(&named);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!plain.is_empty() && plain.len() <= LONGEST && plain.chars().all(is_plain)).then_some(named)
}

impl Desk {
    /// The customer that a link names. `NotFound` (with `text`, to search for) when there is none, or
    /// more than one.
    pub async fn link_target(&self, link: &str) -> Result<CustomerRow> {
        let named = parse(link).ok_or(ErrorCode::LinkNotUnderstood)?;
        let not_found = || Failure::from(ErrorCode::NotFound).with("text", &named);
        if let Some(customer) = self.store.customer_of_instance(&named).await? {
            return self.shown_row(customer).await;
        }
        let digits = phone::parse(&named).ok().flatten().ok_or_else(not_found)?;
        // The search knows every number with the mobile 9 and without.
        let query = CustomerQuery {
            text: digits.clone(),
            limit: 10,
            ..CustomerQuery::default()
        };
        let mut rows = self.customers(&query).await?.rows;
        rows.retain(|row| {
            let phone = row.phone.as_deref();
            phone.is_some_and(|phone| phone::same(phone, &digits))
        });
        match (rows.pop(), rows.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(not_found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_plain_id_or_number_is_taken() {
        for (link, named) in [
            ("ponte://connect/3C00FAKE01", Some("3C00FAKE01")),
            ("PONTE://Connect/3C00FAKE01/", Some("3C00FAKE01")),
            ("ponte://connect/+5544999990101", Some("+5544999990101")),
            ("ponte://connect/%2B5544999990101", Some("+5544999990101")),
            ("ponte://connect/", None),
            ("ponte://connect/+", None),
            ("ponte://connect/a/b", None),
            ("ponte://connect/a?b=c", None),
            ("ponte://connect/a#b", None),
            ("ponte://connect/..%2F..", None),
            ("ponte://connect/a%00", None),
            ("ponte://remove/3C00FAKE01", None),
            ("ponte:connect/3C00FAKE01", None),
            ("https://connect/3C00FAKE01", None),
            (" ponte://connect/3C00FAKE01", None),
        ] {
            assert_eq!(parse(link).as_deref(), named, "{link}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_refused_or_plain(rest in "\\PC{0,80}") {
            if let Some(named) = parse(&format!("ponte://connect/{rest}")) {
                prop_assert!(named.len() <= LONGEST + 1);
                prop_assert!(named.chars().all(|c| c.is_ascii_alphanumeric() || "+-_".contains(c)));
            }
        }
    }
}
