//! What an agent types or pastes: cleaned, and its mistakes named before any call is made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::failure::{ErrorCode, Failure};

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 120;

/// Longest note, in characters.
pub const LONGEST_NOTE: usize = 2_000;

/// Longest label, in characters.
pub const LONGEST_LABEL: usize = 40;

/// Most labels of a customer.
pub const MOST_LABELS: usize = 20;

/// Longest secret, in bytes: two of them fit the smallest keychain entry
/// ([`crate::vault::document::LONGEST_DOCUMENT`]).
pub const LONGEST_SECRET: usize = 500;

/// The place in a form that a problem belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Field {
    /// A name.
    Name,
    /// The pasted address, or the instance id.
    Address,
    /// The instance token.
    Token,
    /// The phone number expected.
    Phone,
    /// The account's Client-Token.
    ClientToken,
    /// The account's Partner token.
    PartnerToken,
    /// A message template.
    Template,
    /// The base address of Z-API.
    ZapiAddress,
    /// The account chosen.
    Account,
    /// A code, PIN or captcha of a registration.
    Code,
    /// The words of an appeal.
    Appeal,
    /// The desk's own words about a customer.
    Note,
    /// The desk's own labels.
    Labels,
    /// A time of day.
    Time,
}

/// What is wrong with what stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ProblemCode {
    /// Nothing there.
    Missing,
    /// More than anybody needs.
    TooLong,
    /// White space in the middle: two values, or a sentence.
    HasSpaces,
    /// Characters that no id or token has.
    BadCharacters,
    /// A web address, but not one of Z-API's instance addresses.
    NotAnAddress,
    /// An address that lacks its id or its token.
    HalfAnAddress,
    /// A whole address where a lone token belongs.
    IsAnAddress,
    /// The instance id where a token belongs.
    IsInstanceId,
    /// A customer's instance token where an account's credential belongs.
    IsInstanceToken,
    /// An account's credential where the instance token belongs.
    IsClientToken,
    /// Not a phone number.
    PhoneNotUnderstood,
    /// A phone number that nobody can have.
    PhoneNotPossible,
    /// `placeholder`: a template names something that does not exist.
    UnknownPlaceholder,
    /// `placeholder`: a template lacks what it is for.
    MissingPlaceholder,
    /// Plain http to another computer.
    NotHttps,
    /// The agent has not confirmed what will happen.
    NotConfirmed,
    /// Neither a code nor a PIN, which have six digits.
    NotSixDigits,
    /// `line`: the same instance stands in that line of the file already.
    Repeated,
    /// Not a time such as 22:00.
    NotATime,
}

/// One mistake, found before any call is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct Problem {
    /// Where.
    pub field: Field,
    /// What.
    pub code: ProblemCode,
    /// Harmless values for the sentence about it.
    #[ts(type = "Record<string, string>")]
    pub params: BTreeMap<String, String>,
}

impl Problem {
    /// A problem without parameters.
    pub fn new(field: Field, code: ProblemCode) -> Self {
        Self {
            field,
            code,
            params: BTreeMap::new(),
        }
    }

    /// The same problem with a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.into(), value.to_string());
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let name = |value: serde_json::Result<serde_json::Value>| match value {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        };
        let mut failure = Failure::from(ErrorCode::InvalidInput)
            .with("field", name(serde_json::to_value(problem.field)))
            .with("problem", name(serde_json::to_value(problem.code)));
        failure.params.extend(problem.params);
        failure
    }
}

/// What people paste around a value: white space, quotes, brackets, zero-width characters.
pub fn clean(pasted: &str) -> &str {
    pasted.trim_matches(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '"' | '\''
                    | '`'
                    | '“'
                    | '”'
                    | '‘'
                    | '’'
                    | '«'
                    | '»'
                    | '<'
                    | '>'
                    | ','
                    | ';'
                    | '\u{200b}'
                    | '\u{200e}'
                    | '\u{200f}'
                    | '\u{2060}'
                    | '\u{feff}'
            )
    })
}

