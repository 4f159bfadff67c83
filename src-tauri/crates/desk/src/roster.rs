//! Every customer of the partner: the Partner listing, read into the list and kept in step with it.
//!
//! The listing carries every instance's token. They are kept in memory, by instance, and nowhere else.

pub mod csv;
mod listing;
pub mod watch;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use ts_rs::TS;

use crate::clock::{Clock, unix_ms};
use crate::customers::{ConnectionStatus, CustomerCheck, CustomerRow, InstanceForm, Typed};
use crate::desk::{Desk, Event};
use crate::failure::{ErrorCode, Failure, Result};
use crate::input::{Field, Problem, ProblemCode};
use crate::instance::InstanceType;
use crate::language::Language;
use crate::lock;
use crate::phone;
use crate::store::{Change, CustomerRecord, Listed, StoreError};
use crate::vault::SecretName;
use listing::{End, PAGE_SIZE, Pace, Page, Pages, Reading, Row, UNHURRIED};

/// Pages read and not yet written.
const WAITING_PAGES: usize = 32;
/// Rows that are written in one go.
const WRITTEN_AT_ONCE: usize = 500;
/// So many missing instances are looked for one by one; for more, the listing is read again.
const LOOKED_FOR: usize = 20;
/// A reading that was ended is gone on with for so long; after that it begins anew.
const RESUMABLE: Duration = Duration::from_secs(15 * 60);
/// From one telling of the progress to the next.
const TOLD: Duration = Duration::from_millis(100);
/// Changes of one page or round that are told one by one; more are told as one.
const TOLD_SINGLY: usize = 20;
/// For so long an instance that may have been created is not created again.
const CREATED_LATELY: Duration = Duration::from_secs(10 * 60);

/// Where the reading of an account's Partner listing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ImportState {
    /// Pages are being read.
    Running,
    /// The agent ended it. What was read is kept; the next import goes on from there.
    Cancelled,
    /// All was read, as far as the listing stood still.
    Done,
    /// Some pages could not be read; the others are kept. The next import reads those alone.
    Incomplete,
    /// It could not go on: see the failure. What was read is kept.
    Failed,
}

/// The reading of an account's Partner listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Import {
    /// Whose.
    pub account_id: String,
    /// The account's name.
    pub account_name: String,
    /// Where it stands.
    pub state: ImportState,
    /// An agent asked for it; otherwise it is the desk's own refresh.
    pub by_hand: bool,
    /// Instances read and written so far, each counted once.
    pub read: u32,
    /// How many the account has, once the server said so.
    pub total: Option<u32>,
    /// Customers that were not in the list before.
    pub added: u32,
    /// Customers of whom something changed.
    pub changed: u32,
    /// Customers whose instance is no longer in the listing.
    pub vanished: u32,
    /// The pages that could not be read, by number.
    pub failed_pages: Vec<u32>,
    /// Why it failed, or why its last failed page did.
    pub failure: Option<Failure>,
    /// Unix milliseconds by this computer's clock: when it ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
}

/// An account's import, running or over.
pub(crate) struct Job {
    import: Import,
    cancel: tokio::sync::watch::Sender<bool>,
    pace: Pace,
    task: AbortHandle,
    /// When it ended, by our ticks; zero while it runs.
    ended: Duration,
    /// What can be gone on with.
    left: Option<Reading>,
    /// Pages that the listing had.
    pages: Option<u32>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The Partner listing of an account.
#[derive(Clone)]
struct PartnerPages {
    client: zapi::Client,
    token: SecretString,
    clock: Arc<dyn Clock>,
}

impl Pages for PartnerPages {
    async fn page(&self, number: u32) -> Result<Page> {
        let partner = self.client.partner(&self.token);
        self.read(partner.instances(number, PAGE_SIZE)).await
    }
}

impl PartnerPages {
    /// An instance; `None` if it is not in the listing.
    async fn find(&self, instance_id: &str) -> Result<Option<Row>> {
        let partner = self.client.partner(&self.token);
        let page = self.read(partner.find(instance_id)).await?;
        let mut rows = page.rows.into_iter();
        Ok(rows.find(|row| row.listed.instance_id == instance_id))
    }

