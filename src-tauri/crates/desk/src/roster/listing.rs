//! Reading a Partner listing to its end: several pages at a time, while rows appear, move and vanish.
//!
//! Pages are numbered at the size that the server chose (zapi.md §6), so a row that moves between two
//! calls can be missed or come twice. A pass counts only if the total stood still and as many
//! different rows came as it says; otherwise the listing is read again. An instance that goes and
//! another that comes during one pass leave the total as it was, and can hide a third: the next
//! refresh finds it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::failure::{ErrorCode, Failure, Result};
use crate::lock;
use crate::store::Listed;

/// Rows asked for. The server may give fewer; the largest is open.
pub(crate) const PAGE_SIZE: u32 = 100;
/// Calls for one page before it is given up.
const TRIES: u32 = 4;
/// Before the second call for a page; doubled from there.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// Pages given up one after the other before the whole is.
const FAILURES: u32 = 3;
/// How often the listing is read for one reading.
const PASSES: u32 = 3;
/// More pages than any account has.
const MOST_PAGES: u32 = 100_000;

/// A page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub rows: Vec<Row>,
    /// Rows of the listing.
    pub total: Option<u32>,
    /// Pages of the listing.
    pub pages: Option<u32>,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub listed: Listed,
    /// Never written anywhere.
    pub token: SecretString,
}

/// Where pages come from.
pub(crate) trait Pages: Clone + Send + Sync + 'static {
    /// The page of a number, from 1 on.
    fn page(&self, number: u32) -> impl Future<Output = Result<Page>> + Send;
}

/// How much is asked of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace(Arc<AtomicBool>);

/// Calls under way at once for an agent who waits.
const AT_ONCE: usize = 4;
/// Between calls that nobody waits for: never more than a few a second (zapi.md §7).
pub(crate) const UNHURRIED: Duration = Duration::from_millis(250);

impl Pace {
    /// An agent waits from here on.
    pub fn hurry(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn at_once(&self) -> usize {
        match self.0.load(Ordering::Relaxed) {
            true => AT_ONCE,
            false => 1,
        }
    }

    /// From the beginning of a call to that of the next.
    fn pause(&self) -> Duration {
        match self.0.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => UNHURRIED,
        }
    }
}

/// How a reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All rows came, and the listing stood still.
    Whole,
    /// Every page came, but the listing never stood still: what is missing need not have vanished.
    Restless,
    /// Some pages could not be had.
    Incomplete,
    /// It was cancelled, or nobody takes the rows any more.
    Cancelled,
    /// It could not go on.
    Failed(Failure),
}

/// A reading: it may be cancelled and gone on with.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Every instance that came.
    pub seen: HashSet<String>,
    /// The same, in this pass.
    seen_now: HashSet<String>,
    /// Pages of this pass that are still to be had.
    wanted: BTreeSet<u32>,
    pub total: Option<u32>,
    /// `None` before the first answer.
    pub pages: Option<u32>,
    /// Before that, as many are taken to be there: the first ones need not come alone.
    expected: Option<u32>,
    /// The total and the pages stood still in this pass.
    steady: bool,
    passes: u32,
    /// The pages given up, and why.
    pub failed: BTreeMap<u32, Failure>,
}

/// Lets calls begin one after the other, and none while the server wants to be left alone.
#[derive(Debug)]
struct Gate {
    pace: Pace,
    next: Mutex<Instant>,
}

impl Gate {
    async fn pass(&self) {
        let begin = {
            let mut next = lock(&self.next);
            let begin = (*next).max(Instant::now());
            *next = begin + self.pace.pause();
            begin
        };
        // Sleeping takes a millisecond, even until now.
        if begin > Instant::now() {
            tokio::time::sleep_until(begin).await;
        }
    }

    fn close_for(&self, time: Duration) {
        let mut next = lock(&self.next);
        *next = (*next).max(Instant::now() + time);
    }
}

impl Reading {
    /// Whether there is something to go on with.
    pub fn is_unfinished(&self) -> bool {
        !self.wanted.is_empty() || !self.failed.is_empty()
    }

    /// Of a listing that had so many pages when it was read last.
    pub fn expecting(pages: Option<u32>) -> Self {
        Self {
            expected: pages,
            ..Self::default()
        }
    }

    /// Reads the whole listing once more.
    pub fn begin_pass(&mut self) {
        self.passes += 1;
        self.steady = true;
        self.seen_now.clear();
        self.failed.clear();
        let pages = self.pages.or(self.expected);
        self.wanted = (1..=pages.unwrap_or(1).max(1)).collect();
    }

