//! The secrets of one holder, and the document that a keychain keeps of them.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::VaultError;

/// Which secret of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretName {
    /// A customer's instance token.
    InstanceToken,
    /// An account's Client-Token.
    ClientToken,
    /// An account's Partner token.
    PartnerToken,
}

/// The secrets of one holder. Debug shows names only.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<SecretName, SecretString>);

/// Longest document a keychain takes: Windows allows 2,560 bytes and writes UTF-16.
pub const LONGEST_DOCUMENT: usize = 1_280;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    v: u32,
    #[serde(borrow)]
    secrets: BTreeMap<SecretName, std::borrow::Cow<'a, str>>,
}

impl Secrets {
    /// One secret.
    pub fn get(&self, name: SecretName) -> Option<&SecretString> {
        self.0.get(&name)
    }

    /// Puts one secret in, or takes it out.
    pub fn set(&mut self, name: SecretName, value: Option<SecretString>) {
        match value {
            Some(value) => self.0.insert(name, value),
            None => self.0.remove(&name),
        };
    }

    /// Takes over all of `other`.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The document as the keychain keeps it: ASCII JSON.
    pub fn to_document(&self) -> Result<SecretString, VaultError> {
        let document = Document {
            v: VERSION,
            secrets: self
                .0
                .iter()
                .map(|(name, value)| (*name, value.expose_secret().into()))
                .collect(),
        };
        let text = serde_json::to_string(&document).map_err(|_| VaultError::Failed)?;
        if text.encode_utf16().count() > LONGEST_DOCUMENT {
            return Err(VaultError::Full);
        }
        Ok(text.into())
    }

    /// Reads a document. One of a later version is left alone rather than misread.
    pub fn from_document(document: &SecretString) -> Result<Self, VaultError> {
        // serde_json's error may quote what it read, so it goes no further.
        let document: Document =
            serde_json::from_str(document.expose_secret()).map_err(|_| VaultError::Failed)?;
        if document.v != VERSION {
            return Err(VaultError::Failed);
        }
        Ok(Self(
            document
                .secrets
                .into_iter()
                .map(|(name, value)| (name, value.into_owned().into()))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_as_it_went() {
        let mut secrets = Secrets::default();
        secrets.set(SecretName::ClientToken, Some("F0FAKE\"\\".into()));
        secrets.set(SecretName::PartnerToken, Some("not-a-token".into()));
        let document = secrets.to_document().unwrap();
        let back = Secrets::from_document(&document).unwrap();
        for name in [SecretName::ClientToken, SecretName::PartnerToken] {
            assert_eq!(
                back.get(name).map(ExposeSecret::expose_secret),
                secrets.get(name).map(ExposeSecret::expose_secret)
            );
        }
        assert!(back.get(SecretName::InstanceToken).is_none());
    }

    #[test]
    fn what_windows_could_not_keep_is_refused_everywhere() {
        let mut secrets = Secrets::default();
        secrets.set(SecretName::ClientToken, Some("F".repeat(1_300).into()));
        assert!(matches!(secrets.to_document(), Err(VaultError::Full)));
    }

    #[test]
    fn garbage_and_later_versions_are_errors_that_quote_nothing() {
        for document in ["", "{", "[]", "{\"v\":2,\"secrets\":{}}", "SECRET-FAKE"] {
            let error = Secrets::from_document(&document.into()).unwrap_err();
            assert_eq!(error, VaultError::Failed, "{document}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut secrets = Secrets::default();
        secrets.set(SecretName::InstanceToken, Some("SECRET-FAKE".into()));
        assert!(!format!("{secrets:?}").contains("SECRET-FAKE"));
    }
}
