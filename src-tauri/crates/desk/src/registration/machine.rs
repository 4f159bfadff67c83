//! The registration of a number: a pure state machine. No time, no calls, no gateway's words.
//!
//! Every call is begun ([`Machine::begin`]) before it is made and finished ([`Machine::finish`]) by
//! its answer. What is stored in between tells the next run of Ponte that a call was under way whose
//! answer nobody knows. The tests below hold the table of it, and see to it that ARCHITECTURE.md
//! draws the same.

use serde::{Deserialize, Serialize};

use super::waits::Way;
use crate::failure::ErrorCode;

/// A number, as the registration wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// The country's calling code.
    pub ddi: String,
    /// The digits after it.
    pub phone: String,
}

impl Number {
    /// Digits with country code.
    pub fn digits(&self) -> String {
        format!("{}{}", self.ddi, self.phone)
    }
}

/// What became of an appeal against a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Appeal {
    /// WhatsApp looks into it.
    InReview,
    /// The number is free again.
    Unbanned,
    /// WhatsApp said something else.
    Other,
}

/// Where the registration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The number is to be told, or to be checked again.
    Number,
    /// A way to receive the code is to be chosen.
    Ways,
    /// A captcha is to be answered; then the code is sent by itself.
    Captcha {
        /// A checked PNG.
        png: Vec<u8>,
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
    PhoneConfirm,
    /// The number cannot be registered now.
    NotAvailable {
        /// Why, in the server's word.
        reason: Option<String>,
    },
    /// WhatsApp has blocked the number.
    Blocked {
        /// What became of the appeal.
        appeal: Option<Appeal>,
    },
    /// The number is registered.
    Registered,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Call {
    /// Whether the number can be registered.
    Availability,
    /// Have the code sent.
    Request(Way),
    /// Answer the captcha.
    Captcha,
    /// Confirm the code.
    Code,
    /// Confirm the PIN.
    Pin,
    /// Have the PIN reset.
    Recovery,
    /// Whether the old phone has confirmed.
    Transfer,
    /// Appeal against a block.
    Appeal,
}

/// Why the server did not take what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Rejection {
    /// It is wrong.
    Wrong,
    /// It came too late.
    Expired,
    /// There were too many tries.
    TooMany,
    /// It did not say.
    Unsaid,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The number can be registered.
    Available,
    /// It cannot, with the server's reason.
    NotAvailable(Option<String>),
    /// It is blocked.
    Blocked,
    /// The code is on its way.
    Sent,
    /// A captcha comes first: a checked PNG.
    Captcha(Vec<u8>),
    /// Done, for this call.
    Accepted,
    /// The PIN is needed as well.
    PinNeeded,
    /// The old phone must confirm as well.
    PhoneNeeded,
    /// Not taken.
    Rejected(Rejection),
    /// The old phone has not confirmed yet.
    NotYet,
    /// What became of the appeal.
    Appealed(Appeal),
    /// Nobody knows: the call may or may not have arrived.
    Unknown,
}

/// The machine, as it is stored: no secret is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    number: Option<Number>,
    step: Step,
    /// The call that is under way.
    pending: Option<Call>,
    /// Why what was typed last was not taken.
    rejection: Option<Rejection>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            number: None,
            step: Step::Number,
            pending: None,
            rejection: None,
        }
    }
}