    async fn read(
        &self,
        call: impl Future<Output = std::result::Result<zapi::Received<zapi::InstancePage>, zapi::Error>>,
    ) -> Result<Page> {
        let asked_at = self.clock.ticks();
        let received = call.await?;
        let now = received.date.map_or_else(|| self.clock.wall_ms(), unix_ms);
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let rows = received.value.rows.into_iter();
        Ok(Page {
            total: received.value.total.map(count),
            pages: received.value.total_pages.map(count),
            rows: rows.map(|row| read(row, now, asked_at)).collect(),
        })
    }
}

/// `now`: by the server's clock.
fn read(row: zapi::InstanceRow, now: i64, asked_at: Duration) -> Row {
    let due = row.due.map(|due| due.0);
    Row {
        listed: Listed {
            status: row.whatsapp_connected.map(|connected| match connected {
                true => ConnectionStatus::Connected,
                // Not said in so many words: its time is over and it is not connected.
                false if due.is_some_and(|due| due < now) => ConnectionStatus::SubscriptionOver,
                false => ConnectionStatus::Offline,
            }),
            instance_type: row.middleware.map(InstanceType::from),
            name: crate::input::listed_name(row.name.as_deref().unwrap_or_default()),
            instance_id: row.id,
            due,
            asked_at,
        },
        token: row.token,
    }
}

impl Desk {
    /// What is being, or was last, read of the Partner listings.
    pub fn imports(&self) -> Vec<Import> {
        let jobs = lock(&self.imports);
        let mut imports: Vec<_> = jobs.values().map(|job| job.import.clone()).collect();
        imports.sort_by(|one, other| one.account_id.cmp(&other.account_id));
        imports
    }

    /// Begins to read an account's Partner listing, or goes on with a reading that was ended. It goes
    /// on by itself; [`Event::Import`] tells the rest. Joins the one that runs.
    pub async fn import_customers(self: &Arc<Self>, account_id: &str) -> Result<()> {
        self.begin_import(account_id, true).await
    }

    /// Ends the reading of an account's listing. What was read is kept.
    pub fn cancel_import(&self, account_id: &str) {
        if let Some(job) = lock(&self.imports).get(account_id) {
            job.cancel.send_replace(true);
        }
    }

    pub(crate) async fn begin_import(
        self: &Arc<Self>,
        account_id: &str,
        by_hand: bool,
    ) -> Result<()> {
        let account = self.account(account_id).await?;
        let pages = PartnerPages {
            token: self.partner_token(&account).await?,
            client: self.client()?,
            clock: self.shared_clock(),
        };
        let now = self.clock().ticks();
        let mut jobs = lock(&self.imports);
        let mut reading = Reading::default();
        if let Some(job) = jobs.get_mut(account_id) {
            if job.import.state == ImportState::Running {
                if by_hand {
                    job.import.by_hand = true;
                    job.pace.hurry();
                }
                let _ = self.events.send(Event::Import(job.import.clone()));
                return Ok(());
            }
            // What an agent ended is for an agent to go on with.
            let goes_on = by_hand || job.import.state != ImportState::Cancelled;
            if !goes_on {
                return Ok(());
            }
            reading = Reading::expecting(job.pages);
            if now < job.ended + RESUMABLE {
                reading = job.left.take().unwrap_or(reading);
            }
        }
        let import = Import {
            account_id: account.id.clone(),
            account_name: account.name,
            state: ImportState::Running,
            by_hand,
            read: u32::try_from(reading.seen.len()).unwrap_or(u32::MAX),
            total: reading.total,
            added: 0,
            changed: 0,
            vanished: 0,
            failed_pages: Vec::new(),
            failure: None,
            ended_at: None,
        };
        let (cancel, cancelled) = tokio::sync::watch::channel(false);
        let pace = Pace::default();
        if by_hand {
            pace.hurry();
        }
        let desk = Arc::clone(self);
        let running = import.clone();
        let its_pace = pace.clone();
        let task = tokio::spawn(async move {
            desk.run_import(running, reading, pages, its_pace, cancelled)
                .await;
        });
        let _ = self.events.send(Event::Import(import.clone()));
        jobs.insert(
            account.id,
            Job {
                import,
                cancel,
                pace,
                task: task.abort_handle(),
                ended: Duration::ZERO,
                left: None,
                pages: None,
            },
        );
        Ok(())
    }

