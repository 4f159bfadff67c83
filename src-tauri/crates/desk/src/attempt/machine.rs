//! What an attempt does next: a pure state machine. No time, no calls, no gateway's words.
//!
//! The tests below hold the table of it, walk it from every phase with every input, and see to it
//! that ARCHITECTURE.md draws the same.

use super::Method;
use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure};
use crate::gateway::{FreshCode, Identity};

/// QR codes that are shown one after another while nobody reads them (documented: after three,
/// stop and offer a button).
pub const UNREAD_QR_CODES: u32 = 3;

/// A code in the agent's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub fresh: FreshCode,
    /// Its end; `None` where nobody says how long it lives.
    pub deadline: Option<Deadline>,
    /// Which of the codes since the agent last asked for one, from 1.
    pub turn: u32,
}

/// Where the attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The status is being read.
    Checking,
    /// Connected before anything was done; no code is given out.
    AlreadyConnected {
        /// As whom, once known.
        identity: Identity,
    },
    /// There is no code yet.
    Preparing,
    /// A code lives.
    Waiting {
        /// The code.
        code: Code,
        /// The agent said that the customer has read or typed it.
        read: bool,
    },
    /// The code died; the customer may still be confirming.
    Expired {
        /// The dead one.
        code: Code,
    },
    /// WhatsApp demands a passkey: this method leads nowhere by itself.
    Passkey,
    /// Connected during the attempt.
    Connected {
        /// As whom, once known.
        identity: Identity,
        /// From the start of the attempt.
        seconds: u64,
    },
    /// The watch ended without a connection.
    GaveUp,
    /// It cannot go on before something is corrected.
    Failed(Failure),
}

impl Phase {
    /// Nothing more can come of it.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::AlreadyConnected { .. } | Self::Connected { .. } | Self::GaveUp | Self::Failed(_)
        )
    }
}

/// What came of asking for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A code, and its end.
    Code(FreshCode, Option<Deadline>),
    /// WhatsApp demands a passkey.
    Passkey,
    /// No code is needed any more.
    AlreadyConnected,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The status was read: connected or not.
    Status(Result<bool, Failure>),
    /// The connected number was read.
    Identity(Identity),
    /// The agent asked for a code.
    CodeAsked,
    /// It is time for the next QR code.
    RenewalDue,
    /// The code came, or not.
    Code(Result<Answered, Failure>),
    /// The agent said that the customer has read or typed the code.
    CodeRead,
    /// The code's time is over.
    CodeDied,
    /// The code was read long enough ago for a connection.
    PasskeyDue,
    /// The watch has gone on for long enough.
    WatchOver,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read the status now.
    ReadStatus,
    /// Find out which number is connected.
    ReadIdentity,
    /// Fetch a code.
    FetchCode,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    method: Method,
    phase: Phase,
    /// A code is on its way.
    requesting: bool,
    /// Codes fetched since the agent last asked for one.
    turn: u32,
    /// A passkey was demanded at some time.
    passkey: bool,
    watch_trouble: Option<Failure>,
    code_trouble: Option<Failure>,
}

