//! What an attempt does next: a pure state machine. No time, no calls, no gateway's words.

use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure};
use crate::gateway::{FreshCode, Identity};

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
    /// The customer is at steps 1 and 2.
    Preparing,
    /// A connection code lives.
    Waiting {
        /// The code.
        code: FreshCode,
        /// Its end.
        deadline: Deadline,
    },
    /// The code died; the customer may still be on the confirmation screen.
    Expired,
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

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The status was read: connected or not.
    Status(Result<bool, Failure>),
    /// The connected number was read.
    Identity(Identity),
    /// The agent asked for a code.
    CodeAsked,
    /// The code came, or not.
    Code(Result<(FreshCode, Deadline), Failure>),
    /// The code's time is over.
    CodeDied,
    /// The watch has gone on for long enough.
    WatchOver,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Find out which number is connected.
    ReadIdentity,
    /// Fetch a code.
    FetchCode,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    phase: Phase,
    requesting: bool,
    watch_trouble: Option<Failure>,
    code_trouble: Option<Failure>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            phase: Phase::Checking,
            requesting: false,
            watch_trouble: None,
            code_trouble: None,
        }
    }
}

impl Machine {
    /// Where it stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether a code is on its way.
    pub fn is_requesting(&self) -> bool {
        self.requesting
    }

    /// What went wrong last and has not come right since; what the agent asked for comes first.
    pub fn trouble(&self) -> Option<&Failure> {
        self.code_trouble.as_ref().or(self.watch_trouble.as_ref())
    }

    /// Whether the agent may ask for a code now.
    pub fn may_ask_for_code(&self) -> Result<(), ErrorCode> {
        match self.phase {
            Phase::Preparing | Phase::Waiting { .. } | Phase::Expired => Ok(()),
            Phase::AlreadyConnected { .. } | Phase::Connected { .. } => {
                Err(ErrorCode::AlreadyConnected)
            }
            Phase::Checking | Phase::GaveUp | Phase::Failed(_) => Err(ErrorCode::NoAttempt),
        }
    }

    /// Takes in what happened. `seconds`: how long the attempt has run. An input that makes no
    /// sense where the machine stands (an answer that came late) changes nothing.
    pub fn step(&mut self, input: Input, seconds: u64) -> Vec<Effect> {
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
                return vec![Effect::ReadIdentity];
            }
            (phase, Input::Status(Ok(false))) => {
                self.watch_trouble = None;
                if *phase == Phase::Checking {
                    *phase = Phase::Preparing;
                }
            }
            // While a code is out, only the end of its time ends the watch.
            (phase @ (Phase::Checking | Phase::Preparing), Input::Status(Err(failure)))
                if failure.needs_a_change() && !self.requesting =>
            {
                *phase = Phase::Failed(failure);
            }
            (_, Input::Status(Err(failure))) => self.watch_trouble = Some(failure),

            (_, Input::CodeAsked) => {
                if self.may_ask_for_code().is_ok() && !self.requesting {
                    self.requesting = true;
                    self.code_trouble = None;
                    return vec![Effect::FetchCode];
                }
            }
            (phase, Input::Code(result)) if self.requesting => {
                self.requesting = false;
                match result {
                    Ok((code, deadline)) => *phase = Phase::Waiting { code, deadline },
                    Err(failure) => self.code_trouble = Some(failure),
                }
            }
            (phase @ Phase::Waiting { .. }, Input::CodeDied) => *phase = Phase::Expired,
            (phase @ (Phase::Checking | Phase::Preparing | Phase::Expired), Input::WatchOver)
                if !self.requesting =>
            {
                *phase = Phase::GaveUp;
            }
            (_, Input::Identity(_) | Input::Code(_) | Input::CodeDied | Input::WatchOver) => {}
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn code() -> (FreshCode, Deadline) {
        let code = FreshCode {
            text: "FA48-HS63".into(),
            expires_at: None,
        };
        let at = Duration::from_secs(300);
        (code, Deadline::Approximate { at, wall_ms: 0 })
    }