    async fn run_import(
        self: Arc<Self>,
        import: Import,
        mut reading: Reading,
        pages: PartnerPages,
        pace: Pace,
        mut cancelled: tokio::sync::watch::Receiver<bool>,
    ) {
        let account_id = import.account_id.clone();
        let language = self.roster_language().await;
        let mut written = Written {
            desk: &self,
            import,
            language,
            told: None,
            read: reading.seen.clone(),
        };
        let end = async {
            loop {
                let (give, rows) = mpsc::channel(WAITING_PAGES);
                let read = async {
                    let end = reading.go_on(&pages, &pace, &mut cancelled, &give).await;
                    drop(give);
                    end
                };
                let (end, kept) = tokio::join!(read, written.write(rows));
                written.import.total = reading.total;
                kept?;
                if end != End::Whole {
                    return Ok(end);
                }
                let unseen = self.store.unseen(&account_id, &reading.seen);
                if unseen.len() > LOOKED_FOR && reading.passes() == 1 {
                    reading.begin_pass();
                    continue;
                }
                written.vanish(unseen, &pages).await?;
                return Ok(end);
            }
        };
        let end: Result<End> = end.await;
        let import = written.import;
        self.end_import(import, reading, end);
    }

    /// The language of customers that come from the listing: the desk's own.
    async fn roster_language(&self) -> Language {
        let settings = self.settings().await.ok();
        let chosen = settings.and_then(|settings| settings.language);
        chosen.unwrap_or(Language::Portuguese)
    }

    fn end_import(&self, mut import: Import, reading: Reading, end: Result<End>) {
        import.failed_pages = reading.failed.keys().copied().collect();
        import.failure = reading.failed.values().next_back().cloned();
        import.ended_at = Some(self.clock().wall_ms());
        let pages = reading.pages;
        let mut left = reading.is_unfinished().then_some(reading);
        import.state = match end {
            Ok(End::Whole | End::Restless) => ImportState::Done,
            Ok(End::Incomplete) => ImportState::Incomplete,
            Ok(End::Cancelled) => ImportState::Cancelled,
            Ok(End::Failed(failure)) => {
                import.failure = Some(failure);
                ImportState::Failed
            }
            Err(failure) => {
                // Rows that were read may not have been written.
                left = None;
                import.failure = Some(failure);
                ImportState::Failed
            }
        };
        if let Some(failure) = &import.failure {
            self.note_failure(failure);
        }
        {
            let mut jobs = lock(&self.imports);
            if let Some(job) = jobs.get_mut(&import.account_id) {
                import.by_hand |= job.import.by_hand;
                job.import = import.clone();
                job.ended = self.clock().ticks();
                job.left = left;
                job.pages = pages;
            }
        }
        // Nobody may be listening.
        let _ = self.events.send(Event::Import(import));
        self.import_ended.notify_waiters();
    }

    /// Waits until no import of the account runs.
    pub async fn import_over(&self, account_id: &str) -> Option<Import> {
        loop {
            let ended = self.import_ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            let import = lock(&self.imports).get(account_id)?.import.clone();
            if import.state != ImportState::Running {
                return Some(import);
            }
            ended.await;
        }
    }