impl Machine {
    /// At its beginning.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            phase: Phase::Checking,
            requesting: false,
            turn: 0,
            passkey: false,
            watch_trouble: None,
            code_trouble: None,
        }
    }

    /// How the customer is being connected.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether a code is on its way.
    pub fn is_requesting(&self) -> bool {
        self.requesting
    }

    /// Whether a passkey was demanded at some time.
    pub fn met_passkey(&self) -> bool {
        self.passkey
    }

    /// What went wrong last and has not come right since; what the agent asked for comes first.
    pub fn trouble(&self) -> Option<&Failure> {
        self.code_trouble.as_ref().or(self.watch_trouble.as_ref())
    }

    /// Whether the agent may ask for a code now.
    pub fn may_ask_for_code(&self) -> Result<(), ErrorCode> {
        match self.phase {
            Phase::Preparing | Phase::Waiting { .. } | Phase::Expired { .. } | Phase::Passkey => {
                Ok(())
            }
            Phase::AlreadyConnected { .. } | Phase::Connected { .. } => {
                Err(ErrorCode::AlreadyConnected)
            }
            Phase::Checking | Phase::GaveUp | Phase::Failed(_) => Err(ErrorCode::NoAttempt),
        }
    }

    /// Takes in what happened. `seconds`: how long the attempt has run. An input that makes no
    /// sense where the machine stands (an answer that came late) changes nothing.
    pub fn step(&mut self, input: Input, seconds: u64) -> Option<Effect> {
        match (&mut self.phase, input) {
            (
                Phase::AlreadyConnected { identity } | Phase::Connected { identity, .. },
                Input::Identity(read),
            ) => *identity = read,
            (phase, _) if phase.is_over() => {}

            (phase, Input::Status(Ok(true))) => {
                let identity = Identity::default();
                *phase = match phase {
                    Phase::Checking => Phase::AlreadyConnected { identity },
                    _ => Phase::Connected { identity, seconds },
                };
                self.requesting = false;
                self.watch_trouble = None;
                self.code_trouble = None;
                return Some(Effect::ReadIdentity);
            }
            (phase, Input::Status(Ok(false))) => {
                self.watch_trouble = None;
                if *phase == Phase::Checking {
                    *phase = Phase::Preparing;
                    // Nothing has to be prepared or typed for a QR code.
                    if self.method == Method::QrCode {
                        return self.fetch();
                    }
                }
            }
            // While a code is out, only the end of its time ends the watch.
            (phase @ (Phase::Checking | Phase::Preparing), Input::Status(Err(failure)))
                if failure.needs_a_change() && !self.requesting =>
            {
                *phase = Phase::Failed(failure);
            }
            (_, Input::Status(Err(failure))) => self.watch_trouble = Some(failure),

            (phase, Input::CodeAsked) => {
                if let Phase::Waiting { read, .. } = phase {
                    *read = false;
                }
                if self.may_ask_for_code().is_ok() && !self.requesting {
                    self.turn = 0;
                    return self.fetch();
                }
            }
            (
                Phase::Preparing | Phase::Waiting { .. } | Phase::Expired { .. },
                Input::RenewalDue,
            ) => {
                let more = self.method == Method::QrCode && self.turn < UNREAD_QR_CODES;
                if more && !self.requesting {
                    return self.fetch();
                }
            }
            (phase, Input::Code(result)) if self.requesting => {
                self.requesting = false;
                match result {
                    Ok(Answered::Code(fresh, deadline)) => {
                        let read = matches!(phase, Phase::Waiting { read: true, .. });
                        let turn = self.turn;
                        let code = Code {
                            fresh,
                            deadline,
                            turn,
                        };
                        *phase = Phase::Waiting { code, read };
                    }
                    Ok(Answered::Passkey) => {
                        *phase = Phase::Passkey;
                        self.passkey = true;
                    }
                    Ok(Answered::AlreadyConnected) => return Some(Effect::ReadStatus),
                    Err(failure) if *phase == Phase::Preparing && failure.needs_a_change() => {
                        *phase = Phase::Failed(failure);
                    }
                    Err(failure) => self.code_trouble = Some(failure),
                }
            }
            (Phase::Waiting { read, .. }, Input::CodeRead) => {
                *read = self.method != Method::Extension;
            }
            // One that was read is out of the clock's hands.
            (phase @ Phase::Waiting { read: false, .. }, Input::CodeDied) => {
                if let Phase::Waiting { code, .. } = phase {
                    let code = code.clone();
                    *phase = Phase::Expired { code };
                }
            }
            (
                phase @ (Phase::Waiting { read: true, .. } | Phase::Expired { .. }),
                Input::PasskeyDue,
            ) if self.method != Method::Extension => {
                *phase = Phase::Passkey;
                self.passkey = true;
            }
            // A code that will die ends the watch later, by its death.
            (
                Phase::Waiting {
                    code: Code {
                        deadline: Some(_), ..
                    },
                    ..
                },
                Input::WatchOver,
            ) => {}
            (phase, Input::WatchOver) if !self.requesting => *phase = Phase::GaveUp,
            _ => {}
        }
        None
    }

    fn fetch(&mut self) -> Option<Effect> {
        self.requesting = true;
        self.turn += 1;
        self.code_trouble = None;
        Some(Effect::FetchCode)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::time::Duration;

    use super::*;

    /// What else must hold for a transition.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum When {
        Always,
        /// No code is on its way.
        Idle,
        /// A code is on its way.
        Asked,
        /// The code is read or typed on the phone.
        OnThePhone,
        /// The same, and nobody knows how long the code lives.
        PhoneCodeIdle,
    }
    use When::{Always, Asked, Idle, OnThePhone, PhoneCodeIdle};

    impl When {
        fn holds(self, method: Method, requesting: bool) -> bool {
            match self {
                Always => true,
                Idle => !requesting,
                Asked => requesting,
                OnThePhone => method != Method::Extension,
                PhoneCodeIdle => method == Method::PhoneCode && !requesting,
            }
        }

        fn words(self) -> &'static str {
            match self {
                Always | Idle | Asked => "",
                OnThePhone => " (QR code, phone code)",
                PhoneCodeIdle => " (phone code)",
            }
        }
    }

    /// From where, by what, when, to where. What is not in here changes no phase.
    const TRANSITIONS: &[(&str, &str, When, &str)] = &[
        ("checking", "connected", Always, "alreadyConnected"),
        ("checking", "not connected", Always, "preparing"),
        ("checking", "status: to be corrected", Idle, "failed"),
        ("checking", "watch over", Idle, "gaveUp"),
        ("preparing", "code", Asked, "waiting"),
        ("preparing", "passkey demanded", Asked, "passkey"),
        ("preparing", "connected", Always, "connected"),
        ("preparing", "status: to be corrected", Idle, "failed"),
        ("preparing", "code: to be corrected", Asked, "failed"),
        ("preparing", "watch over", Idle, "gaveUp"),
        ("waiting", "customer has read it", OnThePhone, "read"),
        ("waiting", "passkey demanded", Asked, "passkey"),
        ("waiting", "code died", Always, "expired"),
        ("waiting", "connected", Always, "connected"),
        ("waiting", "watch over", PhoneCodeIdle, "gaveUp"),
        ("read", "agent asks for a code", Always, "waiting"),
        ("read", "passkey demanded", Asked, "passkey"),
        ("read", "no connection after reading", OnThePhone, "passkey"),
        ("read", "connected", Always, "connected"),
        ("read", "watch over", PhoneCodeIdle, "gaveUp"),
        ("expired", "code", Asked, "waiting"),
        ("expired", "passkey demanded", Asked, "passkey"),
        (
            "expired",
            "no connection after reading",
            OnThePhone,
            "passkey",
        ),
        ("expired", "connected", Always, "connected"),
        ("expired", "watch over", Idle, "gaveUp"),
        ("passkey", "code", Asked, "waiting"),
        ("passkey", "connected", Always, "connected"),
        ("passkey", "watch over", Idle, "gaveUp"),
    ];

    const METHODS: [Method; 3] = [Method::QrCode, Method::PhoneCode, Method::Extension];

    /// Of a phone code nobody knows the end.
    fn code(method: Method, turn: u32) -> Code {
        let fresh = FreshCode::Connection {
            text: "FA48-HS63".into(),
            expires_at: None,
        };
        let at = Duration::from_secs(300);
        let deadline = Deadline::Approximate { at, wall_ms: 0 };
        Code {
            fresh,
            deadline: (method != Method::PhoneCode).then_some(deadline),
            turn,
        }
    }

    fn phases(method: Method) -> Vec<Phase> {
        let identity = Identity::default();
        let code = code(method, 1);
        let waiting = |read| Phase::Waiting {
            code: code.clone(),
            read,
        };
        let mut phases = vec![
            Phase::Checking,
            Phase::AlreadyConnected {
                identity: identity.clone(),
            },
            Phase::Preparing,
            waiting(false),
            Phase::Expired { code: code.clone() },
            Phase::Connected {
                identity,
                seconds: 0,
            },
            Phase::GaveUp,
            Phase::Failed(ErrorCode::InstanceNotFound.into()),
        ];
        if method != Method::Extension {
            phases.extend([waiting(true), Phase::Passkey]);
        }
        phases
    }

    fn inputs(method: Method) -> Vec<(&'static str, Input)> {
        let named = Identity {
            name: Some("Aurora".into()),
            ..Identity::default()
        };
        let Code {
            fresh, deadline, ..
        } = code(method, 1);
        let wrong = || Failure::from(ErrorCode::SubscriptionOver);
        vec![
            ("connected", Input::Status(Ok(true))),
            ("not connected", Input::Status(Ok(false))),
            ("status: to be corrected", Input::Status(Err(wrong()))),
            (
                "status: trouble",
                Input::Status(Err(ErrorCode::TimedOut.into())),
            ),
            ("identity", Input::Identity(named)),
            ("agent asks for a code", Input::CodeAsked),
            ("renewal due", Input::RenewalDue),
            ("code", Input::Code(Ok(Answered::Code(fresh, deadline)))),
            ("passkey demanded", Input::Code(Ok(Answered::Passkey))),
            (
                "no code needed",
                Input::Code(Ok(Answered::AlreadyConnected)),
            ),
            ("code: to be corrected", Input::Code(Err(wrong()))),
            (
                "code: trouble",
                Input::Code(Err(ErrorCode::TooOften.into())),
            ),
            ("customer has read it", Input::CodeRead),
            ("code died", Input::CodeDied),
            ("no connection after reading", Input::PasskeyDue),
            ("watch over", Input::WatchOver),
        ]
    }

    fn name(phase: &Phase) -> &'static str {
        match phase {
            Phase::Checking => "checking",
            Phase::AlreadyConnected { .. } => "alreadyConnected",
            Phase::Preparing => "preparing",
            Phase::Waiting { read: false, .. } => "waiting",
            Phase::Waiting { read: true, .. } => "read",
            Phase::Expired { .. } => "expired",
            Phase::Passkey => "passkey",
            Phase::Connected { .. } => "connected",
            Phase::GaveUp => "gaveUp",
            Phase::Failed(_) => "failed",
        }
    }

    fn effect(method: Method, from: &str, on: &str, requesting: bool) -> Option<Effect> {
        let over = ["alreadyConnected", "connected", "gaveUp", "failed"].contains(&from);
        let fetches = match (from, on) {
            ("checking", "not connected") => method == Method::QrCode,
            ("preparing" | "waiting" | "read" | "expired" | "passkey", "agent asks for a code") => {
                !requesting
            }
            ("preparing" | "waiting" | "read" | "expired", "renewal due") => {
                method == Method::QrCode && !requesting
            }
            _ => false,
        };
        match on {
            "connected" if !over => Some(Effect::ReadIdentity),
            "no code needed" if requesting && !over => Some(Effect::ReadStatus),
            _ => fetches.then_some(Effect::FetchCode),
        }
    }

    /// Every method × every phase × every input, without and with a code on its way.
    #[test]
    fn every_input_in_every_phase_does_what_the_table_says() {
        for method in METHODS {
            for phase in phases(method) {
                for (on, input) in inputs(method) {
                    for requesting in [false, true] {
                        let from = name(&phase);
                        if requesting && from == "checking" {
                            continue;
                        }
                        let mut machine = Machine {
                            phase: phase.clone(),
                            requesting,
                            turn: 1,
                            ..Machine::new(method)
                        };
                        let done = machine.step(input.clone(), 7);
                        let row = format!("{method:?}: {from} + {on} (requesting: {requesting})");
                        let to = TRANSITIONS.iter().find(|(a, b, when, _)| {
                            (*a, *b) == (from, on) && when.holds(method, requesting)
                        });
                        let expected = to.map_or(from, |(.., to)| to);
                        assert_eq!(name(machine.phase()), expected, "{row}");
                        assert_eq!(done, effect(method, from, on, requesting), "{row}");
                        let met = expected == "passkey" && from != "passkey"
                            || from == "passkey" && on == "passkey demanded" && requesting;
                        assert_eq!(machine.met_passkey(), met, "{row}");
                    }
                }
            }
        }
    }

    /// `cargo xtask check --write` does not write this one: copy it from the message.
    #[test]
    fn the_drawing_in_the_architecture_is_this_table() {
        let mut drawing = String::from("stateDiagram-v2\n    [*] --> checking\n");
        for (from, on, when, to) in TRANSITIONS {
            let label = on.replace(": ", ", ");
            writeln!(drawing, "    {from} --> {to}: {label}{}", when.words()).unwrap();
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ARCHITECTURE.md");
        let architecture = std::fs::read_to_string(file).unwrap().replace('\r', "");
        assert!(
            architecture.contains(&drawing),
            "ARCHITECTURE.md does not draw this:\n{drawing}"
        );
    }

    #[test]
    fn qr_codes_follow_each_other_until_three_are_unread() {
        let mut machine = Machine::new(Method::QrCode);
        let fresh = || {
            let Code {
                fresh, deadline, ..
            } = code(Method::QrCode, 1);
            Input::Code(Ok(Answered::Code(fresh, deadline)))
        };
        machine.step(Input::Status(Ok(false)), 0);
        for turn in 1..=UNREAD_QR_CODES {
            machine.step(fresh(), 0);
            let Phase::Waiting { code, .. } = machine.phase() else {
                panic!("{:?}", machine.phase());
            };
            assert_eq!(code.turn, turn);
            let more = (turn < UNREAD_QR_CODES).then_some(Effect::FetchCode);
            assert_eq!(machine.step(Input::RenewalDue, 0), more);
        }
        machine.step(Input::CodeDied, 0);
        assert_eq!(machine.step(Input::CodeAsked, 0), Some(Effect::FetchCode));
        machine.step(fresh(), 0);
        assert_eq!(
            machine.step(Input::RenewalDue, 0),
            Some(Effect::FetchCode),
            "asking begins a new round"
        );
    }

    #[test]
    fn a_renewed_qr_code_is_still_the_one_that_was_read() {
        let mut machine = Machine::new(Method::QrCode);
        machine.step(Input::Status(Ok(false)), 0);
        for input in ["code", "customer has read it", "renewal due", "code"] {
            let (_, input) = inputs(Method::QrCode)
                .into_iter()
                .find(|(on, _)| *on == input)
                .unwrap();
            machine.step(input, 0);
        }
        assert_eq!(name(machine.phase()), "read");
    }

    #[test]
    fn the_identity_is_filled_in_when_it_comes() {
        let mut machine = Machine::new(Method::Extension);
        machine.step(Input::Status(Ok(true)), 0);
        let (_, read) = inputs(Method::Extension)
            .into_iter()
            .find(|(on, _)| *on == "identity")
            .unwrap();
        machine.step(read, 1);
        let Phase::AlreadyConnected { identity } = machine.phase() else {
            panic!("{:?}", machine.phase());
        };
        assert_eq!(identity.name.as_deref(), Some("Aurora"));
    }

    #[test]
    fn trouble_goes_when_the_same_thing_works_again() {
        let mut machine = Machine::new(Method::Extension);
        let code_of = |machine: &Machine| machine.trouble().map(|failure| failure.code);
        machine.step(Input::Status(Ok(false)), 0);
        machine.step(Input::Status(Err(ErrorCode::TimedOut.into())), 0);
        machine.step(Input::CodeAsked, 0);
        machine.step(Input::Code(Err(ErrorCode::TooOften.into())), 0);
        assert_eq!(code_of(&machine), Some(ErrorCode::TooOften));
        machine.step(Input::CodeAsked, 0);
        assert_eq!(code_of(&machine), Some(ErrorCode::TimedOut));
        machine.step(Input::Status(Ok(false)), 0);
        assert_eq!(code_of(&machine), None);
    }
}
