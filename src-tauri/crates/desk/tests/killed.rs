//! Ponte is killed at any moment: what was acknowledged is there.
//!
//! This test runs itself again as another process, which works in a data folder and says on its
//! standard output what it is about to do and what is done. It is killed at a random moment, and what
//! the folder then holds is compared with what was said. The next one goes on in the same folder.
//!
//! `PONTE_SEED` repeats the choices of a run; which instruction the kill meets stays open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, mpsc};
use std::time::{Duration, Instant};

use desk::accounts::{AccountForm, AccountSecret};
use desk::customers::{CustomerForm, CustomerQuery};
use desk::store::{CustomerRecord, FILE, PAGE, Store};
use desk::vault::{Keep, Vault};
use desk::{Config, Desk, Language};
use fastrand::Rng;
use practice::Practice;
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};

const KILLS: usize = 200;
const INSTANCES: usize = 400;
/// Folders that are opened under fire, each of them twice.
const OPENINGS: usize = 25;
/// Customers in them.
const CUSTOMERS: i64 = 3_000;
/// No child lives longer.
const LONGEST: Duration = Duration::from_millis(400);

/// How the child is told what to do.
const TASK: &str = "PONTE_KILLED_TASK";

#[derive(Clone, Serialize, Deserialize)]
enum Task {
    /// Edit customers by hand, import the listing, or both, until killed.
    Work {
        folder: PathBuf,
        address: String,
        partner_token: String,
        /// The account of the customers edited, if any are.
        by_hand: Option<String>,
        /// The account with the Partner token, if it is used.
        listed: Option<String>,
        seed: u64,
    },
    /// Open the store and wait to be killed.
    Open { folder: PathBuf },
}

/// What the child says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Said {
    /// The file is open.
    Opened,
    /// The next is begun: it may be done or not.
    Doing(Change),
    /// It was acknowledged.
    Done(Change),
    /// So many of the listing's instances are acknowledged.
    Read(u32),
    /// All of the listing was read.
    Imported,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Change {
    /// A customer is added; its id is known once that is done.
    Add(Option<String>, Customer),
    Edit(String, Customer),
    Remove(String),
    Language(Language),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Customer {
    instance_id: String,
    name: String,
    note: String,
    labels: Vec<String>,
}

impl From<CustomerRecord> for Customer {
    fn from(record: CustomerRecord) -> Self {
        Self {
            labels: record.labels().map(str::to_owned).collect(),
            instance_id: record.instance_id,
            name: record.name,
            note: record.note,
        }
    }
}

// --- the child

/// Run by the tests below, in another process.
#[test]
#[ignore = "is killed: the tests of this file run it"]
fn child() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    // Behind what the test harness has begun to say.
    println!();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match serde_json::from_str(&task).unwrap() {
            Task::Open { folder } => {
                let _store = Store::open(&folder).await.unwrap();
                say(&Said::Opened);
                std::future::pending().await
            }
            task @ Task::Work { .. } => work(task).await,
        }
    });
}