    /// The token that came with the Partner listing; asked for there when it has not come yet.
    pub(crate) async fn listed_token(&self, record: &CustomerRecord) -> Result<SecretString> {
        if let Some(token) = lock(&self.listed_tokens).get(&record.instance_id) {
            return Ok(token.clone());
        }
        let row = self
            .listed_row(&record.account_id, &record.instance_id)
            .await?;
        let row = row.ok_or(ErrorCode::SecretMissing)?;
        if row.token.expose_secret().is_empty() {
            return Err(ErrorCode::SecretMissing.into());
        }
        lock(&self.listed_tokens).insert(row.id, row.token.clone());
        Ok(row.token)
    }

    /// An instance in its account's Partner listing; `None` if it is not there, or if the account has
    /// no Partner token.
    pub(crate) async fn listed_row(
        &self,
        account_id: &str,
        instance_id: &str,
    ) -> Result<Option<zapi::InstanceRow>> {
        let account = self.account(account_id).await?;
        if !self.has_partner_token(&account) {
            return Ok(None);
        }
        let secrets = self.account_secrets(&account).await?;
        let Some(token) = secrets.get(SecretName::PartnerToken) else {
            return Ok(None);
        };
        let client = self.client()?;
        let page = client.partner(token).find(instance_id).await?;
        let mut rows = page.value.rows.into_iter();
        Ok(rows.find(|row| row.id == instance_id))
    }

    /// The mistakes in the form of a new instance.
    pub async fn check_instance(&self, form: &InstanceForm) -> Result<CustomerCheck> {
        Ok(self.read_instance(form).await?.0)
    }

    async fn read_instance(&self, form: &InstanceForm) -> Result<(CustomerCheck, Typed)> {
        let mut problems = Vec::new();
        let InstanceForm {
            name,
            phone,
            note,
            labels,
            ..
        } = form;
        let typed = Typed::read(name, phone, note, labels, &mut problems);
        let account = self.store.account(&form.account_id).await?;
        if !account.is_some_and(|account| self.has_partner_token(&account)) {
            problems.push(Problem::new(Field::Account, ProblemCode::Missing));
        }
        let check = CustomerCheck {
            problems,
            instance_id: None,
            token_in_address: false,
            phone_display: typed.phone.as_deref().map(phone::display),
        };
        Ok((check, typed))
    }

    /// Creates an instance for a new customer, **which costs the partner money**. Refused while one of
    /// the same name may have been created a moment ago: two clicks are one bill.
    pub async fn create_instance(&self, form: InstanceForm) -> Result<CustomerRow> {
        let (check, typed) = self.read_instance(&form).await?;
        if let Some(problem) = check.problems.into_iter().next() {
            return Err(problem.into());
        }
        if !form.confirmed {
            return Err(Problem::new(Field::Account, ProblemCode::NotConfirmed).into());
        }
        let account = self.account(&form.account_id).await?;
        let token = self.partner_token(&account).await?;
        let client = self.client()?;
        let now = self.clock().ticks();
        let key = (account.id.clone(), typed.name.clone());
        {
            let mut created = lock(&self.created);
            let lately = |at: &Duration| now < *at + CREATED_LATELY;
            if created.get(&key).is_some_and(lately) {
                return Err(ErrorCode::InstanceMaybeCreated.into());
            }
            created.insert(key.clone(), now);
        }
        let kind = form.instance_type.into();
        let answer = client.partner(&token).create(&typed.name, kind).await;
        let created = match answer.map_err(Failure::from) {
            Ok(received) => received.value,
            Err(failure) if failure.was_not_done() => {
                lock(&self.created).remove(&key);
                return Err(failure);
            }
            Err(failure) => {
                self.note_failure(&failure);
                return Err(ErrorCode::InstanceMaybeCreated.into());
            }
        };
        lock(&self.listed_tokens).insert(created.id.clone(), created.token);
        let record = CustomerRecord {
            instance_type: Some(form.instance_type),
            status: ConnectionStatus::Offline,
            status_since: Some(self.clock().wall_ms()),
            due: created.due.map(|due| due.0),
            ..typed.customer(form.account_id, created.id, form.language)
        };
        // It is paid for: what goes wrong from here on must not look as if it were not.
        let record = self.adopt(record).await.map_err(|failure| {
            self.note_failure(&failure);
            Failure::from(ErrorCode::InstanceMaybeCreated)
        })?;
        lock(&self.created).remove(&key);
        self.tell_counts();
        Ok(self.customer_row(record, &account))
    }

