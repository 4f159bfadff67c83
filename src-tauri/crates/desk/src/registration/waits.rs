//! When a way of receiving the code may be asked for. Asking early gets numbers blocked (zapi.md §5),
//! so every doubt makes a wait longer and none makes it shorter.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::clock::{ServerClock, ms};

/// How the code is received.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, sqlx::Type,
)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Way {
    /// A text message.
    Sms,
    /// A call that reads it out.
    Voice,
    /// Inside WhatsApp, on the phone that has the number now.
    OldPhone,
}

impl Way {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Sms, Self::Voice, Self::OldPhone];
}

/// What the server says of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// May be asked for after this long; zero is now.
    After(Duration),
    /// Closed for this number.
    Closed,
    /// Nothing.
    Nothing,
}

/// A wait that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// As long as the server said. Another run of Ponte that cannot ask the server's clock waits it
    /// out in full.
    pub whole: Duration,
    /// By our ticks.
    until: Duration,
    /// By the server's clock: Unix milliseconds. Only looked at by another run of Ponte, whose ticks
    /// say nothing about when the wait began.
    pub until_server: Option<i64>,
    /// Taken up from an earlier run.
    resumed: bool,
}

impl Wait {
    /// A wait that the server told in an answer that is here at `now`.
    pub fn new(whole: Duration, now: Duration, server: &ServerClock) -> Self {
        Self {
            whole,
            until: now + whole,
            until_server: server.latest(now).map(|at| at.saturating_add(ms(whole))),
            resumed: false,
        }
    }

    /// A wait of an earlier run, as it was stored.
    pub fn resume(whole: Duration, until_server: Option<i64>, now: Duration) -> Self {
        Self {
            whole,
            until: now + whole,
            until_server,
            resumed: true,
        }
    }

    /// What is left; zero when the way may be asked for. Never less than the truth: this computer's
    /// wall clock plays no part, and of the server's the earliest reading counts.
    pub fn left(&self, now: Duration, server: &ServerClock) -> Duration {
        let by_ticks = self.until.saturating_sub(now);
        let by_server = self
            .until_server
            .filter(|_| self.resumed)
            .zip(server.earliest(now))
            .map(|(until, now)| {
                Duration::from_millis(until.saturating_sub(now).try_into().unwrap_or(0))
            });
        by_server.map_or(by_ticks, |left| left.min(by_ticks))
    }
}

/// Whether a way may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Now.
    Now,
    /// After this long.
    After(Duration),
    /// Not at all.
    Closed,
}

/// What is known of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It waits, or has waited.
    Waits(Wait),
    /// It is closed for this number.
    Closed,
}

/// The waits of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits(HashMap<Way, Known>);

impl Waits {
    /// Takes up what an earlier run stored.
    pub fn resume(&mut self, way: Way, known: Known) {
        self.0.insert(way, known);
    }

    /// Takes in what the server says of a way. Nothing said leaves what is known.
    pub fn hear(&mut self, way: Way, said: Said, now: Duration, server: &ServerClock) {
        let known = match said {
            Said::Nothing => return,
            Said::After(whole) => Known::Waits(Wait::new(whole, now, server)),
            Said::Closed => Known::Closed,
        };
        self.0.insert(way, known);
    }

    /// Goes back to what was known before a wait was set, unless more has been heard meanwhile.
    pub fn take_back(&mut self, set: &Self, before: &Self) {
        for way in Way::ALL {
            if self.0.get(&way) == set.0.get(&way) {
                match before.0.get(&way) {
                    Some(known) => self.0.insert(way, *known),
                    None => self.0.remove(&way),
                };
            }
        }
    }

    /// Makes a way wait at least this long.
    pub fn at_least(&mut self, way: Way, whole: Duration, now: Duration, server: &ServerClock) {
        let longer = match self.open(way, now, server) {
            Open::Now => true,
            Open::After(left) => left < whole,
            Open::Closed => false,
        };
        if longer {
            self.hear(way, Said::After(whole), now, server);
        }
    }

    /// Whether a way may be asked for.
    pub fn open(&self, way: Way, now: Duration, server: &ServerClock) -> Open {
        match self.0.get(&way) {
            None => Open::Now,
            Some(Known::Closed) => Open::Closed,
            Some(Known::Waits(wait)) => match wait.left(now, server) {
                Duration::ZERO => Open::Now,
                left => Open::After(left),
            },
        }
    }

