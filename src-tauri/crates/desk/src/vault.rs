//! Where secrets live: the OS keychain, or memory when the agent says so. Never a file.
//!
//! One small versioned JSON document per *holder* (an account, a customer): Windows takes at most
//! 2,560 bytes of UTF-16 per entry. The keychain may block for as long as a password prompt stands
//! open, so every call runs on a thread of its own and is given up after a timeout.

pub mod document;
pub mod keychain;
pub mod memory;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use ts_rs::TS;

pub use self::document::{SecretName, Secrets};
pub use self::keychain::Keychain;
pub use self::memory::Memory;
use crate::failure::{ErrorCode, Failure};

/// How long a call may take when the agent clicked: long enough to type the keychain's password.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls that hang keep their thread until the system answers; past this many none is started.
const MOST_HANGING: usize = 4;

/// Whose secrets: the user name of the keychain entry. Never reused, so an entry that outlives its
/// owner can never be taken for another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder(String);

impl Holder {
    /// The holder of an account's Client-Token and Partner token.
    pub fn account(id: &str) -> Self {
        Self(format!("account/{id}"))
    }

    /// The holder of a customer's instance token.
    pub fn customer(id: &str) -> Self {
        Self(format!("customer/{id}"))
    }

    /// The entry's user name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the agent wants a secret kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Keep {
    /// In the OS keychain.
    Keychain,
    /// In memory, until Ponte ends.
    Session,
}

/// Why the vault could not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// This computer has no keychain, or its service does not run.
    #[error("no keychain")]
    Missing,
    /// It is locked, or the prompt was closed.
    #[error("keychain locked")]
    Locked,
    /// It refused this program.
    #[error("keychain refused access")]
    Refused,
    /// It has no room for this.
    #[error("keychain full")]
    Full,
    /// It did not answer in time.
    #[error("keychain timed out")]
    TimedOut,
    /// It failed otherwise, or holds something unreadable.
    #[error("keychain failed")]
    Failed,
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Missing => ErrorCode::KeychainMissing,
            VaultError::Locked => ErrorCode::KeychainLocked,
            VaultError::Refused => ErrorCode::KeychainRefused,
            VaultError::Full => ErrorCode::KeychainFull,
            VaultError::TimedOut => ErrorCode::KeychainTimedOut,
            VaultError::Failed => ErrorCode::KeychainFailed,
        }
        .into()
    }
}

/// A place that keeps secrets. Calls may block; [`Vault`] sees to it that nobody waits for them.
pub trait SecretStore: Send + Sync + 'static {
    /// The holder's secrets, or `None` if it has none here.
    fn load(&self, holder: &Holder) -> Result<Option<Secrets>, VaultError>;
    /// Replaces the holder's secrets.
    fn save(&self, holder: &Holder, secrets: &Secrets) -> Result<(), VaultError>;
    /// Removes the holder's secrets; fine if there are none.
    fn delete(&self, holder: &Holder) -> Result<(), VaultError>;
}

/// The keychain and the session's memory, asked without blocking.
#[derive(Clone)]
pub struct Vault {
    keychain: Option<Arc<dyn SecretStore>>,
    session: Arc<Memory>,
    timeout: Duration,
    hanging: Arc<AtomicUsize>,
}

impl Vault {
    /// A vault over a keychain.
    pub fn new(keychain: Arc<dyn SecretStore>, timeout: Duration) -> Self {
        Self {
            keychain: Some(keychain),
            ..Self::memory()
        }
        .with_timeout(timeout)
    }

    /// A vault that keeps everything for this session only.
    pub fn memory() -> Self {
        Self {
            keychain: None,
            session: Arc::default(),
            timeout: TIMEOUT,
            hanging: Arc::default(),
        }
    }

    fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Whether nothing outlives the session.
    pub fn is_memory_only(&self) -> bool {
        self.keychain.is_none()
    }

    /// Where a secret that should go to `keep` really goes.
    pub fn resolve(&self, keep: Keep) -> Keep {
        match self.keychain {
            Some(_) => keep,
            None => Keep::Session,
        }
    }

