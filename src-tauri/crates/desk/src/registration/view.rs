//! A registration as the windows see it.

use serde::Serialize;
use ts_rs::TS;

use super::machine::{Appeal, Rejection};
use super::waits::Way;
use crate::failure::Failure;

/// The registration of a customer's number on a mobile instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Registration {
    /// Whose.
    pub customer_id: String,
    /// The number, as people write it, once told.
    pub phone_display: Option<String>,
    /// The same: digits with country code.
    pub phone: Option<String>,
    /// Where it stands.
    pub step: Step,
    /// A call is under way: nothing else can be done.
    pub busy: bool,
    /// Why what was typed last was not taken.
    pub rejection: Option<Rejection>,
    /// What went wrong with the last call.
    pub trouble: Option<Failure>,
    /// What to tell the customer at this step, in the customer's language.
    pub message: Option<String>,
}

/// Where a registration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(
    tag = "step",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export_to = crate::TYPES)]
pub enum Step {
    /// The number is to be told, or to be checked again.
    Number,
    /// A way to receive the code is to be chosen.
    Ways {
        /// Those that exist for this number, waiting and closed ones included.
        ways: Vec<Way>,
    },
    /// A captcha is to be answered; then the code is sent by itself.
    Captcha {
        /// A `data:` URL of a PNG.
        picture: String,
        /// How the code will come.
        way: Way,
    },
    /// The code is awaited.
    Code {
        /// How it comes.
        way: Way,
    },
    /// The PIN of the two-step verification is to be told.
    Pin {
        /// WhatsApp was asked to send an e-mail by which it is reset.
        recovery: bool,
    },
    /// The old phone is to confirm.
    PhoneConfirm {
        /// It is being asked whether the phone has confirmed, every few seconds.
        watching: bool,
    },
    /// The number cannot be registered now.
    NotAvailable {
        /// Why, in the server's word.
        reason: Option<String>,
    },
    /// WhatsApp has blocked the number.
    Blocked {
        /// An appeal can be sent.
        can_appeal: bool,
        /// What became of the last one.
        appeal: Option<Appeal>,
    },
    /// The number is registered and connected.
    Registered,
}

/// When a way may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct WayLeft {
    /// Which.
    pub way: Way,
    /// Milliseconds until it may; 0 now; `None`: closed.
    #[ts(type = "number | null")]
    pub left: Option<u64>,
}
