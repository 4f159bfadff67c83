//! Everything that is not secret, in one SQLite file. All SQL of Ponte is in this module, and
//! portable: a team's PostgreSQL will come behind the same functions.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqlitePool};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::attempt::Method;
use crate::customers::ConnectionStatus;
use crate::failure::{ErrorCode, Failure};
use crate::history::{AttemptRecord, CountedError, HistoryQuery, HistoryRow, Outcome};
use crate::instance::InstanceType;
use crate::language::Language;
use crate::messages::MessageKind;
use crate::registration::waits::{Known, Wait, Way};

/// The file's name in the data folder.
pub const FILE: &str = "ponte.db";

/// Most rows that one search returns.
pub const PAGE: i64 = 500;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own word. Its texts name tables, never what is in them.
    #[error("store: {0}")]
    Database(#[from] sqlx::Error),
    /// The file is from a later version, or damaged.
    #[error("store: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The instance belongs to another customer.
    #[error("store: the instance is taken")]
    InstanceTaken,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        log::error!("{error}");
        // https://www.sqlite.org/rescode.html#full
        const SQLITE_FULL: &str = "13";
        match &error {
            StoreError::InstanceTaken => ErrorCode::DuplicateInstance,
            StoreError::Database(sqlx::Error::Database(cause))
                if cause.code().as_deref() == Some(SQLITE_FULL) =>
            {
                ErrorCode::DiskFull
            }
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
}

impl AccountRecord {
    /// Whether the keychain holds anything for this account.
    pub fn in_keychain(&self) -> bool {
        self.client_token_hint.is_some() || self.partner_token_hint.is_some()
    }
}

/// A customer, as stored.
#[derive(Clone, Debug, FromRow)]
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
}

