//! The address that Z-API's panel offers for copying:
//! `https://api.z-api.io/instances/{id}/token/{token}/send-text` (zapi.md §1).

use secrecy::SecretString;

use crate::input::{self, ProblemCode};

/// Longest instance id.
const LONGEST_ID: usize = 128;

/// What a paste into the address field turned out to be.
#[derive(Debug)]
pub enum Address {
    /// The whole address: id and token.
    Whole {
        /// The instance id.
        id: String,
        /// The instance token.
        token: SecretString,
    },
    /// An instance id alone; the token must come from its own field.
    Id(String),
}

/// Reads a paste. The host is not looked at: it is never called, as the base address is a setting.
pub fn parse(pasted: &str) -> Result<Address, ProblemCode> {
    let text = input::clean(pasted);
    if text.is_empty() {
        return Err(ProblemCode::Missing);
    }
    if text.len() > 4_096 {
        return Err(ProblemCode::TooLong);
    }
    if text.contains(char::is_whitespace) {
        return Err(ProblemCode::HasSpaces);
    }
    if !text.contains('/') {
        return id(text).map(Address::Id);
    }
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let after = |name: &str| {
        let at = segments.iter().position(|s| s.eq_ignore_ascii_case(name))?;
        Some(segments.get(at + 1).copied().unwrap_or_default())
    };
    match (after("instances"), after("token")) {
        (Some(found), Some(token)) if !token.is_empty() && !found.eq_ignore_ascii_case("token") => {
            Ok(Address::Whole {
                id: id(input::clean(found))?,
                token: input::token(token)?.into(),
            })
        }
        (None, None) => Err(ProblemCode::NotAnAddress),
        _ => Err(ProblemCode::HalfAnAddress),
    }
}

fn id(text: &str) -> Result<String, ProblemCode> {
    if text.is_empty() {
        Err(ProblemCode::HalfAnAddress)
    } else if text.len() > LONGEST_ID {
        Err(ProblemCode::TooLong)
    } else if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        Err(ProblemCode::BadCharacters)
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn whole(pasted: &str) -> Option<(String, String)> {
        match parse(pasted) {
            Ok(Address::Whole { id, token }) => Some((id, token.expose_secret().to_owned())),
            _ => None,
        }
    }

    #[test]
    fn what_the_panel_offers_is_understood_however_it_is_pasted() {
        let expected = Some(("3C00FAKE".to_owned(), "7A00FAKE".to_owned()));
        for pasted in [
            "https://api.z-api.io/instances/3C00FAKE/token/7A00FAKE/send-text",
            "https://api.z-api.io/instances/3C00FAKE/token/7A00FAKE",
            "https://api.z-api.io/instances/3C00FAKE/token/7A00FAKE/",
            "  \"https://api.z-api.io/instances/3C00FAKE/token/7A00FAKE/send-text?x=1#y\"\n",
            "api.z-api.io/instances/3C00FAKE/token/7A00FAKE/qr-code/image",
            "/instances/3C00FAKE/token/7A00FAKE/status",
            "http://127.0.0.1:4000/instances/3C00FAKE/token/7A00FAKE/send-text",
        ] {
            assert_eq!(whole(pasted), expected, "{pasted}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (pasted, problem) in [
            ("", ProblemCode::Missing),
            ("https://app.example/login", ProblemCode::NotAnAddress),
            (
                "https://api.z-api.io/instances/3C00FAKE",
                ProblemCode::HalfAnAddress,
            ),
            (
                "https://api.z-api.io/instances/3C00FAKE/token/",
                ProblemCode::HalfAnAddress,
            ),
            (
                "https://api.z-api.io/instances/token/7A00FAKE",
                ProblemCode::HalfAnAddress,
            ),
            (
                "https://api.z-api.io/token/7A00FAKE",
                ProblemCode::HalfAnAddress,
            ),
            ("3C00FAKE 7A00FAKE", ProblemCode::HasSpaces),
            ("3C00FAKÉ", ProblemCode::BadCharacters),
        ] {
            assert_eq!(parse(pasted).unwrap_err(), problem, "{pasted}");
        }
        assert!(matches!(parse("'3C00FAKE'"), Ok(Address::Id(id)) if id == "3C00FAKE"));
    }

    proptest! {
        #[test]
        fn any_paste_is_taken_or_refused(pasted in "\\PC{0,80}") {
            let _ = parse(&pasted);
        }

        #[test]
        fn any_id_and_token_come_back_out(
            id in "[A-Za-z0-9_-]{1,64}",
            token in "[A-Za-z0-9_.~-]{1,64}",
            before in "(https?://[a-z.]{1,20}(:[0-9]{2,5})?(/[a-z]{1,8})?)?",
            after in "(/[a-z-]{0,12})?([?#][a-z=/]{0,12})?",
        ) {
            prop_assume!(!id.eq_ignore_ascii_case("token") && !before.ends_with("/token") && !before.ends_with("/instances"));
            let pasted = format!("{before}/instances/{id}/token/{token}{after}");
            prop_assert_eq!(whole(&pasted), Some((id, token)));
        }
    }
}
