//! The desk over the pretend Z-API, real HTTP on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod around;
mod clock;
mod connecting;
mod csv;
mod history;
mod on_the_phone;
mod registration;
mod registration_answers;
mod roster;
mod setup;
mod watch;
