//! The vault against stores that fail, hang, and answer late.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::vault::{Holder, Keep, Memory, SecretName, SecretStore, Secrets, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};

const TIMEOUT: Duration = Duration::from_millis(200);

/// Fails every call with one error.
struct Failing(VaultError);

impl SecretStore for Failing {
    fn load(&self, _: &Holder) -> Result<Option<Secrets>, VaultError> {
        Err(self.0)
    }
    fn save(&self, _: &Holder, _: &Secrets) -> Result<(), VaultError> {
        Err(self.0)
    }
    fn delete(&self, _: &Holder) -> Result<(), VaultError> {
        Err(self.0)
    }
}

/// Hangs every call until it is let go.
struct Hanging {
    go: Mutex<Receiver<()>>,
}

impl Hanging {
    fn new() -> (Arc<Self>, Sender<()>) {
        let (release, go) = channel();
        (Arc::new(Self { go: Mutex::new(go) }), release)
    }
    fn hang(&self) {
        let _ = self.go.lock().unwrap().recv();
    }
}

impl SecretStore for Hanging {
    fn load(&self, _: &Holder) -> Result<Option<Secrets>, VaultError> {
        self.hang();
        Ok(None)
    }
    fn save(&self, _: &Holder, _: &Secrets) -> Result<(), VaultError> {
        self.hang();
        Ok(())
    }
    fn delete(&self, _: &Holder) -> Result<(), VaultError> {
        self.hang();
        Ok(())
    }
}

fn holder() -> Holder {
    Holder::customer("a-fake-customer")
}

fn token(value: &str) -> (SecretName, Option<SecretString>) {
    (SecretName::InstanceToken, Some(value.into()))
}

fn read(secrets: &Secrets) -> Option<&str> {
    secrets
        .get(SecretName::InstanceToken)
        .map(ExposeSecret::expose_secret)
}

#[tokio::test]
async fn every_failure_is_told_and_the_session_still_works() {
    for error in [
        VaultError::Missing,
        VaultError::Locked,
        VaultError::Refused,
        VaultError::Full,
        VaultError::Failed,
    ] {
        let vault = Vault::new(Arc::new(Failing(error)), TIMEOUT);
        let refused = vault
            .set(&holder(), false, token("FAKE"), Keep::Keychain)
            .await;
        assert_eq!(refused, Err(error));
        assert!(
            vault.session(&holder()).is_empty(),
            "never a silent fall-back"
        );
        vault
            .set(&holder(), false, token("FAKE"), Keep::Session)
            .await
            .unwrap();
        let secrets = vault.load(&holder(), false).await.unwrap();
        assert_eq!(
            read(&secrets),
            Some("FAKE"),
            "kept for the session after {error:?}"
        );

        // The same for one that the keychain was given when it still worked.
        let saved_before = Holder::customer("another-fake-customer");
        vault
            .set(&saved_before, true, token("FAKE"), Keep::Session)
            .await
            .unwrap();
        assert_eq!(read(&vault.session(&saved_before)), Some("FAKE"));
    }
}

#[tokio::test]
async fn a_keychain_that_hangs_is_given_up_and_does_not_pile_up_threads() {
    let (hanging, release) = Hanging::new();
    let vault = Vault::new(hanging, TIMEOUT);
    let started = std::time::Instant::now();
    for _ in 0..12 {
        let result = vault.load(&holder(), true).await;
        assert_eq!(result.unwrap_err(), VaultError::TimedOut);
    }
    assert!(
        started.elapsed() < TIMEOUT * 8,
        "past four hanging calls none waits: {:?}",
        started.elapsed()
    );
    // The prompt is answered: the keychain works again.
    drop(release);
    let again = async {
        while vault.load(&holder(), true).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again)
        .await
        .expect("works again");
}

#[tokio::test]
async fn changing_one_secret_leaves_the_others_alone() {
    let keychain = Arc::new(Memory::default());
    let vault = Vault::new(Arc::clone(&keychain) as Arc<dyn SecretStore>, TIMEOUT);
    let account = Holder::account("a-fake-account");
    let client = (
        SecretName::ClientToken,
        Some(SecretString::from("CLIENT-FAKE")),
    );
    let partner = (
        SecretName::PartnerToken,
        Some(SecretString::from("PARTNER-FAKE")),
    );
    vault
        .set(&account, false, client, Keep::Keychain)
        .await
        .unwrap();
    vault
        .set(&account, true, partner, Keep::Keychain)
        .await
        .unwrap();
    // One moves to the session: the keychain must not keep the old value.
    let moved = (
        SecretName::ClientToken,
        Some(SecretString::from("SESSION-FAKE")),
    );
    vault
        .set(&account, true, moved, Keep::Session)
        .await
        .unwrap();
    let kept = keychain.get(&account);
    assert!(kept.get(SecretName::ClientToken).is_none());
    let all = vault.load(&account, true).await.unwrap();
    assert_eq!(
        all.get(SecretName::ClientToken).unwrap().expose_secret(),
        "SESSION-FAKE"
    );
    assert_eq!(
        all.get(SecretName::PartnerToken).unwrap().expose_secret(),
        "PARTNER-FAKE"
    );
    // The last one out of the keychain takes the entry with it.
    vault
        .set(
            &account,
            true,
            (SecretName::PartnerToken, None),
            Keep::Keychain,
        )
        .await
        .unwrap();
    assert!(keychain.get(&account).is_empty());
    vault.delete(&account, true).await.unwrap();
    assert!(vault.load(&account, true).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_memory_vault_asks_no_keychain() {
    let vault = Vault::memory();
    vault
        .set(&holder(), false, token("FAKE"), Keep::Keychain)
        .await
        .unwrap();
    assert_eq!(read(&vault.session(&holder())), Some("FAKE"));
    assert_eq!(vault.resolve(Keep::Keychain), Keep::Session);
}
