//! The data file: brought to this version from every earlier one, backed up, and set aside when it is
//! damaged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use desk::customers::{ConnectionStatus, CustomerQuery, StatusFilter};
use desk::history::{HistoryQuery, Outcome};
use desk::instance::InstanceType;
use desk::messages::MessageKind;
use desk::store::{FILE, Recovered, Store, StoreError};
use desk::vault::Vault;
use desk::{Config, Desk, ErrorCode, Failure, Language};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// 2026-11-21T08:30:00Z
const NOW: i64 = 1_795_249_800_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A data folder of its own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("ponte-store-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    async fn open(&self) -> Store {
        Store::open(&self.0).await.unwrap()
    }

    async fn failure(&self) -> ErrorCode {
        Failure::from(Store::open(&self.0).await.unwrap_err()).code
    }

    async fn sql(&self) -> SqliteConnection {
        connect(&self.file()).await
    }

    /// The names in a folder, in order.
    fn names(&self, below: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.join(below)) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn backups(&self) -> Vec<String> {
        self.names("backups")
    }

    /// What was set aside and what is left of setting aside.
    fn odd_ones(&self) -> Vec<String> {
        let mut names = self.names("");
        names.retain(|name| !["backups", FILE].contains(&name.as_str()));
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .connect()
        .await
        .unwrap()
}

/// A file as that version left it, which was begun by the first.
async fn of_version(version: i64) -> Folder {
    let folder = Folder::new();
    let mut sql = folder.sql().await;
    for (since, rows) in [(1, V1), (2, V2), (3, V3), (4, "")] {
        if since <= version {
            migrate_to(&mut sql, since).await;
            sqlx::raw_sql(rows).execute(&mut sql).await.unwrap();
        }
    }
    sql.close().await.unwrap();
    folder
}

async fn migrate_to(sql: &mut SqliteConnection, version: i64) {
    let until = MIGRATIONS.iter().filter(|m| m.version <= version);
    let migrator = Migrator::with_migrations(until.cloned().collect());
    migrator.run(sql).await.unwrap();
}

const V1: &str = "
    INSERT INTO account (id, name, client_token_hint, partner_token_hint) VALUES
        ('a1', 'Agência Litoral', 'FAKE', NULL), ('a2', 'Norte Sul', NULL, '');
    INSERT INTO customer
        (id, account_id, name, instance_id, phone, language, token_hint, status, status_since, search)
    VALUES
        ('c1', 'a1', 'Ótica Horizonte', '3C00FAKE01', '5521977770303', 'pt-BR', '', 'connected', 1000,
            'otica horizonte'),
        ('c2', 'a1', 'Padaria Aurora 100%', '3C00FAKE02', NULL, 'es', 'AKE2', 'offline', 2000, 'padaria'),
        ('c3', 'a1', 'Clínica d''Água', '3C00FAKE03', '5544999990101', 'en', NULL, 'unknown', NULL, 'agua'),
        ('c4', 'a2', 'Loja 4', '3C00FAKE04', NULL, 'pt-BR', 'AKE4', 'subscriptionOver', 3000, 'loja 4');
    INSERT INTO template VALUES ('pt-BR', 'preparation', 'Olá, {nome}!');
    INSERT INTO setting VALUES ('language', 'es'), ('history_days', '90');
";
const V2: &str = "
    INSERT INTO attempt VALUES
        ('t1', 'c2', 'a1', 'qrCode', 1300, 1350, 'connected', 50, TRUE),
        ('t2', 'c2', 'a1', 'qrCode', 1400, 1500, 'connected', 42, TRUE),
        ('t3', 'c2', 'a1', 'phoneCode', 1600, 1700, 'gaveUp', NULL, FALSE),
        ('t4', 'c3', 'a1', 'extension', 1800, NULL, 'running', NULL, FALSE),
        ('t5', 'c1', 'a2', 'qrCode', 100, 200, 'connected', 9, FALSE);
    INSERT INTO attempt_error VALUES ('t3', 'timedOut', 3), ('t3', 'gatewayTrouble', 1);
";
const V3: &str = "
    UPDATE customer SET instance_type = 'mobile' WHERE id = 'c4';
    INSERT INTO registration VALUES ('c4', 7, '{\"fake\":true}');
    INSERT INTO registration_wait VALUES
        ('5544999990101', 'sms', 125, NULL), ('5544999990101', 'voice', NULL, NULL);
