//! Secrets that end with the session.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Holder, SecretStore, Secrets, VaultError};
use crate::lock;

/// A vault in memory: the agent's "keep for this session only", practice, and `PONTE_VAULT=memory`.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<Holder, Secrets>>);

impl Memory {
    /// The holder's secrets; empty if there are none.
    pub fn get(&self, holder: &Holder) -> Secrets {
        let held = lock(&self.0);
        held.get(holder).cloned().unwrap_or_default()
    }

    /// Replaces the holder's secrets; none to forget it.
    pub fn put(&self, holder: &Holder, secrets: Secrets) {
        let mut held = lock(&self.0);
        if secrets.is_empty() {
            held.remove(holder);
        } else {
            held.insert(holder.clone(), secrets);
        }
    }
}

impl SecretStore for Memory {
    fn load(&self, holder: &Holder) -> Result<Option<Secrets>, VaultError> {
        Ok(Some(self.get(holder)).filter(|secrets| !secrets.is_empty()))
    }

    fn save(&self, holder: &Holder, secrets: &Secrets) -> Result<(), VaultError> {
        self.put(holder, secrets.clone());
        Ok(())
    }

    fn delete(&self, holder: &Holder) -> Result<(), VaultError> {
        self.put(holder, Secrets::default());
        Ok(())
    }
}
