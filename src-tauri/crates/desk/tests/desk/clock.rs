//! A clock that tests can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use desk::clock::{Clock, SystemClock};

/// The real clocks, ahead by something.
#[derive(Clone, Debug, Default)]
pub struct Shifted {
    ticks_ms: Arc<AtomicU64>,
    wall_ms: i64,
}

impl Shifted {
    pub fn new(ticks: Duration, wall_ms: i64) -> Self {
        let shifted = Self {
            wall_ms,
            ..Self::default()
        };
        shifted.advance(ticks);
        shifted
    }

    /// Ticks go on; the wall clock is somebody else's business.
    pub fn advance(&self, time: Duration) {
        let ms = time.as_millis().try_into().unwrap();
        self.ticks_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Shifted {
    fn ticks(&self) -> Duration {
        SystemClock.ticks() + Duration::from_millis(self.ticks_ms.load(Ordering::SeqCst))
    }
    fn wall_ms(&self) -> i64 {
        SystemClock.wall_ms() + self.wall_ms
    }
}