    /// Adds the customer of a new instance; a refresh may have been faster, and then what was typed is
    /// written into what it added.
    async fn adopt(&self, record: CustomerRecord) -> Result<CustomerRecord> {
        match self.store.add_customer(&record).await {
            Err(StoreError::InstanceTaken) => {
                let instance_id = &record.instance_id;
                let added = self.store.customer_of_instance(instance_id).await?;
                let added = added.ok_or(ErrorCode::NotFound)?;
                let typed = CustomerRecord {
                    id: added.id,
                    ..record
                };
                let edited = self.store.edit_customer(&typed, false).await?;
                Ok(edited.ok_or(ErrorCode::NotFound)?)
            }
            added => Ok(added.map(|()| record)?),
        }
    }

    /// Ends the reading of listings (of one account, or of all) and forgets what came with them: the
    /// credential is another, or the server.
    pub(crate) fn forget_listing(&self, account_id: Option<&str>) {
        let these = |id: &String, _: &mut Job| account_id.is_none_or(|account| account == id);
        let ended: Vec<Job> = lock(&self.imports)
            .extract_if(these)
            .map(|(_, job)| job)
            .collect();
        let running = |job: &&Job| job.import.state == ImportState::Running;
        for job in ended.iter().filter(running) {
            // Nobody may be listening.
            let _ = self.events.send(Event::Import(Import {
                state: ImportState::Cancelled,
                ended_at: Some(self.clock().wall_ms()),
                ..job.import.clone()
            }));
        }
        lock(&self.listed_tokens).clear();
        self.look_again();
        self.import_ended.notify_waiters();
    }
}

/// What becomes of the rows read.
struct Written<'a> {
    desk: &'a Arc<Desk>,
    import: Import,
    language: Language,
    told: Option<tokio::time::Instant>,
    read: HashSet<String>,
}