";

fn all() -> CustomerQuery {
    CustomerQuery {
        limit: 100,
        ..CustomerQuery::default()
    }
}

async fn names_of(store: &Store, query: CustomerQuery) -> Vec<String> {
    let rows = store.customers(&query).await.unwrap().0;
    rows.into_iter().map(|row| row.name).collect()
}

/// Everything that was put into the file of that version is in the store.
async fn assert_whole(store: &Store, version: i64) {
    let accounts = store.accounts().await.unwrap();
    assert!(accounts.iter().all(|(account, _)| !account.imported));
    let accounts: Vec<_> = accounts
        .iter()
        .map(|(account, customers)| {
            let hints = (&account.client_token_hint, &account.partner_token_hint);
            (account.name.as_str(), hints, *customers)
        })
        .collect();
    let (fake, empty) = (Some("FAKE".to_owned()), Some(String::new()));
    assert_eq!(
        accounts,
        [
            ("Agência Litoral", (&fake, &None), 3),
            ("Norte Sul", (&None, &empty), 1)
        ]
    );

    let names = [
        "Clínica d'Água",
        "Loja 4",
        "Ótica Horizonte",
        "Padaria Aurora 100%",
    ];
    assert_eq!(names_of(store, all()).await, names);
    let found = CustomerQuery {
        text: "HORIZONTE otica".into(),
        status: Some(StatusFilter::Connected),
        ..all()
    };
    assert_eq!(names_of(store, found).await, ["Ótica Horizonte"]);
    let (portuguese, spanish, english) =
        (Language::Portuguese, Language::Spanish, Language::English);
    for (id, phone, language, hint) in [
        ("c1", Some("5521977770303"), portuguese, Some("")),
        ("c2", None, spanish, Some("AKE2")),
        ("c3", Some("5544999990101"), english, None),
        ("c4", None, portuguese, Some("AKE4")),
    ] {
        let customer = store.customer(id).await.unwrap().unwrap();
        assert_eq!(customer.instance_id, format!("3C00FAKE0{}", &id[1..]));
        assert_eq!(customer.account_id, if id == "c4" { "a2" } else { "a1" });
        assert_eq!(customer.phone.as_deref(), phone);
        assert_eq!(customer.language, language);
        assert_eq!(customer.token_hint.as_deref(), hint);
        assert_eq!((customer.note.as_str(), customer.labels.as_str()), ("", ""));
        assert!(!customer.name_is_listed);
        assert_eq!((customer.due, customer.vanished_at), (None, None));
        let kind = (id == "c4" && version >= 3).then_some(InstanceType::Mobile);
        assert_eq!(customer.instance_type, kind);
    }
    use ConnectionStatus::{Connected, Offline, SubscriptionOver, Unknown};
    // From the history, which the first version did not keep.
    let connected_before = (version >= 2).then_some(1500);
    for (id, status, since, connected_at) in [
        ("c1", Connected, Some(1000), Some(1000)),
        ("c2", Offline, Some(2000), connected_before),
        ("c3", Unknown, None, None),
        ("c4", SubscriptionOver, Some(3000), None),
    ] {
        let customer = store.customer(id).await.unwrap().unwrap();
        assert_eq!((customer.status, customer.status_since), (status, since));
        assert_eq!(customer.connected_at, connected_at, "{id}");
    }

    let history = store.history(&HistoryQuery::default(), 10).await.unwrap();
    let attempts: Vec<_> = history
        .iter()
        .map(|row| (row.id.as_str(), row.outcome, row.seconds, row.errors.len()))
        .collect();
    let kept = [
        ("t4", Outcome::Running, None, 0),
        ("t3", Outcome::GaveUp, None, 2),
        ("t2", Outcome::Connected, Some(42), 0),
        ("t1", Outcome::Connected, Some(50), 0),
        ("t5", Outcome::Connected, Some(9), 0),
    ];
    assert_eq!(attempts, if version >= 2 { &kept[..] } else { &[] });
    if version >= 3 {
        let state = store.registration("c4").await.unwrap();
        assert_eq!(state.as_deref(), Some("{\"fake\":true}"));
        let waits = store.registration_waits(Duration::ZERO).await.unwrap();
        assert_eq!(waits.len(), 2);
    }
    let template = (
        Language::Portuguese,
        MessageKind::Preparation,
        "Olá, {nome}!".to_owned(),
    );
    assert_eq!(store.templates().await.unwrap(), [template]);
    let setting = async |key| store.setting(key).await.unwrap();
    assert_eq!(setting("language").await.as_deref(), Some("es"));
    assert_eq!(setting("history_days").await.as_deref(), Some("90"));
}

