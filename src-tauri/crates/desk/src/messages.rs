//! The customer's messages: templates per language that the partner can edit.
//!
//! A placeholder is a name in braces. A brace that holds no name stays as it is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::input::{Field, Problem, ProblemCode};
use crate::language::Language;

/// Longest template, in characters.
pub const LONGEST_TEMPLATE: usize = 4_000;

/// A message as it ships, in the languages' order.
macro_rules! shipped {
    ($name:literal) => {
        [
            include_str!(concat!("../messages/pt-BR/", $name, ".txt")),
            include_str!(concat!("../messages/en/", $name, ".txt")),
            include_str!(concat!("../messages/es/", $name, ".txt")),
        ]
    };
}

/// Which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum MessageKind {
    /// Steps 1 and 2, before a connection code is spent.
    Preparation,
    /// The connection code and what to do with it.
    ConnectionCode,
    /// The phone code and what to do with it.
    PhoneCode,
    /// What a registration does, before it begins.
    RegistrationBegins,
    /// The code of a registration comes by text message.
    RegistrationSms,
    /// It comes by a call.
    RegistrationCall,
    /// It comes inside WhatsApp on the old phone.
    RegistrationOldPhone,
    /// The PIN of the two-step verification is needed.
    RegistrationPin,
    /// WhatsApp sends an e-mail by which the PIN is reset.
    RegistrationPinReset,
    /// The old phone must confirm.
    RegistrationConfirm,
    /// WhatsApp has blocked the number.
    RegistrationBlocked,
}

impl MessageKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Preparation,
        Self::ConnectionCode,
        Self::PhoneCode,
        Self::RegistrationBegins,
        Self::RegistrationSms,
        Self::RegistrationCall,
        Self::RegistrationOldPhone,
        Self::RegistrationPin,
        Self::RegistrationPinReset,
        Self::RegistrationConfirm,
        Self::RegistrationBlocked,
    ];

    /// The placeholders it may have.
    pub fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Preparation => &["name", "number", "link"],
            Self::ConnectionCode => &["name", "number", "link", "code", "validUntil"],
            Self::PhoneCode => &["name", "number", "code"],
            Self::RegistrationBegins
            | Self::RegistrationSms
            | Self::RegistrationCall
            | Self::RegistrationOldPhone
            | Self::RegistrationPin
            | Self::RegistrationPinReset
            | Self::RegistrationConfirm
            | Self::RegistrationBlocked => &["name", "number"],
        }
    }

    /// The placeholders without which it would be of no use.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Preparation => &["link"],
            Self::ConnectionCode | Self::PhoneCode => &["code"],
            _ => &[],
        }
    }

    /// The text that ships with Ponte.
    pub fn shipped(self, language: Language) -> &'static str {
        let [portuguese, english, spanish] = match self {
            Self::Preparation => shipped!("preparation"),
            Self::ConnectionCode => shipped!("connection-code"),
            Self::PhoneCode => shipped!("phone-code"),
            Self::RegistrationBegins => shipped!("registration-begins"),
            Self::RegistrationSms => shipped!("registration-sms"),
            Self::RegistrationCall => shipped!("registration-call"),
            Self::RegistrationOldPhone => shipped!("registration-old-phone"),
            Self::RegistrationPin => shipped!("registration-pin"),
            Self::RegistrationPinReset => shipped!("registration-pin-reset"),
            Self::RegistrationConfirm => shipped!("registration-confirm"),
            Self::RegistrationBlocked => shipped!("registration-blocked"),
        };
        let text = match language {
            Language::Portuguese => portuguese,
            Language::English => english,
            Language::Spanish => spanish,
        };
        text.trim_end()
    }
}

/// A template, as the settings show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct Template {
    /// The customer's language.
    pub language: Language,
    /// Which message.
    pub kind: MessageKind,
    /// With placeholders.
    pub text: String,
    /// Not the text that ships with Ponte.
    pub edited: bool,
}

/// What fills the placeholders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// The customer's name.
    pub name: &'a str,
    /// The number expected, as people write it; empty when none is.
    pub number: &'a str,
    /// The extension's page in the Chrome Web Store.
    pub link: &'a str,
    /// The connection code.
    pub code: &'a str,
    /// Until when it is valid: a clock time.
    pub valid_until: &'a str,
}

