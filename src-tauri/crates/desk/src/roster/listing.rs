//! Reading a Partner listing to its end: several pages at a time, while rows appear, move and vanish.
//!
//! Pages are numbered at the size that the server chose (zapi.md §6), so a row that moves between two
//! calls can be missed or come twice. A pass counts only if the total stood still and as many
//! different rows came as it says; otherwise the listing is read again. An instance that goes and
//! another that comes during one pass leave the total as it was, and can hide a third: the next
//! refresh finds it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Mutex;
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Calls under way at the same time.
    pub at_once: usize,
    /// From the beginning of a call to that of the next.
    pub pause: Duration,
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
    pages: Option<u32>,
    /// The total and the pages stood still in this pass.
    steady: bool,
    passes: u32,
    /// The pages given up, and why.
    pub failed: BTreeMap<u32, Failure>,
}

/// Lets calls begin one after the other, and none while the server wants to be left alone.
#[derive(Debug)]
struct Gate {
    pause: Duration,
    next: Mutex<Instant>,
}

impl Gate {
    async fn pass(&self) {
        let begin = {
            let mut next = lock(&self.next);
            let begin = (*next).max(Instant::now());
            *next = begin + self.pause;
            begin
        };
        tokio::time::sleep_until(begin).await;
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

    /// Reads the whole listing once more.
    pub fn begin_pass(&mut self) {
        self.passes += 1;
        self.steady = true;
        self.seen_now.clear();
        self.failed.clear();
        self.wanted = (1..=self.pages.unwrap_or(1).max(1)).collect();
    }

    /// How often the listing was read.
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// Reads on to the end. What comes is handed to `take`, each page whole.
    pub async fn go_on<P: Pages>(
        &mut self,
        from: &P,
        pace: Pace,
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
            if self.steady && self.total.is_none_or(|total| count == total) {
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
        pace: Pace,
        cancelled: &mut watch::Receiver<bool>,
        take: &mpsc::Sender<Vec<Row>>,
    ) -> Option<End> {
        let gate = std::sync::Arc::new(Gate {
            pause: pace.pause,
            next: Mutex::new(Instant::now()),
        });
        let mut under_way = BTreeSet::new();
        let mut calls = JoinSet::new();
        let mut failures = 0;
        loop {
            // One alone, until it is known how many there are.
            let at_once = match self.pages {
                Some(_) => pace.at_once,
                None => 1,
            };
            let mut next = self.wanted.difference(&under_way).copied();
            let begin: Vec<u32> = next
                .by_ref()
                .take(at_once.saturating_sub(calls.len()))
                .collect();
            for number in begin {
                under_way.insert(number);
                let (from, gate) = (from.clone(), std::sync::Arc::clone(&gate));
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
        let known = self.pages.is_some();
        if known && (page.total != self.total || page.pages != self.pages) {
            self.steady = false;
        }
        self.total = page.total;
        // Without a count of pages, the one after the last that had rows is asked for.
        let pages = page
            .pages
            .unwrap_or(number + u32::from(!page.rows.is_empty()));
        if page.rows.is_empty() {
            // The listing ends before this page.
            self.wanted.retain(|wanted| *wanted < number);
        } else {
            let last = self.pages.unwrap_or(number).max(number);
            self.wanted.extend(last + 1..=pages);
        }
        self.pages = match page.pages {
            Some(pages) => Some(pages),
            None => self.pages.max(Some(pages)),
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