    /// All that is known, to be stored.
    pub fn known(&self) -> impl Iterator<Item = (Way, Known)> {
        self.0.iter().map(|(way, known)| (*way, *known))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn dated(at_ms: i64, ticks: Duration) -> ServerClock {
        let mut server = ServerClock::default();
        server.observe(ticks, ticks, at_ms);
        server
    }

    #[test]
    fn a_wait_counts_down_by_ticks() {
        let server = ServerClock::default();
        let mut waits = Waits::default();
        assert_eq!(waits.open(Way::Sms, s(0), &server), Open::Now);
        waits.hear(Way::Sms, Said::After(s(125)), s(10), &server);
        assert_eq!(waits.open(Way::Sms, s(30), &server), Open::After(s(105)));
        waits.hear(Way::Sms, Said::Nothing, s(30), &server);
        assert_eq!(waits.open(Way::Sms, s(134), &server), Open::After(s(1)));
        assert_eq!(waits.open(Way::Sms, s(135), &server), Open::Now);
        waits.hear(Way::Voice, Said::Closed, s(135), &server);
        assert_eq!(waits.open(Way::Voice, s(9_999), &server), Open::Closed);
        waits.hear(Way::Voice, Said::After(s(0)), s(135), &server);
        assert_eq!(waits.open(Way::Voice, s(135), &server), Open::Now);
    }

    #[test]
    fn at_least_lengthens_and_never_shortens() {
        let server = ServerClock::default();
        let mut waits = Waits::default();
        waits.hear(Way::Sms, Said::After(s(100)), s(0), &server);
        waits.at_least(Way::Sms, s(50), s(0), &server);
        assert_eq!(waits.open(Way::Sms, s(0), &server), Open::After(s(100)));
        waits.at_least(Way::Sms, s(165), s(0), &server);
        assert_eq!(waits.open(Way::Sms, s(0), &server), Open::After(s(165)));
        waits.hear(Way::Voice, Said::Closed, s(0), &server);
        waits.at_least(Way::Voice, s(1), s(0), &server);
        assert_eq!(waits.open(Way::Voice, s(9), &server), Open::Closed);
    }

    #[test]
    fn an_earlier_runs_wait_goes_by_the_servers_clock_or_begins_again() {
        let told = Wait::new(s(125), s(1_000), &dated(50_000_000, s(1_000)));
        let again = Wait::resume(told.whole, told.until_server, s(7));
        let silent = ServerClock::default();
        assert_eq!(again.left(s(7), &silent), s(125), "in full without a clock");
        assert_eq!(again.left(s(132), &silent), s(0), "but not for ever");
        // 60 s later by the server.
        let left = again.left(s(8), &dated(50_060_000, s(8)));
        assert!(left >= s(65) && left <= s(66), "{left:?}");
    }

    proptest! {
        /// Whatever the clocks' offsets and the moments: asking when nothing is left is never early.
        #[test]
        fn no_wait_ends_early(
            whole in 1_u64..600,
            server_off in -1_000_000_000_i64..1_000_000_000,
            ticks_off in 0_u64..1_000_000,
            later_ticks_off in 0_u64..1_000_000,
            round_trip_ms in 0_u64..5_000,
            at in 0_u64..700,
            has_date: bool,
        ) {
            // True time counts from the server's answer, in milliseconds.
            let date = |true_ms: i64| (server_off + true_ms).div_euclid(1_000) * 1_000;
            let ticks = |off: u64, true_ms: i64| {
                Duration::from_millis(u64::try_from(i64::try_from(off * 1_000).unwrap() + 10_000 + true_ms).unwrap())
            };
            let half = i64::try_from(round_trip_ms / 2).unwrap();
            let mut server = ServerClock::default();
            if has_date {
                server.observe(ticks(ticks_off, -half), ticks(ticks_off, half), date(0));
            }
            let told = Wait::new(Duration::from_secs(whole), ticks(ticks_off, half), &server);
            let at = i64::try_from(at * 1_000).unwrap() + half;
            let truly_left = i64::try_from(whole * 1_000).unwrap() - at;
            let left = told.left(ticks(ticks_off, at), &server);
            prop_assert!(ms(left) >= truly_left, "{left:?} of {truly_left} ms");

            // Another run, whose ticks are others; it has had one answer with the same round trip.
            let began = half + 1;
            let again = Wait::resume(told.whole, told.until_server, ticks(later_ticks_off, began));
            let mut server = ServerClock::default();
            if has_date {
                server.observe(ticks(later_ticks_off, began), ticks(later_ticks_off, began + 2 * half), date(began + half));
            }
            let at = at.max(began + 2 * half);
            let truly_left = i64::try_from(whole * 1_000).unwrap() - at;
            let left = again.left(ticks(later_ticks_off, at), &server);
            prop_assert!(ms(left) >= truly_left, "resumed: {left:?} of {truly_left} ms");
        }
    }
}