impl Values<'_> {
    fn get(&self, placeholder: &str) -> Option<&str> {
        Some(match placeholder {
            "name" => self.name,
            "number" => self.number,
            "link" => self.link,
            "code" => self.code,
            "validUntil" => self.valid_until,
            _ => return None,
        })
    }
}

/// Text, or a placeholder's name.
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        let name = after[1..]
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next();
        let name = name.unwrap_or_default();
        if !name.is_empty() && after[1 + name.len()..].starts_with('}') {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Placeholder(name));
            rest = &after[name.len() + 2..];
        } else {
            pieces.push(Piece::Text(&rest[..=open]));
            rest = &after[1..];
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Fills a template. Values are put in as they are: braces in a name fill nothing.
pub fn fill(template: &str, values: &Values<'_>) -> String {
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder(name) => match values.get(name) {
                Some(value) => value.to_owned(),
                None => format!("{{{name}}}"),
            },
        })
        .collect()
}

/// What is wrong with a template; empty if it can be saved.
pub fn check(kind: MessageKind, template: &str) -> Vec<Problem> {
    let problem = |code| Problem::new(Field::Template, code);
    if template.trim().is_empty() {
        return vec![problem(ProblemCode::Missing)];
    }
    if template.chars().count() > LONGEST_TEMPLATE {
        return vec![problem(ProblemCode::TooLong)];
    }
    let used: Vec<&str> = pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect();
    let unknown = used
        .iter()
        .filter(|name| !kind.placeholders().contains(name))
        .map(|name| problem(ProblemCode::UnknownPlaceholder).with("placeholder", name));
    let missing = kind
        .required()
        .iter()
        .filter(|name| !used.contains(name))
        .map(|name| problem(ProblemCode::MissingPlaceholder).with("placeholder", name));
    unknown.chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUES: Values<'_> = Values {
        name: "Padaria {code}",
        number: "(44) 99999-0101",
        link: "https://example.invalid/",
        code: "FA48-HS63",
        valid_until: "14:32",
    };

    #[test]
    fn every_shipped_template_passes_its_own_check_and_says_all_there_is() {
        for language in Language::ALL {
            for kind in MessageKind::ALL {
                let text = kind.shipped(language);
                assert_eq!(check(kind, text), [], "{language:?} {kind:?}");
                let filled = fill(text, &VALUES);
                let needed = ["link", "code", "validUntil"];
                for name in needed
                    .iter()
                    .filter(|name| kind.placeholders().contains(name))
                {
                    let value = VALUES.get(name).unwrap();
                    assert!(filled.contains(value), "{language:?} {kind:?} lacks {name}");
                }
            }
        }
    }

    #[test]
    fn values_are_not_filled_again() {
        assert_eq!(
            fill("Oi, {name}: {code}", &VALUES),
            "Oi, Padaria {code}: FA48-HS63"
        );
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        for text in ["{", "}", "{}", "{ code }", "{code", "a {{ b", "{não}"] {
            assert_eq!(fill(text, &VALUES), text);
        }
        assert_eq!(fill("{{code}}", &VALUES), "{FA48-HS63}");
    }

    #[test]
    fn mistakes_in_placeholders_are_named() {
        let found = check(MessageKind::ConnectionCode, "{codigo} {validUntil}");
        let codes: Vec<_> = found
            .iter()
            .map(|p| (p.code, p.params["placeholder"].as_str()))
            .collect();
        assert_eq!(
            codes,
            [
                (ProblemCode::UnknownPlaceholder, "codigo"),
                (ProblemCode::MissingPlaceholder, "code"),
            ]
        );
        assert_eq!(
            check(MessageKind::Preparation, " \n")[0].code,
            ProblemCode::Missing
        );
        assert_eq!(
            check(MessageKind::Preparation, "{link} {code}")[0].code,
            ProblemCode::UnknownPlaceholder,
            "there is no code yet while preparing"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_filled_without_loss(text in "[a-z{} \\PC]{0,60}") {
            let _ = check(MessageKind::ConnectionCode, &text);
            let itself = Values { name: "{name}", number: "{number}", link: "{link}", code: "{code}", valid_until: "{validUntil}" };
            prop_assert_eq!(fill(&text, &itself), text);
        }
    }
}