/// A cleaned name.
pub fn name(typed: &str) -> Result<String, ProblemCode> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(ProblemCode::Missing),
        n if n > LONGEST_NAME => Err(ProblemCode::TooLong),
        _ if name.chars().any(char::is_control) => Err(ProblemCode::BadCharacters),
        _ => Ok(name),
    }
}

/// A cleaned token: one word of visible ASCII that could be a header or a path segment.
pub fn token(pasted: &str) -> Result<String, ProblemCode> {
    let token = clean(pasted);
    if token.is_empty() {
        Err(ProblemCode::Missing)
    } else if token.contains("://") || token.contains('/') {
        Err(ProblemCode::IsAnAddress)
    } else if token.contains(char::is_whitespace) {
        Err(ProblemCode::HasSpaces)
    } else if token.len() > LONGEST_SECRET {
        Err(ProblemCode::TooLong)
    } else if !token.chars().all(|c| c.is_ascii_graphic()) {
        Err(ProblemCode::BadCharacters)
    } else {
        Ok(token.to_owned())
    }
}

/// The last four characters of a secret, for telling two apart; `None` for one so short that they
/// would give much of it away.
pub fn last_four(secret: &str) -> Option<String> {
    let characters: Vec<char> = secret.chars().collect();
    (characters.len() >= 12).then(|| characters[characters.len() - 4..].iter().collect())
}

/// A name out of the Partner listing, cut to what a name may be; empty if there is none.
pub fn listed_name(listed: &str) -> String {
    let name = clean(listed).replace('\0', "");
    name.chars().take(LONGEST_NAME).collect()
}

/// A note: anything, but not a book.
pub fn note(typed: &str) -> Result<String, ProblemCode> {
    let note = typed.trim();
    match note.chars().count() > LONGEST_NOTE {
        true => Err(ProblemCode::TooLong),
        false => Ok(note.replace('\0', "")),
    }
}

/// Labels with commas (or semicolons) between, as they are stored: one a line, each once.
pub fn labels(typed: &str) -> Result<String, ProblemCode> {
    let mut labels: Vec<String> = Vec::new();
    for label in typed.split([',', ';', '\n']) {
        let label: String = label.split_whitespace().collect::<Vec<_>>().join(" ");
        let same = |other: &String| other.to_lowercase() == label.to_lowercase();
        if label.is_empty() || labels.iter().any(same) {
            continue;
        }
        labels.push(label.replace('\0', ""));
    }
    let long = |label: &String| label.chars().count() > LONGEST_LABEL;
    match labels.len() > MOST_LABELS || labels.iter().any(long) {
        true => Err(ProblemCode::TooLong),
        false => Ok(labels.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_cleaned_and_mistakes_are_named() {
        for (pasted, expected) in [
            (" \"F00FAKE00\" \n", Ok("F00FAKE00")),
            ("“F00FAKE00”", Ok("F00FAKE00")),
            ("", Err(ProblemCode::Missing)),
            ("  ''  ", Err(ProblemCode::Missing)),
            (
                "https://api.z-api.io/instances/A/token/B",
                Err(ProblemCode::IsAnAddress),
            ),
            ("A/token/B", Err(ProblemCode::IsAnAddress)),
            ("two words", Err(ProblemCode::HasSpaces)),
            ("só", Err(ProblemCode::BadCharacters)),
        ] {
            assert_eq!(token(pasted), expected.map(str::to_owned), "{pasted:?}");
        }
        assert_eq!(
            token(&"x".repeat(LONGEST_SECRET + 1)),
            Err(ProblemCode::TooLong)
        );
    }

    #[test]
    fn a_short_secret_shows_nothing() {
        assert_eq!(last_four("F00FAKE00ABCD").as_deref(), Some("ABCD"));
        assert_eq!(last_four("F00FAKE00AB"), None);
    }

    proptest! {
        #[test]
        fn any_paste_is_taken_or_refused(pasted in ".{0,64}") {
            if let Ok(token) = token(&pasted) {
                prop_assert_eq!(clean(&token), token.as_str(), "cleaning twice changes nothing");
                prop_assert!(token.bytes().all(|b| b.is_ascii_graphic() && b != b'/'));
            }
            if let Ok(name) = name(&pasted) {
                prop_assert_eq!(super::name(&name), Ok(name.clone()));
            }
        }
    }
}