    /// How often the listing was read.
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// Reads on to the end. What comes is handed to `take`, each page whole.
    pub async fn go_on<P: Pages>(
        &mut self,
        from: &P,
        pace: &Pace,
        cancelled: &mut watch::Receiver<bool>,
        take: &mpsc::Sender<Vec<Row>>,
    ) -> End {
        if !self.is_unfinished() {
            self.begin_pass();
        }
        let given_up = std::mem::take(&mut self.failed);
        self.wanted.extend(given_up.into_keys());
        loop {
            let end = self.read_pass(from, pace, cancelled, take).await;
            if let Some(end) = end {
                return end;
            }
            if !self.failed.is_empty() {
                return End::Incomplete;
            }
            let count = u32::try_from(self.seen_now.len()).unwrap_or(u32::MAX);
            if self.steady && self.total == Some(count) {
                return End::Whole;
            }
            if self.passes >= PASSES {
                return End::Restless;
            }
            self.begin_pass();
        }
    }

    /// Reads the pages wanted. `None`: all of them came or were given up.
    async fn read_pass<P: Pages>(
        &mut self,
        from: &P,
        pace: &Pace,
        cancelled: &mut watch::Receiver<bool>,
        take: &mpsc::Sender<Vec<Row>>,
    ) -> Option<End> {
        let gate = Arc::new(Gate {
            pace: pace.clone(),
            next: Mutex::new(Instant::now()),
        });
        let mut under_way = BTreeSet::new();
        let mut calls = JoinSet::new();
        let mut failures = 0;
        loop {
            // One alone, until it is known how many there are.
            let at_once = match self.pages.or(self.expected) {
                Some(_) => pace.at_once(),
                None => 1,
            };
            let mut next = self.wanted.difference(&under_way).copied();
            let begin: Vec<u32> = next
                .by_ref()
                .take(at_once.saturating_sub(calls.len()))
                .collect();
            for number in begin {
                under_way.insert(number);
                let (from, gate) = (from.clone(), Arc::clone(&gate));
                calls.spawn(async move { (number, patiently(&from, number, &gate).await) });
            }
            let joined = tokio::select! {
                biased;
                _ = cancelled.wait_for(|cancelled| *cancelled) => return Some(End::Cancelled),
                joined = calls.join_next() => joined?,
            };
            let (number, page) = match joined {
                Ok(joined) => joined,
                Err(error) => {
                    log::error!("a page was lost: {error}");
                    return Some(End::Failed(ErrorCode::Internal.into()));
                }
            };
            under_way.remove(&number);
            match page {
                Ok(page) => {
                    failures = 0;
                    self.wanted.remove(&number);
                    let rows = self.came(number, page);
                    if !rows.is_empty() && take.send(rows).await.is_err() {
                        return Some(End::Cancelled);
                    }
                }
                Err(_) if self.pages.is_some_and(|pages| number > pages) => {
                    // It was expected, and is not there.
                    self.wanted.remove(&number);
                }
                Err(failure) => {
                    failures += 1;
                    if failure.needs_a_change() || self.pages.is_none() || failures >= FAILURES {
                        return Some(End::Failed(failure));
                    }
                    self.wanted.remove(&number);
                    self.failed.insert(number, failure);
                }
            }
        }
    }

    /// Takes in a page; gives its rows, each instance once.
    fn came(&mut self, number: u32, page: Page) -> Vec<Row> {
        let last = self.pages;
        let changed =
            |was: Option<u32>, is: Option<u32>| was.is_some() && is.is_some() && was != is;
        if changed(self.total, page.total) || changed(last, page.pages) {
            self.steady = false;
        }
        self.total = page.total.or(self.total);
        // Every page has a row at least.
        let most = self.total.unwrap_or(MOST_PAGES).clamp(1, MOST_PAGES);
        // Without a count of pages, the one after the last that had rows is asked for.
        let next = number + u32::from(!page.rows.is_empty());
        let pages = page.pages.unwrap_or(next).min(most);
        if last.is_none() && page.pages.is_some() {
            // Fewer than expected.
            self.wanted.retain(|wanted| *wanted <= pages);
        }
        if !page.rows.is_empty() {
            self.wanted
                .extend(last.unwrap_or(number).max(number) + 1..=pages);
        } else if page.pages.is_none_or(|pages| pages < number) {
            // The listing ends before this page.
            self.wanted.retain(|wanted| *wanted < number);
        } else {
            // It should have rows.
            self.steady = false;
        }
        self.pages = match page.pages {
            Some(_) => Some(pages),
            None => last.max(Some(pages)),
        };
        let mut rows = page.rows;
        rows.retain(|row| {
            let id = &row.listed.instance_id;
            !id.is_empty() && self.seen_now.insert(id.clone())
        });
        self.seen
            .extend(rows.iter().map(|row| row.listed.instance_id.clone()));
        rows
    }
}