/// The open database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens (or begins) the file in `folder`, and brings it to this version.
    pub async fn open(folder: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged is there after a crash of the computer as well.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        Self::with(options, 4).await
    }

    /// A store that ends with the process: practice.
    pub async fn in_memory() -> Result<Self> {
        // Every connection would open an empty database of its own.
        Self::with(SqliteConnectOptions::new().in_memory(true), 1).await
    }

    async fn with(options: SqliteConnectOptions, connections: u32) -> Result<Self> {
        let pool = SqlitePoolOptions::new()
            // None is opened in the background: while it switched the journal it would find the file
            // locked by the migrations, or lock it for them.
            .min_connections(0)
            .max_connections(connections)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.foreign_keys(true).optimize_on_close(true, None))
            .await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Writes out and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
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
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.account, row.customers))
            .collect())
    }

    /// One account.
    pub async fn account(&self, id: &str) -> Result<Option<AccountRecord>> {
        Ok(sqlx::query_as("SELECT * FROM account WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
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
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Removes an account that has no customers.
    pub async fn remove_account(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM account WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    // --- customers

    /// The customers in which every word of `text` occurs, by name: at most [`PAGE`], and how many
    /// there are.
    pub async fn customers(
        &self,
        text: &str,
        account: Option<&str>,
    ) -> Result<(Vec<CustomerRecord>, i64)> {
        let words = search_words(text);
        let matching = |select: &'static str| {
            let mut query = QueryBuilder::<Sqlite>::new(select);
            for word in &words {
                let escaped = word
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                query
                    .push(" AND search LIKE ")
                    .push_bind(format!("%{escaped}%"));
                query.push(" ESCAPE '\\'");
            }
            if let Some(account) = account {
                query
                    .push(" AND account_id = ")
                    .push_bind(account.to_owned());
            }
            query
        };
        let total = matching("SELECT COUNT(*) FROM customer WHERE 1 = 1")
            .build_query_scalar()
            .fetch_one(&self.pool)
            .await?;
        let mut rows = matching("SELECT * FROM customer WHERE 1 = 1");
        // `search` begins with the folded name, so accents do not go to the end.
        rows.push(" ORDER BY search, id LIMIT ").push_bind(PAGE);
        Ok((rows.build_query_as().fetch_all(&self.pool).await?, total))
    }

    /// One customer.
    pub async fn customer(&self, id: &str) -> Result<Option<CustomerRecord>> {
        Ok(sqlx::query_as("SELECT * FROM customer WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// The customer that has an instance.
    pub async fn customer_of_instance(&self, instance_id: &str) -> Result<Option<CustomerRecord>> {
        Ok(
            sqlx::query_as("SELECT * FROM customer WHERE instance_id = $1")
                .bind(instance_id)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Inserts a customer, or replaces all of it but its id.
    pub async fn put_customer(&self, customer: &CustomerRecord) -> Result<()> {
        let done = sqlx::query(
            "INSERT INTO customer
                (id, account_id, name, instance_id, phone, language, token_hint, status, status_since,
                 instance_type, search)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name,
                instance_id = excluded.instance_id, phone = excluded.phone, language = excluded.language,
                token_hint = excluded.token_hint, status = excluded.status,
                status_since = excluded.status_since, instance_type = excluded.instance_type,
                search = excluded.search",
        )
        .bind(&customer.id)
        .bind(&customer.account_id)
        .bind(&customer.name)
        .bind(&customer.instance_id)
        .bind(&customer.phone)
        .bind(customer.language)
        .bind(&customer.token_hint)
        .bind(customer.status)
        .bind(customer.status_since)
        .bind(customer.instance_type)
        .bind(search_text(customer))
        .execute(&self.pool)
        .await;
        match done {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                Err(StoreError::InstanceTaken)
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Notes the status seen at `now`. `since` moves only when the status changes; the answer is
    /// the moment that holds, or `None` if the customer is gone.
    pub async fn note_status(
        &self,
        id: &str,
        status: ConnectionStatus,
        now: i64,
    ) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(
            "UPDATE customer SET
                status_since = CASE WHEN status = $2 AND status_since IS NOT NULL THEN status_since ELSE $3 END,
                status = $2
             WHERE id = $1 RETURNING status_since",
        )
        .bind(id)
        .bind(status)
        .bind(now)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Keeps what kind of instance a customer has; nothing if the customer is gone.
    pub async fn put_instance_type(&self, id: &str, kind: InstanceType) -> Result<()> {
        sqlx::query("UPDATE customer SET instance_type = $2 WHERE id = $1")
            .bind(id)
            .bind(kind)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes a customer, with all attempts.
    pub async fn remove_customer(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM customer WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
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
        .execute(&self.pool)
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
        .execute(&self.pool)
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
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Marks what an earlier run of Ponte left running.
    pub async fn interrupt_attempts(&self) -> Result<()> {
        sqlx::query("UPDATE attempt SET outcome = $1 WHERE outcome = $2")
            .bind(Outcome::Interrupted)
            .bind(Outcome::Running)
            .execute(&self.pool)
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
        let rows: Vec<Named> = select.build_query_as().fetch_all(&self.pool).await?;
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
            errors.build_query_as().fetch_all(&self.pool).await?;
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
        Ok(select.build_query_as().fetch_all(&self.pool).await?)
    }

    /// Forgets the attempts begun before a moment.
    pub async fn forget_history_before(&self, moment: i64) -> Result<()> {
        sqlx::query("DELETE FROM attempt WHERE started_at < $1")
            .bind(moment)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    // --- registrations

    /// Where a customer's registration stands, as JSON.
    pub async fn registration(&self, customer_id: &str) -> Result<Option<String>> {
        Ok(
            sqlx::query_scalar("SELECT state FROM registration WHERE customer_id = $1")
                .bind(customer_id)
                .fetch_optional(&self.pool)
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
        let mut transaction = self.pool.begin().await?;
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
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The waits that earlier runs left behind, by number in digits. `now`: our ticks.
    pub async fn registration_waits(&self, now: Duration) -> Result<Vec<(String, Way, Known)>> {
        let rows: Vec<(String, Way, Option<i64>, Option<i64>)> =
            sqlx::query_as("SELECT phone, way, seconds, until_server_ms FROM registration_wait")
                .fetch_all(&self.pool)
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
            .fetch_all(&self.pool)
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
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// A setting's value.
    pub async fn setting(&self, key: &str) -> Result<Option<String>> {
        Ok(
            sqlx::query_scalar("SELECT value FROM setting WHERE key = $1")
                .bind(key)
                .fetch_optional(&self.pool)
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
        query.execute(&self.pool).await?;
        Ok(())
    }
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

/// Accents and case taken away.
fn fold(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn search_text(customer: &CustomerRecord) -> String {
    let phone = customer.phone.as_deref().unwrap_or_default();
    fold(&format!(
        "{}\n{phone}\n{}",
        customer.name, customer.instance_id
    ))
}

/// The words to look for: a phone number in any spelling is one word, its digits.
fn search_words(text: &str) -> Vec<String> {
    let looks_like_number = text.chars().filter(char::is_ascii_digit).count() >= 3
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-().".contains(c));
    if looks_like_number {
        return vec![text.chars().filter(char::is_ascii_digit).collect()];
    }
    fold(text).split_whitespace().map(str::to_owned).collect()
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
            })
            .await
            .unwrap();
        for customer in [
            customer("1", "Ótica Horizonte", Some("5521977770303")),
            customer("2", "Padaria Aurora 100%", Some("5544999990101")),
            customer("3", "Clínica Vida Plena", None),
        ] {
            store.put_customer(&customer).await.unwrap();
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
            let (rows, total) = store.customers(text, None).await.unwrap();
            let found: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(found, names, "{text}");
            assert_eq!(total, names.len() as i64, "{text}");
        }
        assert_eq!(store.customers("", Some("b")).await.unwrap().1, 0);
    }

    #[tokio::test]
    async fn a_status_keeps_its_beginning_until_it_changes() {
        let store = filled().await;
        let note = async |status, now| store.note_status("1", status, now).await.unwrap();
        assert_eq!(note(ConnectionStatus::Offline, 10).await, Some(10));
        assert_eq!(note(ConnectionStatus::Offline, 20).await, Some(10));
        assert_eq!(note(ConnectionStatus::Connected, 30).await, Some(30));
        let gone = store
            .note_status("x", ConnectionStatus::Offline, 1)
            .await
            .unwrap();
        assert_eq!(gone, None);
    }

    #[tokio::test]
    async fn an_instance_has_one_customer() {
        let store = filled().await;
        let mut twin = customer("4", "Twin", None);
        twin.instance_id = "3C00FAKE1".into();
        assert!(matches!(
            store.put_customer(&twin).await,
            Err(StoreError::InstanceTaken)
        ));
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_an_error_and_stays_as_it_is() {
        let folder = std::env::temp_dir().join(format!("ponte-store-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let garbage = b"this is not a database, and it must not be lost".repeat(100);
        std::fs::write(folder.join(FILE), &garbage).unwrap();
        let failure = Failure::from(Store::open(&folder).await.unwrap_err());
        assert_eq!(failure.code, ErrorCode::StoreFailed);
        assert_eq!(std::fs::read(folder.join(FILE)).unwrap(), garbage);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
