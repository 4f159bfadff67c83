//! Everything that is not secret, in one SQLite file. All SQL of Ponte is in this module, and
//! portable: a team's PostgreSQL will come behind the same functions.

mod backup;
mod index;
mod recovery;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::types::Json;
use sqlx::{Connection, FromRow, QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::attempt::Method;
use crate::customers::{ConnectionStatus, CustomerQuery, StatusCounts};
use crate::failure::{ErrorCode, Failure};
use crate::history::{AttemptRecord, CountedError, HistoryQuery, HistoryRow, Outcome};
use crate::instance::InstanceType;
use crate::language::Language;
use crate::lock;
use crate::messages::MessageKind;
use crate::registration::waits::{Known, Wait, Way};
use index::Index;
pub use recovery::Recovered;
use recovery::{MIGRATIONS, Ready};

/// The file's name in the data folder.
pub const FILE: &str = "ponte.db";

/// Most rows that one search returns.
pub const PAGE: u32 = 500;

/// Rows that one statement inserts: SQLite takes 32,766 values, and half a second is too long.
const ROWS: usize = 100;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own word. Its texts name tables, never what is in them.
    #[error("store: {0}")]
    Database(#[from] sqlx::Error),
    /// The file is from a later version, or could not be brought to this one.
    #[error("store: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The data folder, or a file in it, could not be read or written.
    #[error("store: {0}")]
    File(#[from] std::io::Error),
    /// The file is damaged, though SQLite itself has not said so.
    #[error("store: the file is damaged")]
    Damaged,
    /// The instance belongs to another customer.
    #[error("store: the instance is taken")]
    InstanceTaken,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        log::error!("{error}");
        match &error {
            StoreError::InstanceTaken => ErrorCode::DuplicateInstance,
            error if error.is_damage() => ErrorCode::StoreDamaged,
            error if error.is_disk_full() => ErrorCode::DiskFull,
            _ => ErrorCode::StoreFailed,
        }
        .into()
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// An account, as stored.
#[derive(Clone, Debug, FromRow)]
pub struct AccountRecord {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// See the migration.
    pub client_token_hint: Option<String>,
    /// See the migration.
    pub partner_token_hint: Option<String>,
    /// See the migration; set by [`Store::note_imported`] alone.
    pub imported: bool,
}

impl AccountRecord {
    /// Whether the keychain holds anything for this account.
    pub fn in_keychain(&self) -> bool {
        self.client_token_hint.is_some() || self.partner_token_hint.is_some()
    }
}

/// A customer, as stored.
#[derive(Clone, Debug, FromRow, Deserialize)]
pub struct CustomerRecord {
    /// The id.
    pub id: String,
    /// Whose customer.
    pub account_id: String,
    /// The customer's name.
    pub name: String,
    /// The Z-API instance.
    pub instance_id: String,
    /// The number expected: digits with country code.
    pub phone: Option<String>,
    /// The customer's language.
    pub language: Language,
    /// See the migration.
    pub token_hint: Option<String>,
    /// Last status seen.
    pub status: ConnectionStatus,
    /// Since when.
    pub status_since: Option<i64>,
    /// What kind of instance it is.
    pub instance_type: Option<InstanceType>,
    /// See the migration.
    pub note: String,
    /// See the migration.
    pub labels: String,
    /// See the migration.
    pub name_is_listed: bool,
    /// See the migration.
    pub due: Option<i64>,
    /// See the migration.
    pub vanished_at: Option<i64>,
    /// See the migration.
    pub connected_at: Option<i64>,
}

impl CustomerRecord {
    /// The desk's labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.lines()
    }
}

/// What the Partner listing says of an instance, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The instance.
    pub instance_id: String,
    /// Its name there.
    pub name: String,
    /// Its status; `None`: not said.
    pub status: Option<ConnectionStatus>,
    /// Its kind; `None`: not said.
    pub instance_type: Option<InstanceType>,
    /// When its paid time ends; `None`: not said.
    pub due: Option<i64>,
    /// When it was asked for, by our ticks.
    pub asked_at: Duration,
}

/// A customer whose status became another one.
#[derive(Clone, Debug)]
pub struct Change {
    /// The customer as it is now.
    pub customer: CustomerRecord,
    /// The status before; `None` for a customer that is new.
    pub before: Option<ConnectionStatus>,
}

/// The open database. Many connections read; one writes, and whoever has it may change the index,
/// so that both change in the same order.
#[derive(Clone, Debug)]
pub struct Store {
    reader: SqlitePool,
    writer: SqlitePool,
    index: Arc<Mutex<Index>>,
    /// The data folder; `None` in memory.
    folder: Option<PathBuf>,
    recovered: Option<Recovered>,
}

impl Store {
    /// Opens (or begins) the file in `folder`, and brings it to this version after a backup. A damaged
    /// one is set aside and begun anew from a backup: see [`Self::recovered`].
    pub async fn open(folder: &Path) -> Result<Self> {
        let Ready {
            connection,
            index,
            recovered,
        } = recovery::ready(folder).await?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join(FILE))
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged is there after a crash of the computer as well.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(recovery::PATIENCE);
        let store = Self {
            writer: pool(options.clone(), 1).await?,
            reader: pool(options, 3).await?,
            index: Arc::new(Mutex::new(index)),
            folder: Some(folder.to_owned()),
            recovered,
        };
        connection.close().await?;
        Ok(store)
    }

    /// A store that ends with the process: practice.
    pub async fn in_memory() -> Result<Self> {
        // Every connection would open an empty database of its own.
        let only = pool(SqliteConnectOptions::new().in_memory(true), 1).await?;
        MIGRATIONS.run(&only).await?;
        Ok(Self {
            reader: only.clone(),
            writer: only,
            index: Arc::default(),
            folder: None,
            recovered: None,
        })
    }

    /// Writes out and closes the file.
    pub async fn close(&self) {
        // Not left to each connection: one that fails at this is closed some time later.
        if let Err(error) = sqlx::query("PRAGMA optimize").execute(&self.writer).await {
            log::debug!("not optimized: {error}");
        }
        self.reader.close().await;
        self.writer.close().await;
    }

    /// What had to be done to the file when it was opened.
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Has all of the file read at the next start: a query met damage.
    pub fn suspect(&self) {
        if let Some(folder) = &self.folder {
            recovery::suspect(folder);
        }
    }

    /// Makes the backup of the day, unless there is one. `now`: by the wall clock.
    pub async fn back_up(&self, now: i64) -> Result<()> {
        match &self.folder {
            Some(folder) => recovery::back_up(folder, now).await,
            None => Ok(()),
        }
    }

    // --- accounts

    /// All accounts by name, each with its number of customers.
    pub async fn accounts(&self) -> Result<Vec<(AccountRecord, i64)>> {
        #[derive(FromRow)]
        struct Counted {
            #[sqlx(flatten)]
            account: AccountRecord,
            customers: i64,
        }
        let rows: Vec<Counted> = sqlx::query_as(
            "SELECT account.*, (SELECT COUNT(*) FROM customer WHERE account_id = account.id) AS customers
             FROM account ORDER BY LOWER(name), id",
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.account, row.customers))
            .collect())
    }

    /// All accounts by name, and nothing of their customers.
    pub async fn account_records(&self) -> Result<Vec<AccountRecord>> {
        Ok(
            sqlx::query_as("SELECT * FROM account ORDER BY LOWER(name), id")
                .fetch_all(&self.reader)
                .await?,
        )
    }

    /// One account.
    pub async fn account(&self, id: &str) -> Result<Option<AccountRecord>> {
        Ok(sqlx::query_as("SELECT * FROM account WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.reader)
            .await?)
    }

    /// Inserts an account, or replaces all of it but its id.
    pub async fn put_account(&self, account: &AccountRecord) -> Result<()> {
        sqlx::query(
            "INSERT INTO account (id, name, client_token_hint, partner_token_hint) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name,
                client_token_hint = excluded.client_token_hint, partner_token_hint = excluded.partner_token_hint",
        )
        .bind(&account.id)
        .bind(&account.name)
        .bind(&account.client_token_hint)
        .bind(&account.partner_token_hint)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Notes that an agent had the account's listing read.
    pub async fn note_imported(&self, account_id: &str) -> Result<()> {
        sqlx::query("UPDATE account SET imported = TRUE WHERE id = $1 AND NOT imported")
            .bind(account_id)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Removes an account that has no customers.
    pub async fn remove_account(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM account WHERE id = $1")
            .bind(id)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    // --- customers

    /// The customers that match: a page of them, how many there are, and how they are.
    pub async fn customers(
        &self,
        query: &CustomerQuery,
    ) -> Result<(Vec<CustomerRecord>, u32, StatusCounts)> {
        let limit = query.limit.min(PAGE);
        let page = CustomerQuery {
            limit,
            ..query.clone()
        };
        let found = lock(&self.index).find(&page);
        let rows = self.in_order(&found.ids).await?;
        Ok((rows, found.total, found.counts))
    }

    /// All customers that match, in the query's order; its `offset` and `limit` mean nothing.
    pub async fn all_customers(&self, query: &CustomerQuery) -> Result<Vec<CustomerRecord>> {
        let all = CustomerQuery {
            offset: 0,
            limit: u32::MAX,
            ..query.clone()
        };
        let found = lock(&self.index).find(&all);
        let mut rows = Vec::with_capacity(found.ids.len());
        for ids in found.ids.chunks(PAGE as usize) {
            rows.extend(self.in_order(ids).await?);
        }
        Ok(rows)
    }

    async fn in_order(&self, ids: &[String]) -> Result<Vec<CustomerRecord>> {
        let mut rows = self.customers_by_id(ids).await?;
        Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
    }

    /// Whether an instance is a customer's, of whatever account.
    pub fn has_instance(&self, instance_id: &str) -> bool {
        lock(&self.index).known(instance_id, None).is_some()
    }

    /// The customers of an account, at most `most`.
    pub async fn customers_of(&self, account_id: &str, most: u32) -> Result<Vec<CustomerRecord>> {
        Ok(
            sqlx::query_as("SELECT * FROM customer WHERE account_id = $1 ORDER BY id LIMIT $2")
                .bind(account_id)
                .bind(most)
                .fetch_all(&self.reader)
                .await?,
        )
    }

    /// The first customer of an account behind another one, by id, whose instance has not vanished.
    pub async fn next_customer(
        &self,
        account_id: &str,
        after: &str,
    ) -> Result<Option<CustomerRecord>> {
        Ok(sqlx::query_as(
            "SELECT * FROM customer WHERE account_id = $1 AND id > $2 AND vanished_at IS NULL
             ORDER BY id LIMIT 1",
        )
        .bind(account_id)
        .bind(after)
        .fetch_optional(&self.reader)
        .await?)
    }

    /// How many customers an account has.
    pub async fn count_customers(&self, account_id: &str) -> Result<i64> {
        Ok(
            sqlx::query_scalar("SELECT COUNT(*) FROM customer WHERE account_id = $1")
                .bind(account_id)
                .fetch_one(&self.reader)
                .await?,
        )
    }

    /// Customers by id; those that are gone are left out.
    pub async fn customers_by_id(&self, ids: &[String]) -> Result<HashMap<String, CustomerRecord>> {
        let mut customers = HashMap::new();
        for ids in ids.chunks(PAGE as usize) {
            let mut select = QueryBuilder::<Sqlite>::new("SELECT * FROM customer WHERE id IN (");
            let mut list = select.separated(", ");
            for id in ids {
                list.push_bind(id.clone());
            }
            list.push_unseparated(")");
            let rows: Vec<CustomerRecord> = select.build_query_as().fetch_all(&self.reader).await?;
            customers.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(customers)
    }

    /// The customers attempted last, the latest first.
    pub async fn recent_customers(&self, most: u32) -> Result<Vec<CustomerRecord>> {
        Ok(sqlx::query_as(
            "SELECT customer.* FROM customer
             JOIN (SELECT customer_id, MAX(started_at) AS last FROM attempt GROUP BY customer_id) AS attempted
                ON attempted.customer_id = customer.id
             ORDER BY attempted.last DESC, customer.id LIMIT $1",
        )
        .bind(most)
        .fetch_all(&self.reader)
        .await?)
    }

    /// How the customers of all accounts are.
    pub fn counts(&self) -> StatusCounts {
        lock(&self.index).counts()
    }

    /// All labels in use, in no order.
    pub fn labels(&self) -> Vec<String> {
        lock(&self.index).labels()
    }

    /// One customer.
    pub async fn customer(&self, id: &str) -> Result<Option<CustomerRecord>> {
        Ok(sqlx::query_as("SELECT * FROM customer WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.reader)
            .await?)
    }

    /// The customer that has an instance.
    pub async fn customer_of_instance(&self, instance_id: &str) -> Result<Option<CustomerRecord>> {
        Ok(
            sqlx::query_as("SELECT * FROM customer WHERE instance_id = $1")
                .bind(instance_id)
                .fetch_optional(&self.reader)
                .await?,
        )
    }

    /// Writes what a form says of a customer, and leaves alone what others write: its status, kind
    /// and dates. These begin anew if the instance is another (`anew`). `None`: the customer is gone.
    pub async fn edit_customer(
        &self,
        customer: &CustomerRecord,
        anew: bool,
    ) -> Result<Option<CustomerRecord>> {
        let mut writer = self.writer.acquire().await?;
        let done: std::result::Result<Option<CustomerRecord>, _> = sqlx::query_as(
            "UPDATE customer SET account_id = $2, name = $3, name_is_listed = $4, phone = $5,
                language = $6, token_hint = $7, note = $8, labels = $9,
                instance_type = CASE WHEN instance_id = $10 THEN instance_type ELSE NULL END,
                instance_id = $10,
                status = CASE WHEN $11 THEN $12 ELSE status END,
                status_since = CASE WHEN $11 THEN NULL ELSE status_since END,
                due = CASE WHEN $11 THEN NULL ELSE due END,
                vanished_at = CASE WHEN $11 THEN NULL ELSE vanished_at END
             WHERE id = $1 RETURNING *",
        )
        .bind(&customer.id)
        .bind(&customer.account_id)
        .bind(&customer.name)
        .bind(customer.name_is_listed)
        .bind(&customer.phone)
        .bind(customer.language)
        .bind(&customer.token_hint)
        .bind(&customer.note)
        .bind(&customer.labels)
        .bind(&customer.instance_id)
        .bind(anew)
        .bind(ConnectionStatus::Unknown)
        .fetch_optional(&mut *writer)
        .await;
        let edited = match done {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                return Err(StoreError::InstanceTaken);
            }
            done => done?,
        };
        if let Some(customer) = &edited {
            lock(&self.index).put(customer);
        }
        Ok(edited)
    }

    /// Inserts a customer.
    pub async fn add_customer(&self, customer: &CustomerRecord) -> Result<()> {
        match self
            .add_customers(std::slice::from_ref(customer))
            .await?
            .is_empty()
        {
            true => Err(StoreError::InstanceTaken),
            false => Ok(()),
        }
    }

    /// Notes the status seen at `now` (our ticks: `ticks`); the answer is what changed: `None` if it
    /// was so before, or if the customer is gone.
    pub async fn note_status(
        &self,
        id: &str,
        status: ConnectionStatus,
        now: i64,
        ticks: Duration,
    ) -> Result<Option<Change>> {
        if lock(&self.index).saw(id, status, ticks) {
            return Ok(None);
        }
        let mut writer = self.writer.acquire().await?;
        let customer: Option<CustomerRecord> = sqlx::query_as(
            "UPDATE customer SET
                status = $2, status_since = $3,
                connected_at = CASE WHEN $2 = 'connected' THEN $3 ELSE connected_at END
             WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(status)
        .bind(now)
        .fetch_optional(&mut *writer)
        .await?;
        Ok(customer.map(|customer| {
            let before = lock(&self.index).put(&customer);
            Change { customer, before }
        }))
    }

    /// Keeps what kind of instance a customer has; nothing if the customer is gone.
    pub async fn put_instance_type(&self, id: &str, kind: InstanceType) -> Result<()> {
        let mut writer = self.writer.acquire().await?;
        let customer: Option<CustomerRecord> =
            sqlx::query_as("UPDATE customer SET instance_type = $2 WHERE id = $1 RETURNING *")
                .bind(id)
                .bind(kind)
                .fetch_optional(&mut *writer)
                .await?;
        if let Some(customer) = customer {
            lock(&self.index).put(&customer);
        }
        Ok(())
    }

    /// Removes a customer, with all attempts.
    pub async fn remove_customer(&self, id: &str) -> Result<()> {
        let mut writer = self.writer.acquire().await?;
        sqlx::query("DELETE FROM customer WHERE id = $1")
            .bind(id)
            .execute(&mut *writer)
            .await?;
        lock(&self.index).remove(id);
        Ok(())
    }

    /// Inserts new customers, except those whose instance is a customer's already; the answer is
    /// those inserted. All of it is kept, or nothing.
    pub async fn add_customers(&self, customers: &[CustomerRecord]) -> Result<Vec<Change>> {
        let mut writer = self.writer.acquire().await?;
        let mut transaction = writer.begin().await?;
        let added = insert_new(&mut transaction, customers).await?;
        transaction.commit().await?;
        Ok(self.noted(added))
    }

    // --- the Partner listing

    /// Takes over what a page of the listing says: writes what is new or another, and nothing else.
    /// `new`: a customer for an instance that has none. What the desk typed stays as it is. All of
    /// the page is kept, or nothing of it.
    pub async fn put_listed(
        &self,
        account_id: &str,
        listed: &[Listed],
        now: i64,
        new: impl Fn(&Listed) -> CustomerRecord,
    ) -> Result<Vec<Change>> {
        // Mostly nothing is new, and then nobody has to wait for the writer.
        if self.news(account_id, listed).is_none() {
            return Ok(Vec::new());
        }
        let mut writer = self.writer.acquire().await?;
        // Once more: what was written while we waited may be newer than the listing.
        let Some((unknown, differing)) = self.news(account_id, listed) else {
            return Ok(Vec::new());
        };
        let mut transaction = writer.begin().await?;
        let mut changed: Vec<CustomerRecord> = Vec::new();
        let unknown: Vec<_> = unknown.into_iter().map(new).collect();
        changed.extend(insert_new(&mut transaction, &unknown).await?);
        for row in differing {
            let customer: Option<CustomerRecord> = sqlx::query_as(
                "UPDATE customer SET
                    name = CASE WHEN name_is_listed AND $2 <> '' THEN $2 ELSE name END,
                    instance_type = COALESCE($3, instance_type),
                    due = COALESCE($4, due),
                    vanished_at = NULL,
                    status_since = CASE WHEN $5 IS NULL OR status = $5 THEN status_since ELSE $6 END,
                    connected_at = CASE WHEN $5 = 'connected' THEN $6 ELSE connected_at END,
                    status = COALESCE($5, status)
                 WHERE instance_id = $1 RETURNING *",
            )
            .bind(&row.instance_id)
            .bind(&row.name)
            .bind(row.instance_type)
            .bind(row.due)
            .bind(row.status)
            .bind(now)
            .fetch_optional(&mut *transaction)
            .await?;
            changed.extend(customer);
        }
        transaction.commit().await?;
        Ok(self.noted(changed))
    }

    /// The rows of instances without a customer, and what is to be written of others.
    fn news<'a>(
        &self,
        account_id: &str,
        listed: &'a [Listed],
    ) -> Option<(Vec<&'a Listed>, Vec<Listed>)> {
        let index = lock(&self.index);
        let mut unknown = Vec::new();
        let mut differing = Vec::new();
        for row in listed {
            match index.known(&row.instance_id, Some(&row.name)) {
                None => unknown.push(row),
                Some(known) => differing.extend(row.differing(account_id, &known)),
            }
        }
        (!unknown.is_empty() || !differing.is_empty()).then_some((unknown, differing))
    }

    /// Marks customers as vanished from the listing at `now`.
    pub async fn mark_vanished(&self, ids: &[String], now: i64) -> Result<Vec<Change>> {
        let mut writer = self.writer.acquire().await?;
        let mut transaction = writer.begin().await?;
        let mut changed = Vec::new();
        for id in ids {
            let customer: Option<CustomerRecord> = sqlx::query_as(
                "UPDATE customer SET vanished_at = $2 WHERE id = $1 AND vanished_at IS NULL RETURNING *",
            )
            .bind(id)
            .bind(now)
            .fetch_optional(&mut *transaction)
            .await?;
            changed.extend(customer);
        }
        transaction.commit().await?;
        Ok(self.noted(changed))
    }

    /// The customers of an account that have not vanished and whose instance is not among those seen,
    /// each with its instance.
    pub fn unseen(&self, account_id: &str, seen: &HashSet<String>) -> Vec<(String, String)> {
        lock(&self.index).unseen(account_id, seen)
    }

    /// Notes what was committed. The caller still has the writer.
    fn noted(&self, changed: Vec<CustomerRecord>) -> Vec<Change> {
        let mut index = lock(&self.index);
        let changed = changed.into_iter();
        changed
            .map(|customer| Change {
                before: index.put(&customer),
                customer,
            })
            .collect()
    }

    // --- history

    /// Keeps an attempt that begins.
    pub async fn begin_attempt(&self, attempt: &AttemptRecord) -> Result<()> {
        sqlx::query(
            "INSERT INTO attempt (id, customer_id, account_id, method, started_at, ended_at, outcome, seconds, passkey)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&attempt.id)
        .bind(&attempt.customer_id)
        .bind(&attempt.account_id)
        .bind(attempt.method)
        .bind(attempt.started_at)
        .bind(attempt.ended_at)
        .bind(attempt.outcome)
        .bind(attempt.seconds)
        .bind(attempt.passkey)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Keeps how an attempt stands or has ended; nothing if it was forgotten meanwhile.
    pub async fn update_attempt(&self, attempt: &AttemptRecord) -> Result<()> {
        sqlx::query(
            "UPDATE attempt SET ended_at = $2, outcome = $3, seconds = $4, passkey = $5 WHERE id = $1",
        )
        .bind(&attempt.id)
        .bind(attempt.ended_at)
        .bind(attempt.outcome)
        .bind(attempt.seconds)
        .bind(attempt.passkey)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Keeps how often something went wrong in an attempt; not if the attempt was forgotten meanwhile.
    pub async fn put_error(&self, attempt_id: &str, code: ErrorCode, times: u32) -> Result<()> {
        sqlx::query(
            "INSERT INTO attempt_error (attempt_id, code, times) SELECT id, $2, $3 FROM attempt WHERE id = $1
             ON CONFLICT (attempt_id, code) DO UPDATE SET times = excluded.times",
        )
        .bind(attempt_id)
        .bind(code)
        .bind(i64::from(times))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Marks what an earlier run of Ponte left running.
    pub async fn interrupt_attempts(&self) -> Result<()> {
        sqlx::query("UPDATE attempt SET outcome = $1 WHERE outcome = $2")
            .bind(Outcome::Interrupted)
            .bind(Outcome::Running)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The attempts that match, the newest first, at most `most`.
    pub async fn history(&self, query: &HistoryQuery, most: i64) -> Result<Vec<HistoryRow>> {
        #[derive(FromRow)]
        struct Named {
            #[sqlx(flatten)]
            attempt: AttemptRecord,
            customer_name: String,
            account_name: Option<String>,
        }
        let mut select = matching_attempts(
            "SELECT attempt.*, customer.name AS customer_name, account.name AS account_name
             FROM attempt JOIN customer ON customer.id = attempt.customer_id
             LEFT JOIN account ON account.id = attempt.account_id WHERE 1 = 1",
            query,
        );
        select
            .push(" ORDER BY attempt.started_at DESC, attempt.id LIMIT ")
            .push_bind(most);
        let rows: Vec<Named> = select.build_query_as().fetch_all(&self.reader).await?;
        let mut errors = matching_attempts(
            "SELECT attempt_error.attempt_id, attempt_error.code, attempt_error.times
             FROM attempt_error JOIN attempt ON attempt.id = attempt_error.attempt_id WHERE 1 = 1",
            query,
        );
        if let Some(last) = rows.last() {
            // Those of the rows that are listed, and of few others.
            errors
                .push(" AND attempt.started_at >= ")
                .push_bind(last.attempt.started_at);
        }
        errors.push(" ORDER BY attempt_error.times DESC, attempt_error.code");
        let errors: Vec<(String, ErrorCode, i64)> =
            errors.build_query_as().fetch_all(&self.reader).await?;
        let mut by_attempt: HashMap<String, Vec<CountedError>> = HashMap::new();
        for (attempt, code, times) in errors {
            let counted = CountedError { code, times };
            by_attempt.entry(attempt).or_default().push(counted);
        }
        let row = |row: Named| HistoryRow {
            errors: by_attempt.remove(&row.attempt.id).unwrap_or_default(),
            id: row.attempt.id,
            customer_id: row.attempt.customer_id,
            customer_name: row.customer_name,
            account_name: row.account_name,
            method: row.attempt.method,
            started_at: row.attempt.started_at,
            ended_at: row.attempt.ended_at,
            outcome: row.attempt.outcome,
            seconds: row.attempt.seconds,
            passkey: row.attempt.passkey,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// How each attempt that matches ended, and its time to connect in seconds.
    pub async fn history_ends(
        &self,
        query: &HistoryQuery,
    ) -> Result<Vec<(Method, Outcome, Option<i64>)>> {
        let mut select = matching_attempts(
            "SELECT attempt.method, attempt.outcome, attempt.seconds FROM attempt WHERE 1 = 1",
            query,
        );
        Ok(select.build_query_as().fetch_all(&self.reader).await?)
    }

    /// Forgets the attempts begun before a moment.
    pub async fn forget_history_before(&self, moment: i64) -> Result<()> {
        sqlx::query("DELETE FROM attempt WHERE started_at < $1")
            .bind(moment)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    // --- registrations

    /// Where a customer's registration stands, as JSON.
    pub async fn registration(&self, customer_id: &str) -> Result<Option<String>> {
        Ok(
            sqlx::query_scalar("SELECT state FROM registration WHERE customer_id = $1")
                .bind(customer_id)
                .fetch_optional(&self.reader)
                .await?,
        )
    }

    /// Keeps where a registration stands, and all waits of its number (in digits). An older version
    /// changes nothing.
    pub async fn put_registration(
        &self,
        customer_id: &str,
        version: i64,
        state: &str,
        waits: Option<(&str, &[(Way, Known)])>,
    ) -> Result<()> {
        let mut transaction = self.writer.begin().await?;
        let done = sqlx::query(
            "INSERT INTO registration (customer_id, version, state) VALUES ($1, $2, $3)
             ON CONFLICT (customer_id) DO UPDATE SET version = excluded.version, state = excluded.state
                WHERE excluded.version > registration.version",
        )
        .bind(customer_id)
        .bind(version)
        .bind(state)
        .execute(&mut *transaction)
        .await?;
        if let Some((phone, waits)) = waits.filter(|_| done.rows_affected() > 0) {
            sqlx::query("DELETE FROM registration_wait WHERE phone = $1")
                .bind(phone)
                .execute(&mut *transaction)
                .await?;
            for (way, known) in waits {
                let (seconds, until) = match known {
                    Known::Closed => (None, None),
                    Known::Waits(wait) => {
                        let seconds = i64::try_from(wait.whole.as_secs()).unwrap_or(i64::MAX);
                        (Some(seconds), wait.until_server)
                    }
                };
                sqlx::query(
                    "INSERT INTO registration_wait (phone, way, seconds, until_server_ms) VALUES ($1, $2, $3, $4)",
                )
                .bind(phone)
                .bind(way)
                .bind(seconds)
                .bind(until)
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets where a customer's registration stands. The waits of the number stay.
    pub async fn remove_registration(&self, customer_id: &str) -> Result<()> {
        sqlx::query("DELETE FROM registration WHERE customer_id = $1")
            .bind(customer_id)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The waits that earlier runs left behind, by number in digits. `now`: our ticks.
    pub async fn registration_waits(&self, now: Duration) -> Result<Vec<(String, Way, Known)>> {
        let rows: Vec<(String, Way, Option<i64>, Option<i64>)> =
            sqlx::query_as("SELECT phone, way, seconds, until_server_ms FROM registration_wait")
                .fetch_all(&self.reader)
                .await?;
        let known = |seconds: Option<i64>, until| match seconds {
            None => Known::Closed,
            Some(seconds) => {
                let whole = Duration::from_secs(seconds.try_into().unwrap_or(0));
                Known::Waits(Wait::resume(whole, until, now))
            }
        };
        let rows = rows.into_iter();
        Ok(rows
            .map(|(phone, way, seconds, until)| (phone, way, known(seconds, until)))
            .collect())
    }

    // --- templates and settings

    /// The templates that the partner has edited.
    pub async fn templates(&self) -> Result<Vec<(Language, MessageKind, String)>> {
        Ok(sqlx::query_as("SELECT language, kind, text FROM template")
            .fetch_all(&self.reader)
            .await?)
    }

    /// Keeps an edited template; `None` goes back to the one that ships.
    pub async fn put_template(
        &self,
        language: Language,
        kind: MessageKind,
        text: Option<&str>,
    ) -> Result<()> {
        let query = match text {
            Some(text) => sqlx::query(
                "INSERT INTO template (language, kind, text) VALUES ($1, $2, $3)
                 ON CONFLICT (language, kind) DO UPDATE SET text = excluded.text",
            )
            .bind(language)
            .bind(kind)
            .bind(text.to_owned()),
            None => sqlx::query("DELETE FROM template WHERE language = $1 AND kind = $2")
                .bind(language)
                .bind(kind),
        };
        query.execute(&self.writer).await?;
        Ok(())
    }

    /// A setting's value.
    pub async fn setting(&self, key: &str) -> Result<Option<String>> {
        Ok(
            sqlx::query_scalar("SELECT value FROM setting WHERE key = $1")
                .bind(key)
                .fetch_optional(&self.reader)
                .await?,
        )
    }

    /// Sets a setting, or with `None` unsets it.
    pub async fn put_setting(&self, key: &str, value: Option<&str>) -> Result<()> {
        let query = match value {
            Some(value) => sqlx::query(
                "INSERT INTO setting (key, value) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .bind(key.to_owned())
            .bind(value.to_owned()),
            None => sqlx::query("DELETE FROM setting WHERE key = $1").bind(key.to_owned()),
        };
        query.execute(&self.writer).await?;
        Ok(())
    }
}

impl Listed {
    /// What is to be written of it, if anything.
    fn differing(&self, account_id: &str, known: &index::Known<'_>) -> Option<Self> {
        // What was seen since it was asked for is newer, and an attempt that was told that the
        // subscription is over knows better, until it is paid for.
        let newer = known.seen > self.asked_at;
        let dated = self.due.is_some() && self.due != known.due;
        let paid = dated && known.due.is_some();
        let knows_better = |status| {
            status == ConnectionStatus::Offline
                && known.status == ConnectionStatus::SubscriptionOver
                && !paid
        };
        let status = self
            .status
            .filter(|status| *status != known.status && !newer && !knows_better(*status));
        let differs = status.is_some()
            || known.renamed
            || known.vanished
            || dated
            || self.instance_type.is_some() && self.instance_type != known.instance_type;
        // Somebody keeps it under another account: that is not for the listing to change.
        (differs && known.account_id == account_id).then(|| Self {
            status,
            ..self.clone()
        })
    }
}

async fn pool(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool> {
    Ok(SqlitePoolOptions::new()
        .min_connections(0)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.foreign_keys(true))
        .await?)
}

/// Customers behind a row, as one JSON array, and the last of their rows; each in the order of
/// [`CustomerRecord`]'s fields. sqlx copies every value of a row on its own and hands every row to
/// another thread: with a large roster that takes four times as long.
const CUSTOMERS_BEHIND: &str = "SELECT json_group_array(json_array(id, account_id, name, instance_id, phone,
        language, token_hint, status, status_since, instance_type, note, labels,
        json(CASE WHEN name_is_listed THEN 'true' ELSE 'false' END), due, vanished_at, connected_at)), MAX(rowid)
    FROM (SELECT rowid, * FROM customer WHERE rowid > $1 ORDER BY rowid LIMIT 1000)";

async fn read_index(connection: &mut SqliteConnection) -> Result<Index> {
    let mut index = Index::default();
    let mut read = Vec::new();
    let mut last = Some(i64::MIN);
    while let Some(behind) = last {
        let next = sqlx::query_as(CUSTOMERS_BEHIND)
            .bind(behind)
            .fetch_one(&mut *connection);
        // SQLite, on a thread of its own, reads on meanwhile.
        let note = async {
            for customer in &read {
                index.put(customer);
            }
        };
        let (next, ()) = tokio::join!(biased; next, note);
        (Json(read), last) = next?;
    }
    index.order();
    Ok(index)
}

/// Inserts customers but for those whose instance has one; gives those inserted.
async fn insert_new(
    transaction: &mut sqlx::SqliteConnection,
    customers: &[CustomerRecord],
) -> Result<Vec<CustomerRecord>> {
    let mut inserted = Vec::new();
    for customers in customers.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO customer
            (id, account_id, name, instance_id, phone, language, token_hint, status, status_since,
             instance_type, note, labels, name_is_listed, due, vanished_at, connected_at) ",
        );
        insert.push_values(customers, |mut row, customer| {
            row.push_bind(customer.id.clone())
                .push_bind(customer.account_id.clone())
                .push_bind(customer.name.clone())
                .push_bind(customer.instance_id.clone())
                .push_bind(customer.phone.clone())
                .push_bind(customer.language)
                .push_bind(customer.token_hint.clone())
                .push_bind(customer.status)
                .push_bind(customer.status_since)
                .push_bind(customer.instance_type)
                .push_bind(customer.note.clone())
                .push_bind(customer.labels.clone())
                .push_bind(customer.name_is_listed)
                .push_bind(customer.due)
                .push_bind(customer.vanished_at)
                .push_bind(customer.connected_at);
        });
        insert.push(" ON CONFLICT (instance_id) DO NOTHING RETURNING *");
        inserted.extend(
            insert
                .build_query_as::<CustomerRecord>()
                .fetch_all(&mut *transaction)
                .await?,
        );
    }
    Ok(inserted)
}

fn matching_attempts(select: &'static str, query: &HistoryQuery) -> QueryBuilder<Sqlite> {
    let mut builder = QueryBuilder::new(select);
    if let Some(customer) = &query.customer_id {
        builder
            .push(" AND attempt.customer_id = ")
            .push_bind(customer.clone());
    }
    if let Some(account) = &query.account_id {
        builder
            .push(" AND attempt.account_id = ")
            .push_bind(account.clone());
    }
    if let Some(method) = query.method {
        builder.push(" AND attempt.method = ").push_bind(method);
    }
    if let Some(outcome) = query.outcome {
        builder.push(" AND attempt.outcome = ").push_bind(outcome);
    }
    if let Some(since) = query.since {
        builder.push(" AND attempt.started_at >= ").push_bind(since);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(id: &str, name: &str, phone: Option<&str>) -> CustomerRecord {
        CustomerRecord {
            id: id.into(),
            account_id: "a".into(),
            name: name.into(),
            instance_id: format!("3C00FAKE{id}"),
            phone: phone.map(str::to_owned),
            language: Language::Portuguese,
            token_hint: None,
            status: ConnectionStatus::Unknown,
            status_since: None,
            instance_type: None,
            note: String::new(),
            labels: String::new(),
            name_is_listed: false,
            due: None,
            vanished_at: None,
            connected_at: None,
        }
    }

    fn query(text: &str) -> CustomerQuery {
        CustomerQuery {
            text: text.into(),
            limit: PAGE,
            ..CustomerQuery::default()
        }
    }

    async fn filled() -> Store {
        let store = Store::in_memory().await.unwrap();
        store
            .put_account(&AccountRecord {
                id: "a".into(),
                name: "Agência".into(),
                client_token_hint: None,
                partner_token_hint: None,
                imported: false,
            })
            .await
            .unwrap();
        for customer in [
            customer("1", "Ótica Horizonte", Some("5521977770303")),
            customer("2", "Padaria Aurora 100%", Some("5544999990101")),
            customer("3", "Clínica Vida Plena", None),
        ] {
            store.add_customer(&customer).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn a_search_finds_words_in_any_order_without_accents_and_numbers_in_any_spelling() {
        let store = filled().await;
        for (text, names) in [
            (
                "",
                vec![
                    "Clínica Vida Plena",
                    "Ótica Horizonte",
                    "Padaria Aurora 100%",
                ],
            ),
            ("otica", vec!["Ótica Horizonte"]),
            ("PLENA clinica", vec!["Clínica Vida Plena"]),
            ("(44) 99999-0101", vec!["Padaria Aurora 100%"]),
            ("3c00fake3", vec!["Clínica Vida Plena"]),
            ("100%", vec!["Padaria Aurora 100%"]),
            ("a%a", vec![]),
            ("_", vec![]),
        ] {
            let (rows, total, counts) = store.customers(&query(text)).await.unwrap();
            let found: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(found, names, "{text}");
            assert_eq!((total, counts.all), (names.len() as u32, total), "{text}");
        }
        let elsewhere = CustomerQuery {
            account_id: Some("b".into()),
            ..query("")
        };
        assert_eq!(store.customers(&elsewhere).await.unwrap().1, 0);
    }

    #[tokio::test]
    async fn a_status_keeps_its_beginning_until_it_changes() {
        let store = filled().await;
        let note = async |id, status, now| {
            let change = store
                .note_status(id, status, now, Duration::ZERO)
                .await
                .unwrap()?;
            Some((
                change.before.unwrap(),
                change.customer.status_since.unwrap(),
            ))
        };
        use ConnectionStatus::{Connected, Offline, Unknown};
        assert_eq!(note("1", Offline, 10).await, Some((Unknown, 10)));
        assert_eq!(note("1", Offline, 20).await, None);
        assert_eq!(note("1", Connected, 30).await, Some((Offline, 30)));
        assert_eq!(note("x", Offline, 1).await, None);
        let stored = store.customer("1").await.unwrap().unwrap();
        assert_eq!(
            (stored.status_since, stored.connected_at),
            (Some(30), Some(30))
        );
    }

    #[tokio::test]
    async fn an_instance_has_one_customer() {
        let store = filled().await;
        let mut twin = customer("4", "Twin", None);
        twin.instance_id = "3C00FAKE1".into();
        assert!(matches!(
            store.add_customer(&twin).await,
            Err(StoreError::InstanceTaken)
        ));
    }

    fn listed(status: ConnectionStatus, asked_at: u64) -> Listed {
        Listed {
            instance_id: "3C00FAKE1".into(),
            name: "Another name".into(),
            status: Some(status),
            instance_type: None,
            due: None,
            asked_at: Duration::from_secs(asked_at),
        }
    }

    #[tokio::test]
    async fn a_page_that_was_asked_for_before_a_status_was_seen_does_not_change_it() {
        use ConnectionStatus::{Connected, Offline};
        let store = filled().await;
        let seen = Duration::from_secs(10);
        store.note_status("1", Connected, 1, seen).await.unwrap();
        // Seen once more, and it was so: that counts as well.
        store
            .note_status("1", Connected, 2, seen * 2)
            .await
            .unwrap();
        let put = async |asked_at| {
            let new = |_: &Listed| customer("9", "Nobody", None);
            let rows = [listed(Offline, asked_at)];
            store.put_listed("a", &rows, 3, new).await.unwrap().len()
        };
        assert_eq!((put(5).await, put(15).await), (0, 0));
        assert_eq!(put(25).await, 1);
        let stored = store.customer("1").await.unwrap().unwrap();
        assert_eq!(
            (stored.status, stored.name.as_str()),
            (Offline, "Ótica Horizonte")
        );
    }

    #[tokio::test]
    async fn a_form_changes_nothing_that_others_write() {
        let store = filled().await;
        let before = store.customer("1").await.unwrap().unwrap();
        store
            .note_status("1", ConnectionStatus::Connected, 7, Duration::ZERO)
            .await
            .unwrap();
        store.mark_vanished(&["1".into()], 8).await.unwrap();
        let form = CustomerRecord {
            note: "typed".into(),
            ..before
        };
        let edited = store.edit_customer(&form, false).await.unwrap().unwrap();
        assert_eq!(edited.note, "typed");
        assert_eq!(edited.status, ConnectionStatus::Connected);
        assert_eq!(
            (edited.status_since, edited.vanished_at),
            (Some(7), Some(8))
        );
        let anew = store.edit_customer(&form, true).await.unwrap().unwrap();
        assert_eq!(
            (anew.status, anew.vanished_at),
            (ConnectionStatus::Unknown, None)
        );
        store.remove_customer("1").await.unwrap();
        assert!(
            store.edit_customer(&form, false).await.unwrap().is_none(),
            "it stays removed"
        );
    }

    #[tokio::test]
    async fn a_customer_read_as_json_is_the_one_that_is_stored() {
        let store = filled().await;
        let whole = CustomerRecord {
            language: Language::Spanish,
            token_hint: Some("…0004".into()),
            status: ConnectionStatus::SubscriptionOver,
            status_since: Some(4),
            instance_type: Some(InstanceType::Mobile),
            note: "\"só\" à tarde\n".into(),
            labels: "Lojas\nVIP".into(),
            name_is_listed: true,
            due: Some(5),
            vanished_at: Some(6),
            connected_at: Some(7),
            ..customer("4", "Chácara", Some("5544999990104"))
        };
        store.add_customer(&whole).await.unwrap();
        let (Json(read), _): (Json<Vec<CustomerRecord>>, i64) = sqlx::query_as(CUSTOMERS_BEHIND)
            .bind(0)
            .fetch_one(&store.reader)
            .await
            .unwrap();
        assert_eq!(read.len(), 4);
        for customer in read {
            let stored = store.customer(&customer.id).await.unwrap().unwrap();
            assert_eq!(format!("{customer:?}"), format!("{stored:?}"));
        }
    }

    #[tokio::test]
    async fn the_counts_are_those_of_the_rows_whatever_happened() {
        use ConnectionStatus::{Connected, Offline};
        let store = filled().await;
        let note = async |id, status| {
            store
                .note_status(id, status, 1, Duration::ZERO)
                .await
                .unwrap()
        };
        note("1", Connected).await;
        note("2", Offline).await;
        note("1", Offline).await;
        store.mark_vanished(&["2".into()], 1).await.unwrap();
        store.remove_customer("3").await.unwrap();
        let (_, _, counted) = store.customers(&query("")).await.unwrap();
        assert_eq!(store.counts(), counted);
        assert_eq!((counted.all, counted.offline, counted.vanished), (2, 1, 1));
    }
}