/// One page, asked for again after what may pass.
async fn patiently(from: &impl Pages, number: u32, gate: &Gate) -> Result<Page> {
    let mut pause = FIRST_RETRY;
    for _ in 1..TRIES {
        gate.pass().await;
        match from.page(number).await {
            Err(failure) if failure.needs_a_change() => return Err(failure),
            Err(failure) => {
                log::info!("page {number} of a listing: {failure}");
                match failure.code {
                    ErrorCode::TooOften => {
                        gate.close_for(failure.retry_after().unwrap_or(pause));
                    }
                    _ => tokio::time::sleep(pause).await,
                }
                pause *= 2;
            }
            page => return page,
        }
    }
    gate.pass().await;
    from.page(number).await
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::lock;

    /// A listing that changes while it is read.
    #[derive(Clone)]
    struct Moving(Arc<Mutex<State>>);

    struct State {
        rows: Vec<u32>,
        /// Rows on each page, as the server pleases.
        size: usize,
        /// What happens before each call, the last one first.
        changes: Vec<Change>,
        calls: usize,
        /// Calls that were answered with a failure.
        refused: usize,
        most_at_once: usize,
        under_way: usize,
        /// Those that were there from the first call to the last.
        stayed: HashSet<u32>,
    }

    #[derive(Clone, Copy, Debug)]
    enum Change {
        Nothing,
        Moves(usize, usize),
        Comes(usize),
        Goes(usize),
        Fails,
        WaitsFor(u64),
    }

    fn row(id: u32) -> Row {
        Row {
            listed: Listed {
                instance_id: id.to_string(),
                name: String::new(),
                status: None,
                instance_type: None,
                due: None,
                asked_at: Duration::ZERO,
            },
            token: "FAKE".into(),
        }
    }

    impl Moving {
        fn new(rows: u32, size: usize, changes: Vec<Change>) -> Self {
            Self(Arc::new(Mutex::new(State {
                rows: (0..rows).collect(),
                size,
                changes,
                calls: 0,
                refused: 0,
                most_at_once: 0,
                under_way: 0,
                stayed: (0..rows).collect(),
            })))
        }

        fn change(&self) -> Result<()> {
            let mut state = lock(&self.0);
            let len = state.rows.len();
            match state.changes.pop().unwrap_or(Change::Nothing) {
                Change::Nothing => {}
                Change::Moves(..) | Change::Goes(_) if len == 0 => {}
                Change::Moves(from, to) => {
                    let row = state.rows.remove(from % len);
                    state.rows.insert(to % len, row);
                }
                Change::Comes(at) => {
                    let new = 10_000 + state.changes.len() as u32;
                    state.rows.insert(at % (len + 1), new);
                }
                Change::Goes(at) => {
                    let gone = state.rows.remove(at % len);
                    state.stayed.remove(&gone);
                }
                Change::Fails => {
                    return Err(Failure::from(ErrorCode::GatewayTrouble).with("status", 502));
                }
                Change::WaitsFor(seconds) => {
                    let failure = Failure::from(ErrorCode::TooOften);
                    return Err(failure.with("retryAfterSeconds", seconds));
                }
            }
            Ok(())
        }
    }

    impl Pages for Moving {
        async fn page(&self, number: u32) -> Result<Page> {
            {
                let mut state = lock(&self.0);
                state.calls += 1;
                state.under_way += 1;
                state.most_at_once = state.most_at_once.max(state.under_way);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
            let changed = self.change();
            let mut state = lock(&self.0);
            state.under_way -= 1;
            state.refused += usize::from(changed.is_err());
            changed?;
            let pages = state.rows.chunks(state.size);
            Ok(Page {
                total: Some(state.rows.len() as u32),
                pages: Some(pages.len() as u32),
                rows: pages
                    .into_iter()
                    .nth(number as usize - 1)
                    .unwrap_or_default()
                    .iter()
                    .map(|id| row(*id))
                    .collect(),
            })
        }
    }

    /// Reads it all; gives how it ended, and how often each row was handed out.
    async fn read(
        from: &Moving,
        hurried: bool,
        expected: Option<u32>,
    ) -> (End, Reading, HashMap<String, u32>) {
        let (give, mut take) = mpsc::channel::<Vec<Row>>(4);
        let (_cancel, mut cancelled) = watch::channel(false);
        let pace = Pace::default();
        if hurried {
            pace.hurry();
        }
        let mut reading = Reading::expecting(expected);
        let taken = async {
            let mut taken = HashMap::<String, u32>::new();
            while let Some(rows) = take.recv().await {
                for row in rows {
                    *taken.entry(row.listed.instance_id).or_default() += 1;
                }
            }
            taken
        };
        let read = async {
            let end = reading.go_on(from, &pace, &mut cancelled, &give).await;
            drop(give);
            end
        };
        let (end, taken) = tokio::join!(read, taken);
        (end, reading, taken)
    }

    fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(test)
    }

    fn change(comes: bool) -> impl Strategy<Value = Change> {
        prop_oneof![
            4 => Just(Change::Nothing),
            3 => (0..500_usize, 0..500_usize).prop_map(|(from, to)| Change::Moves(from, to)),
            // Either, as one that comes can hide one that goes: see the module.
            3 => (0..500_usize).prop_map(move |at| if comes { Change::Comes(at) } else { Change::Goes(at) }),
            1 => Just(Change::Fails),
            1 => (1..4_u64).prop_map(Change::WaitsFor),
        ]
    }

    proptest! {
        #[test]
        fn no_row_that_stays_is_lost_and_none_comes_twice_in_a_pass(
            rows in 0..120_u32,
            size in 1..40_usize,
            comes in any::<bool>(),
            hurried in any::<bool>(),
            expected in prop::option::of(0..12_u32),
            seed in prop::collection::vec((change(true), change(false)), 0..60),
        ) {
            let pick = |(one, other)| if comes { one } else { other };
            let from = Moving::new(rows, size, seed.into_iter().map(pick).collect());
            let (end, reading, taken) = in_virtual_time(read(&from, hurried, expected));
            let state = lock(&from.0);
            let at_once = if hurried { 4 } else { 1 };
            prop_assert!(state.most_at_once <= at_once, "{} at once", state.most_at_once);
            if end == End::Whole {
                for row in &state.stayed {
                    prop_assert!(reading.seen.contains(&row.to_string()), "lost {row}");
                }
            }
            for (row, times) in taken {
                prop_assert!(times <= reading.passes(), "{row} came {times} times in {} passes", reading.passes());
            }
            // What stood still and was never refused is read once.
            let quiet = (rows as usize).div_ceil(size).max(1);
            if state.stayed.len() == rows as usize && state.refused == 0 && state.calls == quiet {
                prop_assert_eq!(end, End::Whole);
            }
        }
    }

    #[test]
    fn whoever_reads_notices_that_nobody_takes_the_rows() {
        let from = Moving::new(2_000, 10, Vec::new());
        let (give, take) = mpsc::channel(2);
        drop(take);
        let (_cancel, mut cancelled) = watch::channel(false);
        let mut reading = Reading::default();
        let pace = Pace::default();
        let end = reading.go_on(&from, &pace, &mut cancelled, &give);
        assert_eq!(in_virtual_time(end), End::Cancelled);
    }

    #[test]
    fn a_page_that_was_expected_and_cannot_be_had_is_not_missed() {
        #[derive(Clone)]
        struct Strict;
        impl Pages for Strict {
            async fn page(&self, number: u32) -> Result<Page> {
                tokio::time::sleep(Duration::from_millis(30)).await;
                if number > 2 {
                    return Err(Failure::from(ErrorCode::GatewayTrouble).with("status", 500));
                }
                Ok(Page {
                    total: Some(2),
                    pages: Some(2),
                    rows: vec![row(number)],
                })
            }
        }
        let (give, mut take) = mpsc::channel(64);
        let (_cancel, mut cancelled) = watch::channel(false);
        let mut reading = Reading::expecting(Some(6));
        let pace = Pace::default();
        pace.hurry();
        let end = in_virtual_time(reading.go_on(&Strict, &pace, &mut cancelled, &give));
        assert_eq!((end, reading.passes()), (End::Whole, 1));
        assert_eq!(
            [take.try_recv(), take.try_recv()].map(|rows| rows.unwrap().len()),
            [1, 1]
        );
    }

    #[test]
    fn a_server_that_promises_too_much_is_not_believed() {
        #[derive(Clone)]
        struct Boasting;
        impl Pages for Boasting {
            async fn page(&self, number: u32) -> Result<Page> {
                Ok(Page {
                    total: None,
                    pages: Some(u32::MAX),
                    rows: if number < 3 {
                        vec![row(number)]
                    } else {
                        Vec::new()
                    },
                })
            }
        }
        let (give, mut take) = mpsc::channel(64);
        let (_cancel, mut cancelled) = watch::channel(false);
        let mut reading = Reading::default();
        in_virtual_time(async {
            let pace = Pace::default();
            pace.hurry();
            let read = reading.go_on(&Boasting, &pace, &mut cancelled, &give);
            // It is not whole, whatever else it is; only that it does not take all memory matters.
            let _ = tokio::time::timeout(Duration::from_millis(1), read).await;
        });
        assert!(reading.wanted.len() <= MOST_PAGES as usize);
        assert!(take.try_recv().is_ok());
    }
}