fn say(said: &Said) {
    // In one piece.
    let line = serde_json::to_string(said).unwrap() + "\n";
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

async fn open_desk(folder: &Path, address: &str) -> Arc<Desk> {
    let mut config = Config::in_folder(folder.to_owned());
    config.vault = Vault::memory();
    config.fixed_address = Some(address.to_owned());
    Desk::open(config).await.unwrap()
}

async fn work(task: Task) {
    let Task::Work {
        folder,
        address,
        partner_token,
        by_hand,
        listed,
        seed,
    } = task
    else {
        return;
    };
    let desk = open_desk(&folder, &address).await;
    say(&Said::Opened);
    let edits = by_hand.map(|account_id| {
        let desk = Arc::clone(&desk);
        tokio::spawn(async move { edit(&desk, &account_id, Rng::with_seed(seed)).await })
    });
    if let Some(account_id) = listed {
        give_token(&desk, &account_id, partner_token).await;
        import(&desk, &account_id).await;
    }
    match edits {
        Some(edits) => edits.await.unwrap(),
        None => std::future::pending().await,
    }
}

async fn give_token(desk: &Desk, account_id: &str, token: String) {
    let (secret, token) = (AccountSecret::PartnerToken, Some(token.into()));
    desk.set_account_secret(account_id, secret, token, Keep::Session)
        .await
        .unwrap();
}

async fn import(desk: &Arc<Desk>, account_id: &str) {
    let mut events = desk.events();
    desk.import_customers(account_id).await.unwrap();
    let mut said = 0;
    loop {
        let _ = events.recv().await;
        let import = desk.imports().remove(0);
        if import.read > said {
            said = import.read;
            say(&Said::Read(said));
        }
        if import.ended_at.is_some() {
            assert_eq!(import.state, desk::roster::ImportState::Done, "{import:?}");
            say(&Said::Imported);
            return;
        }
    }
}

async fn edit(desk: &Arc<Desk>, account_id: &str, mut rng: Rng) {
    let query = CustomerQuery {
        account_id: Some(account_id.to_owned()),
        limit: PAGE,
        ..CustomerQuery::default()
    };
    let rows = desk.customers(&query).await.unwrap().rows;
    let mut known: Vec<(String, String)> = rows
        .into_iter()
        .map(|row| (row.id, row.instance_id))
        .collect();
    loop {
        let place = rng.usize(..known.len().max(1));
        let (id, instance_id) = known.get(place).cloned().unwrap_or_default();
        let change = match rng.usize(..10) {
            0..4 if known.len() < 60 => {
                let instance_id = format!("3C00FAKE{:016X}", rng.u64(..));
                Change::Add(None, any_customer(instance_id, &mut rng))
            }
            _ if known.is_empty() => continue,
            0..8 => Change::Edit(id, any_customer(instance_id, &mut rng)),
            8 => Change::Remove(id),
            _ => Change::Language(Language::ALL[rng.usize(..3)]),
        };
        say(&Said::Doing(change.clone()));
        let done = match change {
            Change::Add(_, customer) => {
                let form = form(account_id, &customer);
                let row = desk.add_customer(form).await.unwrap();
                known.push((row.id.clone(), row.instance_id));
                Change::Add(Some(row.id), customer)
            }
            Change::Edit(id, customer) => {
                let form = form(account_id, &customer);
                desk.edit_customer(&id, form).await.unwrap();
                Change::Edit(id, customer)
            }
            Change::Remove(id) => {
                desk.remove_customer(&id).await.unwrap();
                known.swap_remove(place);
                Change::Remove(id)
            }
            Change::Language(language) => {
                desk.set_language(Some(language)).await.unwrap();
                Change::Language(language)
            }
        };
        say(&Said::Done(done));
    }
}

fn any_customer(instance_id: String, rng: &mut Rng) -> Customer {
    let labels = ["litoral", "norte", "vip"].into_iter();
    Customer {
        instance_id,
        name: format!("Padaria São João {:04x}", rng.u16(..)),
        note: "liga depois das 14h; "
            .repeat(rng.usize(..40))
            .trim()
            .to_owned(),
        labels: labels.filter(|_| rng.bool()).map(str::to_owned).collect(),
    }
}

fn form(account_id: &str, customer: &Customer) -> CustomerForm {
    CustomerForm {
        account_id: account_id.to_owned(),
        name: customer.name.clone(),
        address: customer.instance_id.clone().into(),
        token: Some(format!("FAKETOKEN{}", customer.instance_id).into()),
        // The rules for numbers take longer to load than the child lives.
        phone: String::new(),
        language: Language::Portuguese,
        note: customer.note.clone(),
        labels: customer.labels.join(", "),
        keep: Keep::Session,
    }
}

// --- the parent

/// Has the child trust one authority: to read all that the system trusts takes longer than it lives.
fn few_certificates() -> Option<(&'static str, PathBuf)> {
    static FILE: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let all = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").ok()?;
        let end = "-----END CERTIFICATE-----\n";
        let first = all.split_inclusive(end).next()?;
        let file = std::env::temp_dir().join("ponte-killed-certificate.pem");
        fs::write(&file, first).ok()?;
        Some(file)
    });
    FILE.clone().map(|file| ("SSL_CERT_FILE", file))
}

/// A child, and what it says.
struct Running {
    child: Child,
    said: mpsc::Receiver<Said>,
}