    fn phases() -> Vec<Phase> {
        let (code, deadline) = code();
        let identity = Identity::default();
        vec![
            Phase::Checking,
            Phase::AlreadyConnected {
                identity: identity.clone(),
            },
            Phase::Preparing,
            Phase::Waiting { code, deadline },
            Phase::Expired,
            Phase::Connected {
                identity,
                seconds: 0,
            },
            Phase::GaveUp,
            Phase::Failed(ErrorCode::InstanceNotFound.into()),
        ]
    }

    fn inputs() -> Vec<(&'static str, Input)> {
        let named = Identity {
            name: Some("Aurora".into()),
            ..Identity::default()
        };
        vec![
            ("connected", Input::Status(Ok(true))),
            ("not connected", Input::Status(Ok(false))),
            (
                "status wrong",
                Input::Status(Err(ErrorCode::InstanceNotFound.into())),
            ),
            (
                "status trouble",
                Input::Status(Err(ErrorCode::TimedOut.into())),
            ),
            ("identity", Input::Identity(named)),
            ("asked", Input::CodeAsked),
            ("code", Input::Code(Ok(code()))),
            ("code trouble", Input::Code(Err(ErrorCode::TooOften.into()))),
            ("died", Input::CodeDied),
            ("over", Input::WatchOver),
        ]
    }

    fn name(phase: &Phase) -> &'static str {
        match phase {
            Phase::Checking => "checking",
            Phase::AlreadyConnected { .. } => "already",
            Phase::Preparing => "preparing",
            Phase::Waiting { .. } => "waiting",
            Phase::Expired => "expired",
            Phase::Connected { .. } => "connected",
            Phase::GaveUp => "gave up",
            Phase::Failed(_) => "failed",
        }
    }

    /// Every phase × every input, once without and once with a code on its way. What is not in
    /// this table must stay as it is.
    #[test]
    fn every_input_in_every_phase_does_what_the_table_says() {
        let moves = |from: &str, input: &str, requesting: bool| -> Option<&str> {
            Some(match (from, input, requesting) {
                ("checking", "connected", _) => "already",
                ("checking", "not connected", _) => "preparing",
                ("preparing" | "waiting" | "expired", "connected", _) => "connected",
                ("checking" | "preparing", "status wrong", false) => "failed",
                ("preparing" | "waiting" | "expired" | "checking", "code", true) => "waiting",
                ("waiting", "died", _) => "expired",
                ("checking" | "preparing" | "expired", "over", false) => "gave up",
                _ => return None,
            })
        };
        for phase in phases() {
            for (what, input) in inputs() {
                for requesting in [false, true] {
                    let mut machine = Machine {
                        phase: phase.clone(),
                        requesting,
                        ..Machine::default()
                    };
                    let effects = machine.step(input.clone(), 7);
                    let from = name(&phase);
                    let row = format!("{from} + {what} (requesting: {requesting})");
                    let expected = moves(from, what, requesting).unwrap_or(from);
                    assert_eq!(name(machine.phase()), expected, "{row}");
                    let fetches = matches!(from, "preparing" | "waiting" | "expired")
                        && what == "asked"
                        && !requesting;
                    let connects = what == "connected" && !phase.is_over();
                    let mut expected = Vec::new();
                    expected.extend(connects.then_some(Effect::ReadIdentity));
                    expected.extend(fetches.then_some(Effect::FetchCode));
                    assert_eq!(effects, expected, "{row}");
                }
            }
        }
    }

    #[test]
    fn the_identity_is_filled_in_when_it_comes() {
        let mut machine = Machine::default();
        machine.step(Input::Status(Ok(true)), 0);
        let (_, read) = inputs()
            .into_iter()
            .find(|(what, _)| *what == "identity")
            .unwrap();
        machine.step(read, 1);
        let Phase::AlreadyConnected { identity } = machine.phase() else {
            panic!("{:?}", machine.phase());
        };
        assert_eq!(identity.name.as_deref(), Some("Aurora"));
    }

    #[test]
    fn trouble_goes_when_the_same_thing_works_again() {
        let mut machine = Machine::default();
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
