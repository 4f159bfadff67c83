//! The attempt in virtual time: no waiting, no network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod extension;
mod on_the_phone;
mod world;