impl Running {
    fn start(task: &Task) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env(TASK, serde_json::to_string(task).unwrap())
            .envs(few_certificates())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || {
            // The last line may be cut off: that was not said.
            for line in out.lines().map_while(Result::ok) {
                if let Ok(said) = serde_json::from_str(&line) {
                    let _ = tell.send(said);
                }
            }
        });
        Self { child, said }
    }

    /// Kills it after so many lines and a while more, or when `longest` is over. Everything it said.
    fn kill(mut self, lines: usize, more: Duration, longest: Duration) -> Vec<Said> {
        let end = Instant::now() + longest;
        let mut all = Vec::new();
        while all.len() < lines {
            let left = end.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(said) => all.push(said),
                Err(_) => break,
            }
        }
        std::thread::sleep(more);
        self.child.kill().unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.code(), None, "it ended by itself: {all:?}");
        all.extend(self.said.iter());
        all
    }
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        // The kill of a process loses nothing that was written, on a disk or not: in memory there are
        // more changes between two kills.
        let memory = Path::new("/dev/shm");
        let parent = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let folder = parent.join(format!("ponte-killed-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// The same files in another folder.
    fn copy(&self) -> Self {
        let copy = Self::new();
        copy_all(&self.0, &copy.0);
        copy
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn seed() -> u64 {
    let given = std::env::var("PONTE_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("PONTE_SEED={seed}");
    seed
}

/// What the folder holds.
#[derive(Clone, Default, Debug, PartialEq)]
struct Held {
    by_hand: BTreeMap<String, Customer>,
    language: Option<Language>,
}

async fn all_of(store: &Store, account_id: &str) -> Vec<CustomerRecord> {
    let mut all = Vec::new();
    loop {
        let query = CustomerQuery {
            account_id: Some(account_id.to_owned()),
            offset: all.len().try_into().unwrap(),
            limit: PAGE,
            ..CustomerQuery::default()
        };
        let (rows, total, _) = store.customers(&query).await.unwrap();
        assert!(!rows.is_empty() || total as usize == all.len());
        all.extend(rows);
        if all.len() == total as usize {
            return all;
        }
    }
}

impl Held {
    async fn read(store: &Store, account_id: &str) -> Self {
        let records = all_of(store, account_id).await.into_iter();
        let language = store.setting("language").await.unwrap();
        Self {
            by_hand: records
                .map(|record| (record.id.clone(), record.into()))
                .collect(),
            language: language.map(|tag| tag.parse().unwrap()),
        }
    }

    fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Add(id, customer) => {
                self.by_hand.insert(id.unwrap_or_default(), customer);
            }
            Change::Edit(id, customer) => {
                self.by_hand.insert(id, customer);
            }
            Change::Remove(id) => {
                self.by_hand.remove(&id);
            }
            Change::Language(language) => self.language = Some(language),
        }
    }

    /// The same without ids: that of a customer who was being added is not known.
    fn nameless(&self) -> (BTreeSet<&Customer>, Option<Language>) {
        (self.by_hand.values().collect(), self.language)
    }
}

async fn assert_whole(file: &Path) {
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .connect()
        .await
        .unwrap();
    let said: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(said, ["ok"]);
    let dangling = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(dangling.is_empty());
    connection.close().await.unwrap();
}

/// Gives all instances the names of a generation.
fn rename_all(server: &Practice, generation: usize) {
    for customer in server.customers() {
        let name = format!("Loja {generation}");
        server
            .rename_instance(&customer.instance_id, &name)
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_import_and_edits_every_acknowledged_change_is_there() {
    let seed = seed();
    let mut rng = Rng::with_seed(seed);
    let server = Practice::start(practice::Config {
        customers: Vec::new(),
        instances: INSTANCES,
        ..practice::Config::default()
    })
    .await
    .unwrap();
    let folder = Folder::new();
    let desk = open_desk(&folder.0, &server.url()).await;
    let account = async |name: &str| {
        let form = AccountForm {
            name: name.into(),
            client_token: None,
            partner_token: None,
            keep: Keep::Session,
        };
        desk.add_account(form).await.unwrap().id
    };
    let (by_hand, listed) = (account("By hand").await, account("Listed").await);
    desk.close().await;
    drop(desk);

    let mut held = Held::default();
    let (mut acknowledged, mut in_between, mut read_in_all, mut imported) = (0, 0, 0, 0);
    let mut listed_before = 0;
    let mut generation = 0;
    for kill in 0..KILLS {
        let (edits, imports) = [(true, false), (true, true), (false, true)][kill % 3];
        if imports {
            rename_all(&server, kill);
            generation = kill;
        }
        let running = Running::start(&Task::Work {
            folder: folder.0.clone(),
            address: server.url(),
            partner_token: server.partner_token(),
            by_hand: edits.then(|| by_hand.clone()),
            listed: imports.then(|| listed.clone()),
            seed: rng.u64(..),
        });
        // Now and then while it starts.
        let lines = match rng.usize(..8) {
            0 => 0,
            _ => 1 + rng.usize(..if edits { 80 } else { 10 }),
        };
        let more = Duration::from_micros(rng.u64(..if lines == 0 { 60_000 } else { 3_000 }));
        let said = tokio::task::spawn_blocking(move || running.kill(lines, more, LONGEST))
            .await
            .unwrap();

        let mut doing = None;
        let mut read = 0;
        for said in &said {
            match said {
                Said::Opened => {}
                Said::Doing(change) => doing = Some(change),
                Said::Done(change) => {
                    doing = None;
                    held.apply(change);
                    acknowledged += 1;
                }
                Said::Read(count) => read = *count as usize,
                Said::Imported => imported += 1,
            }
        }
        read_in_all += read;

        // In a copy: the next one starts as after a real kill.
        let copy = folder.copy();
        let store = Store::open(&copy.0).await.unwrap();
        assert_eq!(store.recovered(), None);
        let found = Held::read(&store, &by_hand).await;
        if found != held {
            let doing = doing.unwrap_or_else(|| panic!("{kill}: {held:#?}\n{found:#?}"));
            held.apply(doing);
            assert_eq!(held.nameless(), found.nameless(), "{kill}: {doing:?}");
            held = found;
            in_between += 1;
        }
        let records = all_of(&store, &listed).await;
        let current = format!("Loja {generation}");
        let current = records.iter().filter(|record| record.name == current);
        let current = current.count();
        assert!(current >= read, "{kill}: {current} of {read}");
        assert!(records.len() >= listed_before, "{kill}");
        listed_before = records.len();
        let instances: BTreeSet<_> = records.iter().map(|record| &record.instance_id).collect();
        assert_eq!(instances.len(), records.len());
        store.close().await;
        assert_whole(&copy.0.join(FILE)).await;
    }
    println!(
        "{KILLS} kills: {acknowledged} edits and {read_in_all} rows acknowledged, {in_between} done \
         and not acknowledged, {imported} imports to the end"
    );
    // Otherwise this has shown nothing.
    assert!(acknowledged > KILLS && read_in_all > KILLS && in_between > 0);

    // And it goes on as if nothing had been.
    let desk = open_desk(&folder.0, &server.url()).await;
    give_token(&desk, &listed, server.partner_token()).await;
    desk.import_customers(&listed).await.unwrap();
    let import = desk.import_over(&listed).await.unwrap();
    assert_eq!(import.read as usize, INSTANCES, "{import:?}");
    desk.close().await;
    let store = Store::open(&folder.0).await.unwrap();
    let records = all_of(&store, &listed).await;
    let last = format!("Loja {generation}");
    assert!(records.iter().all(|record| record.name == last));
    let found: BTreeSet<_> = records.into_iter().map(|r| r.instance_id).collect();
    let there: BTreeSet<_> = server
        .customers()
        .into_iter()
        .map(|c| c.instance_id)
        .collect();
    assert_eq!(found, there);
    assert_eq!(Held::read(&store, &by_hand).await, held);
    store.close().await;
    assert_whole(&folder.0.join(FILE)).await;
}

// --- while it opens

/// How long opening the folder takes when nobody is in the way.
fn time_to_open(folder: &Folder) -> Duration {
    let folder = folder.copy();
    let begun = Instant::now();
    let running = Running::start(&Task::Open {
        folder: folder.0.clone(),
    });
    let said = running.kill(1, Duration::ZERO, Duration::from_secs(60));
    assert_eq!(said, [Said::Opened]);
    begun.elapsed()
}

/// Kills what opens copies of a folder, at any moment or soon after a file appeared in it, and looks at
/// each after the next start.
async fn killed_while_it_opens(
    before: &Folder,
    has_appeared: impl Fn(&Path) -> bool,
    look: impl AsyncFn(&Store, &Folder),
) {
    let mut rng = Rng::with_seed(seed());
    let longest = time_to_open(before);
    let mut opened = 0;
    for opening in 0..OPENINGS {
        let folder = before.copy();
        // Twice: the second start finds what the first one left.
        for _ in 0..2 {
            let running = Running::start(&Task::Open {
                folder: folder.0.clone(),
            });
            let mut moment = longest.mul_f32(rng.f32());
            if opening % 2 == 0 {
                let end = Instant::now() + longest;
                while Instant::now() < end && !has_appeared(&folder.0) {
                    std::thread::yield_now();
                }
                moment /= 8;
            }
            opened += running.kill(1, Duration::ZERO, moment).len();
        }
        let store = Store::open(&folder.0).await.unwrap();
        look(&store, &folder).await;
        store.close().await;
        assert_whole(&folder.0.join(FILE)).await;
    }
    println!("{opened} of {} got to the end", 2 * OPENINGS);
    assert!(opened < 2 * OPENINGS);
}

/// A file of version 3 with many customers.
async fn of_version_3() -> Folder {
    let folder = Folder::new();
    let mut connection = SqliteConnectOptions::new()
        .filename(folder.0.join(FILE))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .connect()
        .await
        .unwrap();
    let all = sqlx::migrate!("./migrations");
    let until_3 = all.iter().filter(|migration| migration.version <= 3);
    Migrator::with_migrations(until_3.cloned().collect())
        .run(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO account (id, name) VALUES ('a', 'Agência')")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1)
         INSERT INTO customer
            (id, account_id, name, instance_id, language, status, status_since, search)
         SELECT 'c' || n, 'a', 'Loja ' || n, '3C00FAKE' || n, 'pt-BR', 'connected', n, ''
         FROM number",
    )
    .bind(CUSTOMERS)
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    folder
}

async fn assert_all(store: &Store) {
    let mut all = all_of(store, "a").await;
    assert_eq!(all.len(), CUSTOMERS as usize);
    all.sort_by_key(|customer| customer.connected_at);
    for (number, customer) in (1..).zip(all) {
        assert_eq!(customer.connected_at, Some(number));
        assert_eq!(customer.name, format!("Loja {number}"));
    }
}

/// The names in a folder, in order.
fn names(folder: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_backup_and_migration_nothing_is_lost_and_every_backup_is_whole() {
    let before = of_version_3().await;
    let backing_up = |folder: &Path| {
        let backups = fs::read_dir(folder.join("backups"));
        backups.is_ok_and(|mut backups| backups.next().is_some())
    };
    killed_while_it_opens(&before, backing_up, async |store, folder| {
        assert_eq!(store.recovered(), None);
        assert_all(store).await;
        let backups = names(folder.0.join("backups"));
        assert!((1..=2).contains(&backups.len()), "{backups:?}");
        for name in backups {
            assert!(
                name.starts_with("ponte-v3-") && name.ends_with(".db"),
                "{name}"
            );
            let restored = Folder::new();
            fs::copy(folder.0.join("backups").join(name), restored.0.join(FILE)).unwrap();
            assert_whole(&restored.0.join(FILE)).await;
            let store = Store::open(&restored.0).await.unwrap();
            assert_all(&store).await;
            store.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_damaged_file_is_set_aside_it_is_and_the_backup_is_in_its_place() {
    let damaged = b"not a database, and not to be lost";
    let before = of_version_3().await;
    let store = Store::open(&before.0).await.unwrap();
    store.close().await;
    fs::write(before.0.join(FILE), damaged).unwrap();
    let recovering = |folder: &Path| folder.join("ponte.db.recovery").exists();
    killed_while_it_opens(&before, recovering, async |store, folder| {
        assert_all(store).await;
        let mut names = names(folder.0.clone());
        names.retain(|name| !name.starts_with(FILE) || name.len() > "ponte.db-wal".len());
        let [backups, set_aside] = &names[..] else {
            panic!("{names:?}");
        };
        assert_eq!(backups, "backups");
        assert!(set_aside.starts_with("ponte-damaged-"), "{set_aside}");
        assert_eq!(fs::read(folder.0.join(set_aside)).unwrap(), damaged);
    })
    .await;
}
