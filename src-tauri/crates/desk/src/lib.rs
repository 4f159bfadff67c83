//! What the desk does: accounts, customers, attempts, secrets, the store.
//!
//! Nothing here knows Tauri, a window, or a sentence for the agent's eyes: every failure is a
//! [`Failure`] (a code and harmless parameters) and the UI owns the words. The only texts kept here
//! are the *customer's* messages ([`messages`]), because the agent sends them as they are.
//!
//! Arrows: `desk` calls [`zapi`]; the Tauri host and the tests call `desk`.

pub mod accounts;
pub mod address;
pub mod attempt;
pub mod clock;
pub mod customers;
pub mod deadline;
pub mod desk;
pub mod failure;
pub mod gateway;
pub mod history;
pub mod input;
pub mod instance;
pub mod language;
pub mod links;
pub mod messages;
pub mod phone;
pub mod picture;
pub mod registration;
pub mod roster;
pub mod store;
pub mod triage;
pub mod vault;

pub use desk::{Config, Desk};
pub use failure::{ErrorCode, Failure};
pub use language::Language;
pub use secrecy::SecretString;

/// The file that the exported TypeScript types go to, inside `TS_RS_EXPORT_DIR`.
pub const TYPES: &str = "types.ts";

/// Locks are held for a few instructions and never across an await; what a panicking thread left
/// behind is still whole.
pub fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
