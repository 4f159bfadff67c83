//! Who is offline, looked at again and again without being asked.
//!
//! Customers of an account whose Partner listing an agent imported are looked at by the listing; the
//! others one after the other by their status. Both slowly, slower after errors, and not at all while the computer sleeps:
//! the time of the next look is kept in ticks, which go on in sleep, so the first look is soon after it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Local, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use ts_rs::TS;

use super::{Import, ImportState};
use crate::customers::{ConnectionStatus, StatusCounts};
use crate::desk::{Desk, Event};
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::Gateway;
use crate::input::{Field, Problem, ProblemCode};
use crate::lock;
use crate::store::{AccountRecord, CustomerRecord};

/// From the end of one look at a listing to the next.
pub const REFRESH: Duration = Duration::from_secs(5 * 60);
/// Each customer without a listing is looked at so often, if there are not too many of them.
pub const ROUND: Duration = Duration::from_secs(5 * 60);
/// From one customer's status to the next one's of the same account, at least (zapi.md §7).
pub const STATUS_PAUSE: Duration = Duration::from_secs(1);
/// After a failure; doubled with each that follows, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The same while the server cannot be reached: nobody is burdened, and the network may be back.
const UNREACHED_PAUSE: Duration = Duration::from_secs(60);
/// What must be changed by somebody is looked at again after so long.
const MENDED_PAUSE: Duration = Duration::from_secs(30 * 60);
/// So many customers in a row whose status cannot be read are taken for an account's trouble.
const ROW_OF_FAILURES: u32 = 3;
/// Customers that nobody can look at are passed over, so many in one go.
const PASSED_OVER: usize = 100;
/// How often it is considered whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// Those who go offline within this time are told as one; while a listing is being read, until its end.
const TOGETHER: Duration = Duration::from_secs(10);
/// From one telling to the next, at least: those of a large outage are seen one after the other.
const APART: Duration = Duration::from_secs(5 * 60);

/// Keys of the settings.
const NOTIFY: &str = "notify";
const QUIET: &str = "quiet";
const ON_CLOSE: &str = "on_close";

/// When nobody is to be told. Past midnight where `until` is not after `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct QuietHours {
    /// Time of day here, such as 22:00.
    pub from: String,
    /// The same.
    pub until: String,
}

impl QuietHours {
    fn times(&self) -> Option<(NaiveTime, NaiveTime)> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        Some((time(&self.from)?, time(&self.until)?))
    }

    /// Whether a time of day is in them.
    pub fn hold_at(&self, now: NaiveTime) -> bool {
        match self.times() {
            Some((from, until)) if from < until => from <= now && now < until,
            Some((from, until)) => from <= now || now < until,
            None => false,
        }
    }
}

/// What closing the main window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum OnClose {
    /// Ponte goes on watching, in the tray.
    Tray,
    /// Ponte ends.
    Quit,
}

/// What the desk does without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// Tell when customers go offline.
    pub notify: bool,
    /// When not to; `None`: always tell.
    pub quiet: Option<QuietHours>,
    /// What closing the main window does; `None`: nobody was asked yet.
    pub on_close: Option<OnClose>,
}

/// What the watch remembers.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    tasks: Mutex<Vec<AbortHandle>>,
    /// Went offline, and nobody was told yet.
    offline: Mutex<Vec<(String, String)>>,
    /// When somebody was told last, by our ticks.
    told_at: Mutex<Option<Duration>>,
    told: Mutex<StatusCounts>,
    /// Something was mended: all accounts are looked at again.
    again: AtomicBool,
    /// Accounts whose credentials could be read since they could not.
    opened: Mutex<HashSet<String>>,
}