impl Written<'_> {
    /// Writes rows as they come, until no more come. Takes the rows for itself: when they cannot be
    /// written, whoever reads them must notice.
    async fn write(&mut self, mut rows: mpsc::Receiver<Vec<Row>>) -> Result<()> {
        while let Some(mut waiting) = rows.recv().await {
            while waiting.len() < WRITTEN_AT_ONCE
                && let Ok(more) = rows.try_recv()
            {
                waiting.extend(more);
            }
            self.write_rows(waiting).await?;
        }
        Ok(())
    }

    async fn write_rows(&mut self, rows: Vec<Row>) -> Result<()> {
        let mut listed = Vec::with_capacity(rows.len());
        {
            let mut tokens = lock(&self.desk.listed_tokens);
            for row in rows {
                if !row.token.expose_secret().is_empty() {
                    tokens.insert(row.listed.instance_id.clone(), row.token);
                }
                listed.push(row.listed);
            }
        }
        let now = self.desk.clock().wall_ms();
        let account_id = self.import.account_id.clone();
        let new = |row: &Listed| self.new_customer(row, now);
        let changes = self
            .desk
            .store
            .put_listed(&account_id, &listed, now, new)
            .await?;
        if self.read.is_empty() && !listed.is_empty() {
            // There is a listing: from here on it is kept in step.
            self.desk.store.note_imported(&account_id).await?;
        }
        for row in listed {
            self.read.insert(row.instance_id);
        }
        let added = changes.iter().filter(|change| change.before.is_none());
        let added = u32::try_from(added.count()).unwrap_or(u32::MAX);
        let all = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        self.import.added += added;
        self.import.changed += all - added;
        self.import.read = u32::try_from(self.read.len()).unwrap_or(u32::MAX);
        self.desk.tell_watched(changes);
        self.tell();
        Ok(())
    }

    fn new_customer(&self, row: &Listed, now: i64) -> CustomerRecord {
        let name = match row.name.is_empty() {
            true => row.instance_id.clone(),
            false => row.name.clone(),
        };
        let typed = Typed {
            name,
            ..Typed::default()
        };
        let connected = row.status == Some(ConnectionStatus::Connected);
        CustomerRecord {
            name_is_listed: true,
            status: row.status.unwrap_or(ConnectionStatus::Unknown),
            status_since: row.status.map(|_| now),
            connected_at: connected.then_some(now),
            instance_type: row.instance_type,
            due: row.due,
            ..typed.customer(
                self.import.account_id.clone(),
                row.instance_id.clone(),
                self.language,
            )
        }
    }

    /// Marks customers that are missing in the whole listing, after a last look for each of a few.
    async fn vanish(&mut self, unseen: Vec<(String, String)>, pages: &PartnerPages) -> Result<()> {
        let few = unseen.len() <= LOOKED_FOR;
        let ids: Vec<String> = unseen.iter().map(|(id, _)| id.clone()).collect();
        let customers = self.desk.store.customers_by_id(&ids).await?;
        let mut gone = Vec::new();
        for (id, instance_id) in unseen {
            // One with a token of its own need not be in this listing.
            let own_token = |customer| self.desk.holds_token(customer);
            if customers.get(&id).is_none_or(own_token) {
                continue;
            }
            if few {
                tokio::time::sleep(UNHURRIED).await;
                match pages.find(&instance_id).await {
                    Ok(None) => {}
                    Ok(Some(row)) => {
                        self.write_rows(vec![row]).await?;
                        continue;
                    }
                    Err(failure) => {
                        // The next refresh looks again.
                        log::info!("a missing instance was not looked for: {failure}");
                        continue;
                    }
                }
            }
            gone.push(id);
        }
        let now = self.desk.clock().wall_ms();
        let changes = self.desk.store.mark_vanished(&gone, now).await?;
        self.import.vanished = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        self.desk.tell_watched(changes);
        Ok(())
    }

    fn tell(&mut self) {
        let mut jobs = lock(&self.desk.imports);
        let Some(job) = jobs.get_mut(&self.import.account_id) else {
            return;
        };
        self.import.by_hand |= job.import.by_hand;
        job.import = self.import.clone();
        if self.told.is_none_or(|told| told.elapsed() >= TOLD) {
            self.told = Some(tokio::time::Instant::now());
            let _ = self.desk.events.send(Event::Import(self.import.clone()));
        }
    }
}

/// By account and name: when an instance was last asked for (our ticks).
pub(crate) type Created = HashMap<(String, String), Duration>;

impl Desk {
    /// Tells what changed without an agent's doing, those who went offline among it.
    pub(crate) fn tell_watched(self: &Arc<Self>, changes: Vec<Change>) {
        let went_offline = changes.iter().filter(|change| {
            change.before == Some(ConnectionStatus::Connected)
                && change.customer.status != ConnectionStatus::Connected
        });
        let went_offline: Vec<_> = went_offline
            .map(|change| (change.customer.id.clone(), change.customer.name.clone()))
            .collect();
        self.tell_changes(changes);
        self.note_offline(went_offline);
    }

    /// Tells what changed.
    pub(crate) fn tell_changes(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let singly = changes.len() <= TOLD_SINGLY;
        let other = |change: &Change| change.before == Some(change.customer.status);
        if !singly
            || changes
                .iter()
                .any(|change| change.before.is_none() || other(change))
        {
            let _ = self.events.send(Event::RosterChanged);
        }
        for change in changes.into_iter().filter(|_| singly) {
            // Nobody may be listening.
            let _ = self.events.send(Event::Status {
                customer_id: change.customer.id,
                status: change.customer.status,
                since: change.customer.status_since,
            });
        }
        self.tell_counts();
    }
}
