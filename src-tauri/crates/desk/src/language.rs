//! The languages of the app and of the customers' messages.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A language that Ponte speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, sqlx::Type)]
#[ts(export_to = crate::TYPES)]
pub enum Language {
    /// Portuguese of Brazil: most customers.
    #[serde(rename = "pt-BR")]
    #[sqlx(rename = "pt-BR")]
    Portuguese,
    /// English.
    #[serde(rename = "en")]
    #[sqlx(rename = "en")]
    English,
    /// Spanish.
    #[serde(rename = "es")]
    #[sqlx(rename = "es")]
    Spanish,
}

impl Language {
    /// All of them, Portuguese first.
    pub const ALL: [Self; 3] = [Self::Portuguese, Self::English, Self::Spanish];

    /// The BCP 47 tag: `pt-BR`, `en`, `es`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language closest to a system locale such as `pt_PT.UTF-8` or `es-MX`; English for one
    /// that Ponte does not speak.
    pub fn closest(locale: &str) -> Self {
        let primary = locale.split(['-', '_', '.']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "pt" => Self::Portuguese,
            "es" => Self::Spanish,
            _ => Self::English,
        }
    }
}

impl std::str::FromStr for Language {
    type Err = ();

    fn from_str(tag: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|l| l.tag() == tag).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_locale_finds_its_language() {
        for (locale, language) in [
            ("pt_BR.UTF-8", Language::Portuguese),
            ("pt-PT", Language::Portuguese),
            ("es-MX", Language::Spanish),
            ("en_GB", Language::English),
            ("de-DE", Language::English),
            ("C", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::closest(locale), language, "{locale}");
        }
    }
}
