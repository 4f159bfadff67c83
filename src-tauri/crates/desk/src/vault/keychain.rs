//! The OS keychain: Keychain, Credential Manager, Secret Service.

use keyring_core::{Entry, Error};
use secrecy::{ExposeSecret, SecretString};

use super::{Holder, SecretStore, Secrets, VaultError};

/// The service name of every entry.
const SERVICE: &str = "Ponte";

/// The OS keychain, through `keyring`.
#[derive(Debug, Default)]
pub struct Keychain;

impl Keychain {
    fn entry(holder: &Holder) -> Result<Entry, VaultError> {
        open_store()?;
        Entry::new(SERVICE, holder.as_str()).map_err(classify)
    }
}

/// `keyring` opens the system's store once per process and remembers a failure for good. A Secret
/// Service may be started later, so on such systems another try goes around that memory.
fn open_store() -> Result<(), VaultError> {
    if keyring::Entry::store_status().is_ok() {
        return Ok(());
    }
    #[cfg(all(unix, not(target_os = "macos")))]
    if keyring_core::get_default_store().is_none() {
        match zbus_secret_service_keyring_store::Store::new() {
            Ok(store) => keyring_core::set_default_store(store),
            // Whatever the cause, there is no keychain to talk to.
            Err(_) => return Err(VaultError::Missing),
        }
    }
    match keyring_core::get_default_store() {
        Some(_) => Ok(()),
        None => Err(VaultError::Missing),
    }
}

impl SecretStore for Keychain {
    fn load(&self, holder: &Holder) -> Result<Option<Secrets>, VaultError> {
        match Self::entry(holder)?.get_password() {
            Ok(document) => Secrets::from_document(&SecretString::from(document)).map(Some),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(classify(error)),
        }
    }

    fn save(&self, holder: &Holder, secrets: &Secrets) -> Result<(), VaultError> {
        let document = secrets.to_document()?;
        Self::entry(holder)?
            .set_password(document.expose_secret())
            .map_err(classify)
    }

    fn delete(&self, holder: &Holder) -> Result<(), VaultError> {
        match Self::entry(holder)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }
}

/// What a keychain's error means to the agent. The error itself goes no further: two of its
/// variants carry the secret's bytes.
fn classify(error: Error) -> VaultError {
    match error {
        Error::NoDefaultStore => VaultError::Missing,
        Error::TooLong(..) => VaultError::Full,
        Error::NoStorageAccess(cause) => access(&cause.to_string(), VaultError::Locked),
        Error::PlatformFailure(cause) => access(&cause.to_string(), VaultError::Failed),
        _ => VaultError::Failed,
    }
}

/// Reads the system's own words, as the stores hand on nothing better. `otherwise` when they are
/// unknown.
fn access(cause: &str, otherwise: VaultError) -> VaultError {
    let cause = cause.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|words| cause.contains(words));
    if says(&["no space", "disk full", "quota", "too large"]) {
        VaultError::Full
    } else if says(&[
        "locked",
        "prompt",
        "dismissed",
        "interaction is not allowed",
    ]) {
        VaultError::Locked
    } else if says(&[
        "no result",
        "serviceunknown",
        "nosuchobject",
        "no such logon session",
        "no keychain",
    ]) {
        VaultError::Missing
    } else if says(&[
        "denied",
        "not permitted",
        "authorization",
        "passphrase",
        "cancel",
    ]) {
        VaultError::Refused
    } else {
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_become_ours() {
        let store = |cause: &str| Error::NoStorageAccess(cause.to_string().into());
        let platform = |cause: &str| Error::PlatformFailure(cause.to_string().into());
        for (error, expected) in [
            (store("SS Error: prompt dismissed"), VaultError::Locked),
            (
                store("SS error: result not returned from SS API: no result"),
                VaultError::Missing,
            ),
            (
                store("Windows ERROR_NO_SUCH_LOGON_SESSION: no such logon session"),
                VaultError::Missing,
            ),
            (
                platform("The user name or passphrase you entered is not correct."),
                VaultError::Refused,
            ),
            (
                platform("org.freedesktop.DBus.Error.AccessDenied: denied"),
                VaultError::Refused,
            ),
            (
                platform("write failed: No space left on device"),
                VaultError::Full,
            ),
            (platform("something new"), VaultError::Failed),
            (Error::TooLong("secret".into(), 2_560), VaultError::Full),
            (Error::NoDefaultStore, VaultError::Missing),
            (
                Error::BadEncoding(b"SECRET-FAKE".to_vec()),
                VaultError::Failed,
            ),
        ] {
            let name = format!("{error}");
            assert_eq!(classify(error), expected, "{name}");
        }
    }
}