// --- migrations

async fn comes_from(version: i64) {
    let folder = of_version(version).await;
    let store = folder.open().await;
    assert_whole(&store, version).await;
    assert_eq!(store.recovered(), None);
    // The columns that came are written and read.
    let mut customer = store.customer("c3").await.unwrap().unwrap();
    customer.note = "liga depois das 14h".into();
    customer.labels = "vip\nlitoral".into();
    let edited = store.edit_customer(&customer, false).await.unwrap();
    assert!(edited.is_some());
    store.close().await;
    let store = folder.open().await;
    let customer = store.customer("c3").await.unwrap().unwrap();
    assert_eq!(customer.labels().collect::<Vec<_>>(), ["vip", "litoral"]);
    store.close().await;

    let backups = folder.backups();
    assert_eq!(backups.len(), 1, "{backups:?}");
    let begins = format!("ponte-v{version}-20");
    assert!(backups[0].starts_with(&begins), "{backups:?}");
    assert_eq!(folder.odd_ones(), [""; 0]);
    // As that version left it: it can be put in the file's place.
    let earlier = Folder::new();
    let backup = folder.0.join("backups").join(&backups[0]);
    fs::copy(backup, earlier.file()).unwrap();
    let mut sql = earlier.sql().await;
    let last: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert_eq!(last, version);
    sqlx::query("SELECT search FROM customer")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    let said: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert_eq!(said, "ok");
    sql.close().await.unwrap();
    assert_whole(&earlier.open().await, version).await;
}

#[tokio::test]
async fn a_file_of_version_1_becomes_one_of_this_version() {
    comes_from(1).await;
}

#[tokio::test]
async fn a_file_of_version_2_becomes_one_of_this_version() {
    comes_from(2).await;
}

#[tokio::test]
async fn a_file_of_version_3_becomes_one_of_this_version() {
    comes_from(3).await;
}

#[test]
fn every_earlier_version_is_tested_above() {
    let versions: Vec<_> = MIGRATIONS.iter().map(|m| m.version).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_new_file_and_one_of_this_version_are_not_backed_up() {
    let folder = Folder::new();
    folder.open().await.close().await;
    folder.open().await.close().await;
    assert_eq!(folder.names(""), [FILE]);
}

const LATER: &str = "
    INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 0)
";

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_and_left_alone() {
    let folder = of_version(4).await;
    let mut sql = folder.sql().await;
    // It would be migrated, were it not for the later one.
    sqlx::raw_sql("DELETE FROM _sqlx_migrations WHERE version = 4")
        .execute(&mut sql)
        .await
        .unwrap();
    sqlx::raw_sql(LATER).execute(&mut sql).await.unwrap();
    sql.close().await.unwrap();
    let before = fs::read(folder.file()).unwrap();
    assert_eq!(folder.failure().await, ErrorCode::StoreFailed);
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    assert_eq!(folder.names(""), [FILE]);
}

#[tokio::test]
async fn without_a_backup_there_is_no_migration() {
    let folder = of_version(3).await;
    // No folder can have this name.
    fs::write(folder.0.join("backups"), "in the way").unwrap();
    let before = fs::read(folder.file()).unwrap();
    assert_eq!(folder.failure().await, ErrorCode::StoreFailed);
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    fs::remove_file(folder.0.join("backups")).unwrap();
    assert_whole(&folder.open().await, 3).await;
}

