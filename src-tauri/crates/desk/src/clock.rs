//! The two clocks of this computer, and what the server says of its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This computer's clocks. Passed in, so that tests decide what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Time since some fixed moment. Never jumps when the clock is set, and **goes on while the
    /// computer sleeps**, which `std::time::Instant` does not promise.
    fn ticks(&self) -> Duration;

    /// What the wall clock reads: Unix milliseconds. May be wrong and may jump; for showing only.
    fn wall_ms(&self) -> i64;
}

/// The real clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(unix)]
    fn ticks(&self) -> Duration {
        // Linux's CLOCK_MONOTONIC stands still in suspend, CLOCK_BOOTTIME does not; Apple's
        // CLOCK_MONOTONIC goes on (clock_gettime(3)).
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let now = rustix::time::clock_gettime(clock);
        Duration::new(
            now.tv_sec.try_into().unwrap_or(0),
            now.tv_nsec.try_into().unwrap_or(0),
        )
    }

    #[cfg(windows)]
    fn ticks(&self) -> Duration {
        // QueryPerformanceCounter, behind Instant on Windows, counts through sleep.
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }

    fn wall_ms(&self) -> i64 {
        unix_ms(SystemTime::now())
    }
}

/// Unix milliseconds of a moment; 0 before 1970.
pub fn unix_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// The server's clock against our ticks, between two bounds.
///
/// A `Date` header counts whole seconds and was written at some moment between sending the call
/// and receiving its answer. So the server's clock was below `date + 1 s` when ticks were at least
/// `sent`: `server ≤ ticks + (date + 1 s − sent)`, always; and `server ≥ ticks + (date − received)`.
/// Every answer gives such bounds and the narrowest hold, which closes in on the truth to within a
/// round trip after a few answers.
///
/// Bounds that contradict those held so far mean that our ticks lost time (a virtual machine was
/// paused) or the server's clock was set: then only the new answer counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerClock {
    ahead_of_ticks_ms: Option<Bounds>,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    at_least: i64,
    at_most: i64,
}

impl ServerClock {
    /// Takes in one answer: `date` is its header in Unix milliseconds.
    pub fn observe(&mut self, sent: Duration, received: Duration, date: i64) {
        let new = Bounds {
            at_least: date.saturating_sub(ms(received)),
            at_most: date.saturating_add(1_000).saturating_sub(ms(sent)),
        };
        let held = self.ahead_of_ticks_ms.unwrap_or(new);
        let both = Bounds {
            at_least: held.at_least.max(new.at_least),
            at_most: held.at_most.min(new.at_most),
        };
        self.ahead_of_ticks_ms = Some(match both.at_least <= both.at_most {
            true => both,
            false => new,
        });
    }

    /// The latest that the server's clock can read when ours reads `ticks`: Unix milliseconds.
    /// `None` before the first answer with a date.
    pub fn latest(&self, ticks: Duration) -> Option<i64> {
        Some(self.ahead_of_ticks_ms?.at_most.saturating_add(ms(ticks)))
    }

    /// The earliest that it can read.
    pub fn earliest(&self, ticks: Duration) -> Option<i64> {
        Some(self.ahead_of_ticks_ms?.at_least.saturating_add(ms(ticks)))
    }
}

/// Whole milliseconds.
pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_do_not_go_back() {
        let clock = SystemClock;
        let earlier = clock.ticks();
        assert!(clock.ticks() >= earlier);
    }

    #[test]
    fn a_computer_that_lost_time_is_noticed_at_the_next_answer() {
        let s = Duration::from_secs;
        let mut server = ServerClock::default();
        server.observe(s(10), s(10), 1_000_000);
        // A minute passed at the server, one second here.
        server.observe(s(11), s(11), 1_060_000);
        assert_eq!(server.latest(s(11)), Some(1_061_000));
    }
}
