//! End to end: the real window, the real keychain, the pretend Z-API over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod around;
mod extension;
mod on_the_phone;
mod registration;
mod roster;
mod setup;