#[tokio::test]
async fn the_two_newest_backups_before_migrations_stay_and_those_of_days_are_not_counted() {
    let folder = of_version(3).await;
    fs::create_dir(folder.0.join("backups")).unwrap();
    let old = [
        "notes.txt",
        "ponte-v1-2021-01-01T000000Z.db",
        "ponte-v2-2021-01-01T000000Z-day.db",
        "ponte-v2-2022-01-01T000000Z.db",
        "ponte-v3-2020-01-01T000000Z-day.db",
        "ponte-v3-2020-01-02T000000Z-day.db",
    ];
    for name in old {
        fs::write(folder.0.join("backups").join(name), "old").unwrap();
    }
    // What a backup that was killed left behind.
    for part in [".part", ".part-journal"] {
        let part = format!("backups/ponte-v3-2022-01-02T000000Z.db{part}");
        fs::write(folder.0.join(part), "half").unwrap();
    }
    folder.open().await.close().await;
    let backups = folder.backups();
    let (old_ones, made): (Vec<_>, Vec<_>) = backups
        .iter()
        .map(String::as_str)
        .partition(|name| old.contains(name));
    assert_eq!(old_ones, [old[0], old[2], old[3], old[4], old[5]]);
    assert_eq!(made.len(), 1, "{made:?}");
}

// --- the backup of the day

#[tokio::test]
async fn a_day_has_one_backup_and_three_days_are_kept() {
    let folder = of_version(4).await;
    let store = folder.open().await;
    for (hours, kept) in [
        (0, 1),
        (1, 1),
        (23, 1),
        (24, 2),
        (49, 3),
        (50, 3),
        (80, 3),
        (500, 3),
    ] {
        store.back_up(NOW + hours * DAY / 24).await.unwrap();
        assert_eq!(folder.backups().len(), kept, "{hours}");
    }
    let days = [
        "ponte-v4-2026-11-23T093000Z-day.db",
        "ponte-v4-2026-11-24T163000Z-day.db",
        "ponte-v4-2026-12-12T043000Z-day.db",
    ];
    assert_eq!(folder.backups(), days);
    // The clock was wrong by years, and is put right: what is made then stays.
    store.back_up(NOW - 900 * DAY).await.unwrap();
    let right = "ponte-v4-2024-06-04T083000Z-day.db";
    assert_eq!(folder.backups(), [right, days[1], days[2]]);

    // With what is still in the write-ahead log, and while the store is in use.
    store.put_setting("late", Some("yes")).await.unwrap();
    store.back_up(NOW - 800 * DAY).await.unwrap();
    let copied = Folder::new();
    let newest = folder.0.join("backups/ponte-v4-2024-09-12T083000Z-day.db");
    fs::copy(newest, copied.file()).unwrap();
    let copy = copied.open().await;
    assert_whole(&copy, 4).await;
    assert_eq!(copy.setting("late").await.unwrap().as_deref(), Some("yes"));
}

#[tokio::test]
async fn what_is_in_memory_has_no_backups() {
    let store = Store::in_memory().await.unwrap();
    store.back_up(NOW).await.unwrap();
    store.suspect();
    assert_eq!(store.recovered(), None);
}

// --- damage

const GARBAGE: &[u8] = b"this is not a database, and it must not be lost. ";

/// Writes garbage over the page on which a table begins.
async fn damage(folder: &Folder, table: &str) {
    let mut sql = folder.sql().await;
    let (page, size): (i64, i64) = sqlx::query_as(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = $1",
    )
    .bind(table)
    .fetch_one(&mut sql)
    .await
    .unwrap();
    sql.close().await.unwrap();
    let mut content = fs::read(folder.file()).unwrap();
    let start = usize::try_from((page - 1) * size).unwrap();
    let page = &mut content[start..start + usize::try_from(size).unwrap()];
    page.copy_from_slice(&GARBAGE.repeat(100)[..page.len()]);
    fs::write(folder.file(), content).unwrap();
}

/// A file with a backup of the day at [`NOW`], and a customer since.
async fn backed_up() -> Folder {
    let folder = of_version(4).await;
    let store = folder.open().await;
    store.back_up(NOW).await.unwrap();
    let mut customer = store.customer("c1").await.unwrap().unwrap();
    customer.id = "c5".into();
    customer.instance_id = "3C00FAKE05".into();
    store.add_customer(&customer).await.unwrap();
    store.close().await;
    folder
}

