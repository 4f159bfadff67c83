//! The moment a connection code dies.
//!
//! `expiresAt` is a reading of the *server's* clock, so it is compared with the server's clock
//! ([`ServerClock`]) and never with this computer's wall clock, which may be wrong by any amount
//! and may be set while a code lives. The ticks under it count sleep, so one clock answers for
//! all three: a wrong clock, a clock set, a lid closed.

use std::time::Duration;

use crate::clock::{ServerClock, ms};

/// No code lives longer (the vendor: "valid for at most 5 minutes").
pub const LONGEST_LIFE: Duration = Duration::from_secs(5 * 60);

/// A code that seems to have been dead for less than this may have arrived in its last moment: our
/// reading of the server's clock is late by up to a second and a round trip.
const DATE_SLACK_MS: i64 = 2_000;

/// The moment a connection code dies, asked for its time left and never read as a clock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The server said when, and what time it is there.
    Known {
        /// Unix milliseconds by the server's clock.
        expires_at: i64,
    },
    /// The server said nothing, or its clock is not known or makes no sense: a lifetime from the
    /// *request*, the earliest moment at which the code can have been made.
    Approximate {
        /// Our ticks.
        at: Duration,
        /// The same as a reading of this computer's wall clock, taken once for showing: Unix
        /// milliseconds.
        wall_ms: i64,
    },
}

impl Deadline {
    /// The deadline of a code whose request was sent at `sent` and whose answer is here at `now`.
    /// `server` has already observed that answer, if it had a date. `wall_ms`: what the wall clock
    /// reads at `now`.
    pub fn new(
        expires_at: Option<i64>,
        sent: Duration,
        now: Duration,
        wall_ms: i64,
        server: &ServerClock,
    ) -> Self {
        let approximate = Self::after(sent + LONGEST_LIFE, now, wall_ms);
        let (Some(expires_at), Some(server_now)) = (expires_at, server.latest(now)) else {
            return approximate;
        };
        match expires_at.saturating_sub(server_now) {
            left if left > -DATE_SLACK_MS && left <= ms(LONGEST_LIFE) => Self::Known { expires_at },
            _ => approximate,
        }
    }

    /// The deadline of a code that nobody gave an end, at `at` by our ticks. `now` and `wall_ms`:
    /// what the ticks and the wall clock read at the same moment.
    pub fn after(at: Duration, now: Duration, wall_ms: i64) -> Self {
        Self::Approximate {
            at,
            wall_ms: wall_ms.saturating_add(ms(at.saturating_sub(now))),
        }
    }

    /// What is left at `now`; zero when the code is dead. At most what the server would still
    /// accept.
    pub fn left(&self, now: Duration, server: &ServerClock) -> Duration {
        match *self {
            Self::Approximate { at, .. } => at.saturating_sub(now),
            Self::Known { expires_at } => {
                let server_now = server.latest(now).unwrap_or(i64::MAX);
                Duration::from_millis(
                    expires_at
                        .saturating_sub(server_now)
                        .try_into()
                        .unwrap_or(0),
                )
            }
        }
    }

    /// Whether it had to be guessed.
    pub fn is_approximate(&self) -> bool {
        matches!(self, Self::Approximate { .. })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A server, and a computer whose ticks count from an arbitrary moment. Time is true time.
    struct World {
        /// Server clock − true time, in ms.
        server_off: i64,
        /// Our ticks at true time 0, in ms.
        ticks_at_zero: i64,
    }

    impl World {
        fn ticks(&self, t: i64) -> Duration {
            Duration::from_millis((t + self.ticks_at_zero).try_into().unwrap())
        }
        fn server(&self, t: i64) -> i64 {
            t + self.server_off
        }
        /// One call: sent, answered by the server, received.
        fn call(&self, clock: &mut ServerClock, sent: i64, made: i64, received: i64) {
            let date = self.server(made).div_euclid(1_000) * 1_000;
            clock.observe(self.ticks(sent), self.ticks(received), date);
        }
    }

    proptest! {
        /// The promise: never more than the server would accept; at most 1.5 s less, for
        /// round trips up to half a second, at every moment of the code's life. The wall clock
        /// does not occur: no setting of it can matter. Sleep does not occur either: ticks count it.
        #[test]
        fn left_is_never_too_much_and_hardly_too_little(
            server_off in 0i64..4_000_000_000_000,
            ticks_at_zero in 0i64..10_000_000_000,
            life in 1_000i64..=300_000,
            there in 1i64..250, back in 1i64..250,
            polls in proptest::collection::vec((0i64..60_000, 1i64..250, 1i64..250), 0..5),
            after in 0i64..300_000,
        ) {
            let world = World { server_off, ticks_at_zero };
            let mut clock = ServerClock::default();
            let (sent, made, received) = (60_000, 60_000 + there, 60_000 + there + back);
            for (at, there, back) in polls {
                world.call(&mut clock, at, at + there, at + there + back);
            }
            world.call(&mut clock, sent, made, received);
            let expires_at = world.server(made) + life;
            let deadline = Deadline::new(Some(expires_at), world.ticks(sent), world.ticks(received), 0, &clock);
            let now = received + after;
            let truth = (expires_at - world.server(now)).max(0);
            let left = ms(deadline.left(world.ticks(now), &clock));
            prop_assert!(!deadline.is_approximate());
            prop_assert!(left <= truth, "shows {left}, the server accepts {truth}");
            prop_assert!(truth - left <= 1_500, "shows {left} of {truth}");
        }
    }

    #[test]
    fn without_a_usable_clock_it_is_five_minutes_from_the_request() {
        let s = Duration::from_secs;
        let mut known = ServerClock::default();
        known.observe(s(100), s(100), 1_000_000);
        for (why, expires_at, clock) in [
            ("no date", Some(1_200_000), ServerClock::default()),
            ("no expiry", None, known),
            ("already over", Some(990_000), known),
            ("longer than any code lives", Some(2_000_000), known),
        ] {
            let deadline = Deadline::new(expires_at, s(100), s(101), 0, &clock);
            assert!(deadline.is_approximate(), "{why}");
            assert_eq!(deadline.left(s(101), &clock), s(299), "{why}");
            assert_eq!(deadline.left(s(400), &clock), s(0), "{why}");
        }
    }
}