impl Machine {
    /// The number, once told.
    pub fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }

    /// Where it stands.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// The call that is under way.
    pub fn pending(&self) -> Option<Call> {
        self.pending
    }

    /// Why what was typed last was not taken.
    pub fn rejection(&self) -> Option<Rejection> {
        self.rejection
    }

    /// Goes back to the number, which may be another one; what was reached is given up. Refused
    /// while a call is under way.
    pub fn start_again(&mut self) -> Result<(), ErrorCode> {
        self.idle()?;
        self.step = Step::Number;
        self.rejection = None;
        Ok(())
    }

    /// Goes back to choosing a way.
    pub fn another_way(&mut self) -> Result<(), ErrorCode> {
        self.idle()?;
        match self.step {
            Step::Code { .. } => {
                self.step = Step::Ways;
                self.rejection = None;
                Ok(())
            }
            _ => Err(ErrorCode::NotNow),
        }
    }

    /// Tells the number that the next check is about.
    pub fn tell(&mut self, number: Number) -> Result<(), ErrorCode> {
        self.idle()?;
        match self.step {
            Step::Number => {
                self.number = Some(number);
                Ok(())
            }
            _ => Err(ErrorCode::NotNow),
        }
    }

    /// Begins a call, if it may be made now. That a way must wait is not known here.
    pub fn begin(&mut self, call: Call) -> Result<(), ErrorCode> {
        self.idle()?;
        if !self.may(call) {
            return Err(ErrorCode::NotNow);
        }
        self.pending = Some(call);
        Ok(())
    }

    /// A call that was begun was not made.
    pub fn cancel(&mut self) -> Option<Call> {
        self.pending.take()
    }

    fn idle(&self) -> Result<(), ErrorCode> {
        match self.pending {
            None => Ok(()),
            Some(_) => Err(ErrorCode::NotNow),
        }
    }

    fn may(&self, call: Call) -> bool {
        match call {
            Call::Availability => {
                let again = matches!(
                    self.step,
                    Step::Number | Step::NotAvailable { .. } | Step::Blocked { .. }
                );
                again && self.number.is_some()
            }
            Call::Request(_) => self.step == Step::Ways,
            Call::Captcha => matches!(self.step, Step::Captcha { .. }),
            Call::Code => matches!(self.step, Step::Code { .. }),
            Call::Pin | Call::Recovery => matches!(self.step, Step::Pin { .. }),
            Call::Transfer => self.step == Step::PhoneConfirm,
            Call::Appeal => matches!(self.step, Step::Blocked { .. }),
        }
    }

    /// Takes in the answer to the call that is under way. One that makes no sense to it changes
    /// nothing but that the call is over.
    pub fn finish(&mut self, answer: Answer) {
        let Some(call) = self.pending.take() else {
            return;
        };
        if answer != Answer::Unknown {
            self.rejection = None;
        }
        match (call, answer) {
            // What became of an appeal stays known.
            (_, Answer::Blocked) if matches!(self.step, Step::Blocked { .. }) => {}
            (_, Answer::Blocked) => self.step = Step::Blocked { appeal: None },
            (Call::Availability, Answer::Available) => self.step = Step::Ways,
            (Call::Availability, Answer::NotAvailable(reason)) => {
                self.step = Step::NotAvailable { reason };
            }
            (Call::Request(way), Answer::Sent) => self.step = Step::Code { way },
            (Call::Request(way), Answer::Captcha(png)) => self.step = Step::Captcha { png, way },
            // It may have been sent, and a captcha may be open: only a new check tells.
            (Call::Request(_), Answer::Unknown) => self.step = Step::Number,
            (Call::Captcha, Answer::Accepted) => {
                if let Step::Captcha { way, .. } = self.step {
                    self.step = Step::Code { way };
                }
            }
            (Call::Captcha, Answer::Captcha(new)) => {
                if let Step::Captcha { png, .. } = &mut self.step {
                    *png = new;
                    self.rejection = Some(Rejection::Wrong);
                }
            }
            (Call::Code | Call::Pin | Call::Transfer, Answer::Accepted) => {
                self.step = Step::Registered;
            }
            (Call::Code | Call::Transfer, Answer::PinNeeded) => {
                self.step = Step::Pin { recovery: false };
            }
            (Call::Code | Call::Pin, Answer::PhoneNeeded) => self.step = Step::PhoneConfirm,
            // The code is of no use any more.
            (
                Call::Code,
                Answer::Rejected(rejection @ (Rejection::Expired | Rejection::TooMany)),
            ) => {
                self.step = Step::Ways;
                self.rejection = Some(rejection);
            }
            (_, Answer::Rejected(rejection)) => self.rejection = Some(rejection),
            (Call::Recovery, Answer::Accepted) => self.step = Step::Pin { recovery: true },
            (Call::Appeal, Answer::Appealed(appeal)) => {
                self.step = Step::Blocked {
                    appeal: Some(appeal),
                };
            }
            _ => {}
        }
    }

    /// The session was found connected, whatever was thought.
    pub fn found_connected(&mut self) {
        self.pending = None;
        self.rejection = None;
        self.step = Step::Registered;
    }

    /// Takes up what an earlier run of Ponte left behind: nobody knows the answer to a call that was
    /// under way.
    pub fn resume(&mut self) {
        self.finish(Answer::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// From where, by which call, by what answer, to where. An answer that is not in here changes no
    /// step, and a call that is not in here cannot be made there.
    const TRANSITIONS: &[(&str, &str, &str, &str)] = &[
        ("number", "check", "available", "ways"),
        ("number", "check", "not available", "notAvailable"),
        ("number", "check", "blocked", "blocked"),
        ("notAvailable", "check", "available", "ways"),
        ("notAvailable", "check", "blocked", "blocked"),
        ("blocked", "check", "available", "ways"),
        ("blocked", "check", "not available", "notAvailable"),
        ("blocked", "appeal", "appealed", "blocked"),
        ("ways", "request", "sent", "code"),
        ("ways", "request", "captcha", "captcha"),
        ("ways", "request", "blocked", "blocked"),
        ("ways", "request", "unknown", "number"),
        ("captcha", "captcha", "accepted", "code"),
        ("captcha", "captcha", "captcha", "captcha"),
        ("captcha", "captcha", "blocked", "blocked"),
        ("code", "code", "accepted", "registered"),
        ("code", "code", "PIN needed", "pin"),
        ("code", "code", "phone needed", "phoneConfirm"),
        ("code", "code", "expired", "ways"),
        ("code", "code", "too many tries", "ways"),
        ("code", "code", "blocked", "blocked"),
        ("pin", "PIN", "accepted", "registered"),
        ("pin", "PIN", "phone needed", "phoneConfirm"),
        ("pin", "PIN", "blocked", "blocked"),
        ("pin", "PIN reset", "accepted", "pin"),
        ("pin", "PIN reset", "blocked", "blocked"),
        ("phoneConfirm", "phone confirmed?", "accepted", "registered"),
        ("phoneConfirm", "phone confirmed?", "PIN needed", "pin"),
        ("phoneConfirm", "phone confirmed?", "blocked", "blocked"),
    ];

    fn steps() -> Vec<Step> {
        let way = Way::Sms;
        vec![
            Step::Number,
            Step::Ways,
            Step::Captcha { png: vec![1], way },
            Step::Code { way },
            Step::Pin { recovery: false },
            Step::PhoneConfirm,
            Step::NotAvailable { reason: None },
            Step::Blocked { appeal: None },
            Step::Registered,
        ]
    }

    fn name(step: &Step) -> &'static str {
        match step {
            Step::Number => "number",
            Step::Ways => "ways",
            Step::Captcha { .. } => "captcha",
            Step::Code { .. } => "code",
            Step::Pin { .. } => "pin",
            Step::PhoneConfirm => "phoneConfirm",
            Step::NotAvailable { .. } => "notAvailable",
            Step::Blocked { .. } => "blocked",
            Step::Registered => "registered",
        }
    }

    const CALLS: [(&str, Call); 8] = [
        ("check", Call::Availability),
        ("request", Call::Request(Way::Voice)),
        ("captcha", Call::Captcha),
        ("code", Call::Code),
        ("PIN", Call::Pin),
        ("PIN reset", Call::Recovery),
        ("phone confirmed?", Call::Transfer),
        ("appeal", Call::Appeal),
    ];

    fn answers() -> Vec<(&'static str, Answer)> {
        vec![
            ("available", Answer::Available),
            ("not available", Answer::NotAvailable(Some("odd".into()))),
            ("blocked", Answer::Blocked),
            ("sent", Answer::Sent),
            ("captcha", Answer::Captcha(vec![2])),
            ("accepted", Answer::Accepted),
            ("PIN needed", Answer::PinNeeded),
            ("phone needed", Answer::PhoneNeeded),
            ("wrong", Answer::Rejected(Rejection::Wrong)),
            ("expired", Answer::Rejected(Rejection::Expired)),
            ("too many tries", Answer::Rejected(Rejection::TooMany)),
            ("rejected", Answer::Rejected(Rejection::Unsaid)),
            ("not yet", Answer::NotYet),
            ("appealed", Answer::Appealed(Appeal::InReview)),
            ("unknown", Answer::Unknown),
        ]
    }

    fn at(step: Step) -> Machine {
        Machine {
            number: Some(Number {
                ddi: "55".into(),
                phone: "44999990101".into(),
            }),
            step,
            ..Machine::default()
        }
    }

    /// Every step × every call × every answer.
    #[test]
    fn every_answer_at_every_step_does_what_the_table_says() {
        for step in steps() {
            for (by, call) in CALLS {
                let from = name(&step);
                let possible = TRANSITIONS.iter().any(|row| (row.0, row.1) == (from, by));
                let mut machine = at(step.clone());
                assert_eq!(machine.begin(call).is_ok(), possible, "{from}: {by}");
                assert_eq!(machine.pending().is_some(), possible, "{from}: {by}");
                if !possible {
                    continue;
                }
                let again = machine.begin(call);
                assert_eq!(again, Err(ErrorCode::NotNow), "{from}: {by} twice");
                for (answer_name, answer) in answers() {
                    let mut machine = machine.clone();
                    machine.finish(answer.clone());
                    let row = TRANSITIONS
                        .iter()
                        .find(|row| (row.0, row.1, row.2) == (from, by, answer_name));
                    let to = row.map_or(from, |row| row.3);
                    let said = format!("{from}: {by}: {answer_name}");
                    assert_eq!(name(machine.step()), to, "{said}");
                    assert_eq!(machine.pending(), None, "{said}");
                    let rejected = matches!(answer, Answer::Rejected(_))
                        || (by, answer_name) == ("captcha", "captcha");
                    assert_eq!(machine.rejection().is_some(), rejected, "{said}");
                }
            }
        }
    }

    /// Copy it from the message when the table changes.
    #[test]
    fn the_drawing_in_the_architecture_is_this_table() {
        let mut drawing = String::from("stateDiagram-v2\n    [*] --> number\n");
        for (from, by, answer, to) in TRANSITIONS {
            writeln!(drawing, "    {from} --> {to}: {by}, {answer}").unwrap();
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ARCHITECTURE.md");
        let architecture = std::fs::read_to_string(file).unwrap().replace('\r', "");
        assert!(
            architecture.contains(&drawing),
            "ARCHITECTURE.md does not draw this:\n{drawing}"
        );
    }

    #[test]
    fn a_code_requested_by_an_earlier_run_is_checked_for_and_nothing_else_is_lost() {
        let mut machine = at(Step::Ways);
        machine.begin(Call::Request(Way::Sms)).unwrap();
        machine.resume();
        assert_eq!((machine.step(), machine.pending()), (&Step::Number, None));
        let code = Step::Code { way: Way::Sms };
        for step in [code, Step::PhoneConfirm, Step::Blocked { appeal: None }] {
            let mut machine = at(step.clone());
            let call = CALLS
                .iter()
                .find(|(_, call)| machine.clone().begin(*call).is_ok());
            machine.begin(call.unwrap().1).unwrap();
            machine.resume();
            assert_eq!((machine.step(), machine.pending()), (&step, None));
        }
    }

    #[test]
    fn another_way_and_another_number_are_possible_only_between_calls() {
        let mut machine = at(Step::Code { way: Way::Sms });
        machine.begin(Call::Code).unwrap();
        assert_eq!(machine.another_way(), Err(ErrorCode::NotNow));
        assert_eq!(machine.start_again(), Err(ErrorCode::NotNow));
        machine.finish(Answer::Rejected(Rejection::Wrong));
        machine.another_way().unwrap();
        assert_eq!((machine.step(), machine.rejection()), (&Step::Ways, None));
        assert_eq!(machine.another_way(), Err(ErrorCode::NotNow));
        machine.start_again().unwrap();
        let other = Number {
            ddi: "351".into(),
            phone: "912345678".into(),
        };
        machine.tell(other.clone()).unwrap();
        assert_eq!(machine.number(), Some(&other));
    }

    #[test]
    fn what_is_stored_is_read_again() {
        for step in steps() {
            let machine = at(step);
            let json = serde_json::to_string(&machine).unwrap();
            assert_eq!(serde_json::from_str::<Machine>(&json).unwrap(), machine);
        }
    }
}