/// The store goes on from the backup, what was set aside has these bytes, and nothing else is left.
async fn assert_recovered(folder: &Folder, store: &Store, damaged: &[u8], from: Option<i64>) {
    let Recovered {
        set_aside,
        backup_of,
    } = store.recovered().expect("it is told").clone();
    assert_eq!(backup_of, from);
    assert!(set_aside.starts_with("ponte-damaged-20"), "{set_aside}");
    assert_eq!(fs::read(folder.0.join(&set_aside)).unwrap(), damaged);
    match from {
        Some(_) => assert_whole(store, 4).await,
        None => assert_eq!(store.customers(&all()).await.unwrap().1, 0),
    }
    store.put_setting("after", Some("yes")).await.unwrap();
    store.close().await;
    assert_eq!(folder.odd_ones(), [set_aside.as_str()]);

    let store = folder.open().await;
    assert_eq!(store.recovered(), None);
    assert!(store.setting("after").await.unwrap().is_some());
    store.close().await;
    assert_eq!(folder.odd_ones(), [set_aside.as_str()]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside_as_it_is() {
    let folder = Folder::new();
    let garbage = GARBAGE.repeat(100);
    fs::write(folder.file(), &garbage).unwrap();
    let store = folder.open().await;
    assert_recovered(&folder, &store, &garbage, None).await;
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_begun_anew_from_the_backup() {
    for how in ["header", "cut", "schema", "customers", "emptied"] {
        let folder = backed_up().await;
        if how == "customers" {
            damage(&folder, "customer").await;
        }
        let mut content = fs::read(folder.file()).unwrap();
        match how {
            "header" => content[..GARBAGE.len()].copy_from_slice(GARBAGE),
            "cut" => content.truncate(content.len() / 2),
            "schema" => content[100..100 + GARBAGE.len()].copy_from_slice(GARBAGE),
            "emptied" => content.clear(),
            _ => {}
        }
        fs::write(folder.file(), &content).unwrap();
        let store = folder.open().await;
        assert_recovered(&folder, &store, &content, Some(NOW)).await;
    }
}

#[tokio::test]
async fn damage_found_by_the_backup_before_a_migration_is_treated_the_same() {
    let folder = of_version(3).await;
    let backups = folder.0.join("backups");
    fs::create_dir(&backups).unwrap();
    let backup = "ponte-v3-2026-11-21T083000Z-day.db";
    fs::copy(folder.file(), backups.join(backup)).unwrap();
    damage(&folder, "registration").await;
    let damaged = fs::read(folder.file()).unwrap();
    let store = folder.open().await;
    assert_recovered(&folder, &store, &damaged, Some(NOW)).await;
    assert_eq!(folder.backups(), [backup]);
}

#[tokio::test]
async fn a_backup_that_is_damaged_or_from_a_later_version_is_passed_over() {
    let folder = backed_up().await;
    let backups = folder.0.join("backups");
    let put = |folder: &Folder, name| fs::copy(folder.file(), backups.join(name)).unwrap();
    let later = Folder::new();
    fs::copy(folder.file(), later.file()).unwrap();
    let mut sql = later.sql().await;
    sqlx::raw_sql(LATER).execute(&mut sql).await.unwrap();
    sql.close().await.unwrap();
    put(&later, "ponte-v9999-2026-11-21T083010Z.db");
    // Whole but for a page that opening does not read.
    let rotten = Folder::new();
    fs::copy(folder.file(), rotten.file()).unwrap();
    damage(&rotten, "registration").await;
    put(&rotten, "ponte-v4-2026-11-21T083020Z-day.db");
    fs::write(backups.join("ponte-v4-2026-11-21T083030Z-day.db"), "half").unwrap();
    let before = folder.backups();

    fs::write(folder.file(), GARBAGE).unwrap();
    let store = folder.open().await;
    assert_recovered(&folder, &store, GARBAGE, Some(NOW)).await;
    assert_eq!(folder.backups(), before);

    // Set aside a second time: nothing is overwritten, and without a backup it begins empty.
    for backup in before {
        fs::write(backups.join(backup), "gone").unwrap();
    }
    fs::write(folder.file(), GARBAGE.repeat(2)).unwrap();
    let first = folder.odd_ones().remove(0);
    let store = folder.open().await;
    let second = store.recovered().unwrap().clone();
    assert_eq!(second.backup_of, None);
    assert_ne!(second.set_aside, first);
    assert_eq!(fs::read(folder.0.join(first)).unwrap(), GARBAGE);
    let set_aside = fs::read(folder.0.join(second.set_aside)).unwrap();
    assert_eq!(set_aside, GARBAGE.repeat(2));
    assert_eq!(store.customers(&all()).await.unwrap().1, 0);
}

#[tokio::test]
async fn the_backup_of_an_earlier_version_is_brought_to_this_one() {
    let folder = of_version(2).await;
    folder.open().await.close().await;
    fs::write(folder.file(), GARBAGE).unwrap();
    let store = folder.open().await;
    assert!(store.recovered().unwrap().backup_of.is_some());
    assert_whole(&store, 2).await;
}

#[tokio::test]
async fn a_file_that_somebody_else_has_locked_is_left_alone() {
    let folder = backed_up().await;
    let mut other = SqliteConnectOptions::new()
        .filename(folder.file())
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM setting")
        .execute(&mut other)
        .await
        .unwrap();
    assert_eq!(folder.failure().await, ErrorCode::StoreFailed);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let store = folder.open().await;
    assert_eq!(store.recovered(), None);
    assert_eq!(store.customers(&all()).await.unwrap().1, 5);
    store.close().await;
    assert_eq!(folder.names(""), ["backups", FILE]);
}

// --- damage that starting does not meet

async fn desk(folder: &Folder) -> desk::failure::Result<Arc<Desk>> {
    let mut config = Config::in_folder(folder.0.clone());
    config.vault = Vault::memory();
    config.fixed_address = Some("http://127.0.0.1:9".into());
    Desk::open(config).await
}

#[tokio::test]
async fn a_usual_start_does_not_read_all_of_the_file_but_the_backup_of_the_day_does() {
    let folder = backed_up().await;
    damage(&folder, "registration").await;
    let damaged = fs::read(folder.file()).unwrap();
    let store = folder.open().await;
    assert_eq!(store.recovered(), None);
    let failure = Failure::from(store.back_up(NOW + DAY).await.unwrap_err());
    assert_eq!(failure.code, ErrorCode::StoreDamaged);
    store.close().await;
    assert_eq!(folder.odd_ones(), ["ponte.db.damaged"]);
    assert_eq!(folder.backups(), ["ponte-v4-2026-11-21T083000Z-day.db"]);

    let store = folder.open().await;
    assert_recovered(&folder, &store, &damaged, Some(NOW)).await;
}

#[tokio::test]
async fn what_a_query_meets_is_looked_into_at_the_next_start() {
    let folder = backed_up().await;
    damage(&folder, "registration").await;
    let running = desk(&folder).await.unwrap();
    assert_eq!(running.recovered(), None);
    let failure = running.registration_waits("c4").await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::StoreDamaged);
    // As every command does.
    running.note_failure(&failure);
    running.close().await;
    let running = desk(&folder).await.unwrap();
    let recovered = running.recovered().unwrap();
    assert_eq!(recovered.backup_of, Some(NOW));
    running.close().await;
    assert_eq!(folder.odd_ones(), [recovered.set_aside]);
}

#[tokio::test]
async fn a_desk_that_damage_keeps_from_opening_opens_at_the_next_try() {
    let folder = backed_up().await;
    damage(&folder, "attempt").await;
    let failure = desk(&folder).await.err().unwrap();
    assert_eq!(failure.code, ErrorCode::StoreDamaged);
    let running = desk(&folder).await.unwrap();
    assert_eq!(running.recovered().unwrap().backup_of, Some(NOW));
    running.close().await;
}

#[tokio::test]
async fn a_file_that_was_suspect_and_is_whole_stays() {
    let folder = backed_up().await;
    let store = folder.open().await;
    store.suspect();
    store.close().await;
    assert_eq!(folder.odd_ones(), ["ponte.db.damaged"]);
    let store = folder.open().await;
    assert_eq!(store.recovered(), None);
    assert_eq!(store.customers(&all()).await.unwrap().1, 5);
    store.close().await;
    assert_eq!(folder.names(""), ["backups", FILE]);
}

#[test]
fn a_full_disk_has_a_failure_of_its_own() {
    use std::io::{Error, ErrorKind};
    for (kind, code) in [
        (ErrorKind::StorageFull, ErrorCode::DiskFull),
        (ErrorKind::QuotaExceeded, ErrorCode::DiskFull),
        (ErrorKind::PermissionDenied, ErrorCode::StoreFailed),
    ] {
        assert_eq!(
            Failure::from(StoreError::from(Error::from(kind))).code,
            code
        );
    }
}