    /// The secrets kept for this session: no waiting, no prompt.
    pub fn session(&self, holder: &Holder) -> Secrets {
        self.session.get(holder)
    }

    /// The holder's secrets: those of the session before those of the keychain. The keychain is
    /// asked only if `in_keychain`, so that it cannot prompt for what it does not have.
    pub async fn load(&self, holder: &Holder, in_keychain: bool) -> Result<Secrets, VaultError> {
        let mut secrets = match in_keychain {
            true => self.load_keychain(holder).await?,
            false => Secrets::default(),
        };
        secrets.merge(self.session(holder));
        Ok(secrets)
    }

    /// Sets (or, with `None`, removes) one secret of a holder, and leaves its others alone.
    pub async fn set(
        &self,
        holder: &Holder,
        in_keychain: bool,
        change: (SecretName, Option<secrecy::SecretString>),
        keep: Keep,
    ) -> Result<(), VaultError> {
        let (name, value) = change;
        let to_keychain = self.resolve(keep) == Keep::Keychain;
        let in_session = value.clone().filter(|_| !to_keychain);
        let for_keychain = value.filter(|_| to_keychain);
        if in_keychain || for_keychain.is_some() {
            let kept = self
                .change_keychain(holder, in_keychain, name, for_keychain)
                .await;
            match kept {
                // The agent chose the session because the keychain fails: what it still holds is
                // never read again, as the session's secret comes first and the store forgets it.
                Err(error) if in_session.is_some() => log::warn!("an old secret stays: {error}"),
                done => done?,
            }
        }
        let mut session = self.session(holder);
        session.set(name, in_session);
        self.session.put(holder, session);
        Ok(())
    }

    async fn change_keychain(
        &self,
        holder: &Holder,
        in_keychain: bool,
        name: SecretName,
        value: Option<secrecy::SecretString>,
    ) -> Result<(), VaultError> {
        let mut kept = match in_keychain {
            true => self.load_keychain(holder).await?,
            false => Secrets::default(),
        };
        kept.set(name, value);
        if kept.is_empty() {
            return self.delete_keychain(holder).await;
        }
        let to = holder.clone();
        self.on_thread(move |keychain| keychain.save(&to, &kept))
            .await
    }

    /// Forgets all secrets of a holder.
    pub async fn delete(&self, holder: &Holder, in_keychain: bool) -> Result<(), VaultError> {
        if in_keychain {
            self.delete_keychain(holder).await?;
        }
        self.session.put(holder, Secrets::default());
        Ok(())
    }

    async fn load_keychain(&self, holder: &Holder) -> Result<Secrets, VaultError> {
        let of = holder.clone();
        let found = self.on_thread(move |keychain| keychain.load(&of)).await?;
        Ok(found.unwrap_or_default())
    }

    async fn delete_keychain(&self, holder: &Holder) -> Result<(), VaultError> {
        let of = holder.clone();
        self.on_thread(move |keychain| keychain.delete(&of)).await
    }

    /// Runs `call` on a thread of its own. After the timeout the caller gets its error and the
    /// thread stays behind with the call, as nothing can take a keychain call back.
    async fn on_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn SecretStore) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let keychain = self.keychain.clone().ok_or(VaultError::Missing)?;
        if self.hanging.fetch_add(1, Ordering::SeqCst) >= MOST_HANGING {
            self.hanging.fetch_sub(1, Ordering::SeqCst);
            return Err(VaultError::TimedOut);
        }
        let hanging = Arc::clone(&self.hanging);
        let (answer, answered) = oneshot::channel();
        let started = std::thread::Builder::new()
            .name("keychain".into())
            .spawn(move || {
                let result = call(&*keychain);
                hanging.fetch_sub(1, Ordering::SeqCst);
                // Nobody listens any more after the timeout.
                let _ = answer.send(result);
            });
        if started.is_err() {
            self.hanging.fetch_sub(1, Ordering::SeqCst);
            return Err(VaultError::Failed);
        }
        match tokio::time::timeout(self.timeout, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(VaultError::Failed),
            Err(_) => Err(VaultError::TimedOut),
        }
    }
}
