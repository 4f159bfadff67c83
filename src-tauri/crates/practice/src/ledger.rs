//! The calls that were received.

use std::collections::{BTreeMap, VecDeque};

use crate::Call;

/// Calls kept; older ones are forgotten, but stay counted.
const LENGTH: usize = 100_000;

/// The calls on one route.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    finished: usize,
    under_way: usize,
    most_at_once: usize,
}

/// The latest calls, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    lines: VecDeque<Call>,
    routes: BTreeMap<String, Counts>,
}

impl Ledger {
    /// A call on `route` begins; [`Self::record`] ends it.
    pub fn begin(&mut self, route: &str) {
        let counts = self.routes.entry(route.to_owned()).or_default();
        counts.under_way += 1;
        counts.most_at_once = counts.most_at_once.max(counts.under_way);
    }

    pub fn record(&mut self, call: Call) {
        if let Some(counts) = self.routes.get_mut(&call.route) {
            counts.under_way -= 1;
            counts.finished += 1;
        }
        if self.lines.len() == LENGTH {
            self.lines.pop_front();
        }
        self.lines.push_back(call);
    }

    pub fn lines(&self) -> Vec<Call> {
        self.lines.iter().cloned().collect()
    }

    /// The calls on each route that were finished.
    pub fn calls(&self) -> BTreeMap<&str, usize> {
        self.routes
            .iter()
            .map(|(route, counts)| (route.as_str(), counts.finished))
            .collect()
    }

    pub fn calls_on(&self, route: &str) -> usize {
        self.routes.get(route).map_or(0, |counts| counts.finished)
    }

    pub fn most_at_once(&self, route: &str) -> usize {
        let counts = self.routes.get(route);
        counts.map_or(0, |counts| counts.most_at_once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at_ms: u64) -> Call {
        Call {
            at_ms,
            method: "GET".to_owned(),
            route: "/".to_owned(),
            instance_id: None,
            status: 200,
            server_ms: 0.0,
            had_client_token: false,
            punished: false,
        }
    }

    #[test]
    fn the_oldest_calls_are_forgotten_and_stay_counted() {
        let mut ledger = Ledger::default();
        for at_ms in 0..=LENGTH as u64 {
            ledger.begin("/");
            ledger.record(call(at_ms));
        }
        let lines = ledger.lines();
        assert_eq!(lines.len(), LENGTH);
        assert_eq!(lines[0].at_ms, 1);
        assert_eq!(ledger.calls_on("/"), LENGTH + 1);
    }

    #[test]
    fn calls_at_once_are_those_between_begin_and_end() {
        let mut ledger = Ledger::default();
        for (begin, most) in [(true, 1), (true, 2), (false, 2), (false, 2), (true, 2)] {
            if begin {
                ledger.begin("/");
            } else {
                ledger.record(call(0));
            }
            assert_eq!(ledger.most_at_once("/"), most);
        }
        assert_eq!(ledger.calls(), BTreeMap::from([("/", 2)]));
        assert_eq!((ledger.calls_on("/x"), ledger.most_at_once("/x")), (0, 0));
    }
}