impl Watched {
    /// Ends the watch.
    pub fn stop(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

/// When an account is looked at next, and where its round stands.
#[derive(Debug, Default)]
struct Turn {
    /// Our ticks; zero: at once.
    next: Duration,
    failures: u32,
    /// The customer looked at last in the round, by id.
    last: Option<String>,
    /// When the round began, or the listing was read to its end.
    began: Duration,
    /// The keychain could not be read. It is left alone until an agent has had it read.
    held: bool,
}

impl Turn {
    fn rest(&mut self, now: Duration, failure: &Failure) {
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(16));
        let pause = match trouble(failure) {
            Trouble::Keychain => {
                self.held = true;
                MENDED_PAUSE
            }
            Trouble::ForSomebody => MENDED_PAUSE,
            Trouble::Unreached => doubled.min(UNREACHED_PAUSE),
            Trouble::Other => doubled.min(LONGEST_PAUSE),
        };
        self.failures += 1;
        self.next = now + failure.retry_after().unwrap_or_default().max(pause);
    }
}

/// What a failure says of the account it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Asking again would open a password prompt.
    Keychain,
    /// Asking again cannot help before somebody changes something.
    ForSomebody,
    /// The network, or the server, is not there.
    Unreached,
    /// It may be one customer's.
    Other,
}

fn trouble(failure: &Failure) -> Trouble {
    match failure.code {
        ErrorCode::KeychainMissing
        | ErrorCode::KeychainLocked
        | ErrorCode::KeychainRefused
        | ErrorCode::KeychainTimedOut
        | ErrorCode::KeychainFailed => Trouble::Keychain,
        ErrorCode::ClientTokenMissing
        | ErrorCode::ClientTokenNotConfigured
        | ErrorCode::ClientTokenWrong
        | ErrorCode::PartnerTokenMissing
        | ErrorCode::PartnerTokenWrong
        | ErrorCode::AddressNotAllowed => Trouble::ForSomebody,
        ErrorCode::Offline
        | ErrorCode::DnsFailed
        | ErrorCode::ConnectionRefused
        | ErrorCode::TlsFailed
        | ErrorCode::TimedOut
        | ErrorCode::ConnectionReset => Trouble::Unreached,
        _ => Trouble::Other,
    }
}

impl Desk {
    /// Watches from now on, until the desk is closed. Watching already, it does nothing.
    pub fn start_watching(self: &Arc<Self>) {
        let mut tasks = lock(&self.watched.tasks);
        if tasks.iter().any(|task| !task.is_finished()) {
            return;
        }
        let desk = Arc::downgrade(self);
        let watch = async move {
            let mut turns: HashMap<String, Turn> = HashMap::new();
            while let Some(desk) = desk.upgrade() {
                desk.look(&mut turns).await;
                drop(desk);
                tokio::time::sleep(TICK).await;
            }
        };
        tasks.push(tokio::spawn(watch).abort_handle());
        drop(tasks);
        self.tell_counts();
    }

    /// Looks at the accounts whose turn it is.
    async fn look(self: &Arc<Self>, turns: &mut HashMap<String, Turn>) {
        let accounts = match self.store.account_records().await {
            Ok(accounts) => accounts,
            Err(error) => return log::warn!("nobody is watched: {error}"),
        };
        if self.watched.again.swap(false, Ordering::Relaxed) {
            turns.clear();
        }
        turns.retain(|id, _| accounts.iter().any(|account| account.id == *id));
        for account in accounts {
            let turn = turns.entry(account.id.clone()).or_default();
            if turn.held {
                if !lock(&self.watched.opened).remove(&account.id) {
                    continue;
                }
                *turn = Turn::default();
            }
            if turn.next > self.clock().ticks() {
                continue;
            }
            let listed = account.imported && self.has_partner_token(&account);
            let looked = match listed {
                true => self.look_at_listing(&account, turn).await,
                false => self.look_at_one(&account, turn).await,
            };
            match looked {
                Ok(()) => turn.failures = 0,
                Err(failure) => {
                    log::info!("watching an account: {failure}");
                    let one_of_many = !listed
                        && trouble(&failure) == Trouble::Other
                        && failure.code != ErrorCode::TooOften;
                    if one_of_many && turn.failures + 1 < ROW_OF_FAILURES {
                        turn.failures += 1;
                    } else {
                        lock(&self.watched.opened).remove(&account.id);
                        turn.rest(self.clock().ticks(), &failure);
                    }
                }
            }
        }
    }

    async fn look_at_listing(
        self: &Arc<Self>,
        account: &AccountRecord,
        turn: &mut Turn,
    ) -> Result<()> {
        let last = lock(&self.imports)
            .get(&account.id)
            .map(|job| (job.import.clone(), job.ended));
        // One that an agent asked for is a look as well.
        if let Some((import, ended)) = last {
            if import.state == ImportState::Running {
                return Ok(());
            }
            if ended > turn.began {
                turn.began = ended;
                turn.next = ended + REFRESH;
                return match (import.state, import.failure) {
                    (ImportState::Failed, Some(failure)) => Err(failure),
                    _ => Ok(()),
                };
            }
        }
        self.begin_import(&account.id, false).await
    }

    /// The next customer of the round.
    async fn look_at_one(self: &Arc<Self>, account: &AccountRecord, turn: &mut Turn) -> Result<()> {
        let now = self.clock().ticks();
        for _ in 0..PASSED_OVER {
            let after = turn.last.clone().unwrap_or_default();
            let Some(customer) = self.store.next_customer(&account.id, &after).await? else {
                turn.last = None;
                // Each customer once a round.
                turn.next = now.max(turn.began + ROUND);
                turn.began = turn.next;
                return Ok(());
            };
            // Whatever comes of it, the next one is another.
            turn.last = Some(customer.id.clone());
            // An attempt looks at its customer itself, and without a token nobody can.
            if !self.is_attempted(&customer.id) && self.holds_token(&customer) {
                turn.next = now + STATUS_PAUSE;
                return self.look_at_status(&customer).await;
            }
        }
        Ok(())
    }

    /// Somebody mended something: whoever rests is looked at again.
    pub(crate) fn look_again(&self) {
        self.watched.again.store(true, Ordering::Relaxed);
    }

    /// An account's credentials could be read.
    pub(crate) fn keychain_opened(&self, account_id: &str) {
        lock(&self.watched.opened).insert(account_id.to_owned());
    }

    async fn look_at_status(self: &Arc<Self>, customer: &CustomerRecord) -> Result<()> {
        let server = self.server();
        let gateway = self.gateway(&server, customer).await?;
        let status = match self.observed(&server, gateway.session()).await {
            Ok(session) => ConnectionStatus::from_connected(session.connected),
            Err(failure) => ConnectionStatus::from_failure(&failure).ok_or(failure)?,
        };
        // An attempt that began meanwhile has seen more.
        if !self.is_attempted(&customer.id) {
            let now = self.clock().wall_ms();
            let ticks = self.clock().ticks();
            let change = self
                .store
                .note_status(&customer.id, status, now, ticks)
                .await?;
            self.tell_watched(change.into_iter().collect());
        }
        Ok(())
    }

    /// How the customers are.
    pub fn counts(&self) -> StatusCounts {
        self.store.counts()
    }

    pub(crate) fn tell_counts(&self) {
        let counts = self.counts();
        if std::mem::replace(&mut *lock(&self.watched.told), counts) != counts {
            // Nobody may be listening.
            let _ = self.events.send(Event::Counts(counts));
        }
    }

    /// Tells, a little later and together, of customers who went offline.
    pub(crate) fn note_offline(self: &Arc<Self>, customers: Vec<(String, String)>) {
        if customers.is_empty() {
            return;
        }
        {
            let mut offline = lock(&self.watched.offline);
            let waiting = !offline.is_empty();
            offline.extend(customers);
            if waiting {
                return;
            }
        }
        let desk = Arc::downgrade(self);
        let now = self.clock().ticks();
        let told = lock(&self.watched.told_at).map(|at| (at + APART).saturating_sub(now));
        let pause = told.unwrap_or_default().max(TOGETHER);
        let tell = async move {
            tokio::time::sleep(pause).await;
            let Some(desk) = desk.upgrade() else {
                return;
            };
            let running = |import: &Import| import.state == ImportState::Running;
            if let Some(import) = desk.imports().into_iter().find(running) {
                // Not for ever: a large listing takes its time.
                let _ = tokio::time::timeout(APART, desk.import_over(&import.account_id)).await;
            }
            desk.tell_offline().await;
        };
        let mut tasks = lock(&self.watched.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(tell).abort_handle());
    }

    async fn tell_offline(&self) {
        let customers = std::mem::take(&mut *lock(&self.watched.offline));
        let settings = match self.watch_settings().await {
            Ok(settings) => settings,
            Err(failure) => return log::warn!("nobody is told who went offline: {failure}"),
        };
        let now = DateTime::from_timestamp_millis(self.clock().wall_ms())
            .map(|now| now.with_timezone(&Local).time());
        let quiet = settings.quiet.zip(now);
        if !settings.notify || quiet.is_some_and(|(quiet, now)| quiet.hold_at(now)) {
            return;
        }
        let ids: Vec<String> = customers.iter().map(|(id, _)| id.clone()).collect();
        // Those who are back already are not worth a word.
        let still = match self.store.customers_by_id(&ids).await {
            Ok(still) => still,
            Err(error) => return log::warn!("nobody is told who went offline: {error}"),
        };
        let is_off = |id: &String| {
            let customer = still.get(id);
            customer.is_some_and(|customer| customer.status != ConnectionStatus::Connected)
        };
        let off: Vec<_> = customers.into_iter().filter(|(id, _)| is_off(id)).collect();
        let count = u32::try_from(off.len()).unwrap_or(u32::MAX);
        if let Some((customer_id, name)) = off.into_iter().next() {
            *lock(&self.watched.told_at) = Some(self.clock().ticks());
            // Nobody may be listening.
            let _ = self.events.send(Event::WentOffline {
                customer_id,
                name,
                count,
            });
        }
    }

    /// What the desk does without being asked.
    pub async fn watch_settings(&self) -> Result<WatchSettings> {
        let quiet = self.store.setting(QUIET).await?;
        let quiet = quiet.as_deref().and_then(|hours| hours.split_once('-'));
        let on_close = self.store.setting(ON_CLOSE).await?;
        Ok(WatchSettings {
            notify: self.store.setting(NOTIFY).await?.as_deref() != Some("off"),
            quiet: quiet.map(|(from, until)| QuietHours {
                from: from.to_owned(),
                until: until.to_owned(),
            }),
            on_close: match on_close.as_deref() {
                Some("tray") => Some(OnClose::Tray),
                Some("quit") => Some(OnClose::Quit),
                _ => None,
            },
        })
    }

    /// Changes that.
    pub async fn set_watch_settings(&self, settings: WatchSettings) -> Result<WatchSettings> {
        let quiet = match &settings.quiet {
            Some(hours) => {
                let (from, until) = hours
                    .times()
                    .ok_or(Problem::new(Field::Time, ProblemCode::NotATime))?;
                let time = |time: NaiveTime| format!("{:02}:{:02}", time.hour(), time.minute());
                Some(format!("{}-{}", time(from), time(until)))
            }
            None => None,
        };
        let on_close = settings.on_close.map(|on_close| match on_close {
            OnClose::Tray => "tray",
            OnClose::Quit => "quit",
        });
        let notify = (!settings.notify).then_some("off");
        self.store.put_setting(NOTIFY, notify).await?;
        self.store.put_setting(QUIET, quiet.as_deref()).await?;
        self.store.put_setting(ON_CLOSE, on_close).await?;
        self.watch_settings().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_past_midnight() {
        let hold = |from: &str, until: &str, now: &str| {
            let hours = QuietHours {
                from: from.into(),
                until: until.into(),
            };
            hours.hold_at(now.parse().unwrap())
        };
        for (from, until, now, quiet) in [
            ("22:00", "07:00", "23:30:00", true),
            ("22:00", "07:00", "06:59:59", true),
            ("22:00", "07:00", "07:00:00", false),
            ("22:00", "07:00", "12:00:00", false),
            ("12:00", "13:30", "12:00:00", true),
            ("12:00", "13:30", "13:30:00", false),
            ("12:00", "12:00", "03:00:00", true),
            ("x", "13:30", "13:00:00", false),
        ] {
            assert_eq!(hold(from, until, now), quiet, "{from}-{until} at {now}");
        }
    }
}
