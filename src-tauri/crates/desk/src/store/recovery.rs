//! The file made ready: brought to this version after a backup, or, when it is damaged, set aside and
//! begun anew from the newest backup that is whole.
//!
//! What is to be done to a damaged file is written down first ([`PLAN`]) and struck out last, and every
//! step in between finds out from the files whether it was done: the next start goes on where this one
//! was killed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use ts_rs::TS;

use super::backup::{self, Kind};
use super::index::Index;
use super::{FILE, Result, StoreError, read_index};
use crate::clock::unix_ms;

/// All migrations.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Beside the file: it may be damaged, look at all of it at the next start.
const SUSPECT: &str = "ponte.db.damaged";

/// Beside the file: it is damaged; a [`Recovered`] as JSON tells where it goes.
const PLAN: &str = "ponte.db.recovery";

/// What takes the file's place, while it is made.
const NEW: &str = "ponte.db.new";

/// What SQLite keeps beside a file. The write-ahead log is part of what is set aside.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long to wait for another program to let go of the file.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The data file was damaged, and Ponte goes on with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Recovered {
    /// The name that the damaged file has now, in the data folder.
    pub set_aside: String,
    /// Unix milliseconds by this computer's clock: when the backup was made that Ponte went on from;
    /// `None`: there was none, and it began empty.
    #[ts(type = "number | null")]
    pub backup_of: Option<i64>,
}

// https://www.sqlite.org/rescode.html
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;
/// The index of the write-ahead log could not grow.
const SQLITE_IOERR_SHMSIZE: i32 = 4874;

impl StoreError {
    /// SQLite's extended result code.
    fn extended_code(&self) -> Option<i32> {
        let error = match self {
            Self::Database(error)
            | Self::Migration(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => error,
            _ => return None,
        };
        error.as_database_error()?.code()?.parse().ok()
    }

    /// SQLite's primary result code.
    pub(super) fn sqlite_code(&self) -> Option<i32> {
        Some(self.extended_code()? & 0xFF)
    }

    /// The file itself is at fault.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged)
            || matches!(self.sqlite_code(), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
    }

    fn is_later_version(&self) -> bool {
        matches!(self, Self::Migration(MigrateError::VersionMissing(_)))
    }

    pub(super) fn is_disk_full(&self) -> bool {
        match self {
            Self::File(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => {
                self.sqlite_code() == Some(SQLITE_FULL)
                    || self.extended_code() == Some(SQLITE_IOERR_SHMSIZE)
            }
        }
    }
}

/// A file that is ready.
pub(super) struct Ready {
    /// To be closed once others are open: the last one to close writes the file out.
    pub connection: SqliteConnection,
    /// All customers.
    pub index: Index,
    /// What had to be done to the file.
    pub recovered: Option<Recovered>,
}

/// Makes the file ready for this version. Of the file, this reads what starting needs, and all of it
/// only when it is suspect.
///
/// A file that is locked, from a later version, or on a disk that is full or cannot be written is left
/// as it is, and that is the error.
pub(super) async fn ready(folder: &Path) -> Result<Ready> {
    let now = unix_ms(SystemTime::now());
    // Once for the file, and once for what takes its place.
    for _ in 0..2 {
        let recovered = go_on(folder, now).await?;
        match open(folder, now).await {
            Err(error) if error.is_damage() => {
                log::error!("the file is damaged: {error}");
                condemn(folder)?;
            }
            opened => {
                let (connection, index) = opened?;
                if recovered.is_some() {
                    remove(&folder.join(PLAN))?;
                }
                return Ok(Ready {
                    connection,
                    index,
                    recovered,
                });
            }
        }
    }
    Err(StoreError::Damaged)
}

/// Notes that the file may be damaged: the next start reads all of it.
pub(super) fn suspect(folder: &Path) {
    if let Err(error) = fs::write(folder.join(SUSPECT), "") {
        log::error!("the next start will not look at the file: {error}");
    }
}

/// Plans to set the file aside. Nothing may have it open when [`ready`] carries that out.
fn condemn(folder: &Path) -> Result<Recovered> {
    let mut at = unix_ms(SystemTime::now());
    let is_taken = |name: &String| {
        let target = folder.join(name);
        let mut all = BESIDE.map(|suffix| beside(&target, suffix)).into_iter();
        target.exists() || all.any(|file| file.exists())
    };
    let mut name = damaged_name(at);
    while is_taken(&name) {
        at += 1000;
        name = damaged_name(at);
    }
    let plan = Recovered {
        set_aside: name,
        backup_of: None,
    };
    write_plan(folder, &plan)?;
    Ok(plan)
}

fn damaged_name(unix_ms: i64) -> String {
    format!("ponte-damaged-{}.db", backup::stamp(unix_ms))
}

/// Makes the backup of the day, unless there is one. Damage that this meets is for the next start.
pub(super) async fn back_up(folder: &Path, now: i64) -> Result<()> {
    if !backup::is_due(folder, now)? {
        return Ok(());
    }
    let mut connection = connect(&folder.join(FILE), false).await?;
    let made = async {
        let versions = applied(&mut connection).await?;
        let version = versions.last().copied().unwrap_or(0);
        backup::make(&mut connection, folder, version, Kind::Day, now).await
    };
    let made = made.await;
    connection.close().await?;
    if let Err(error) = &made
        && error.is_damage()
    {
        suspect(folder);
    }
    let made = made?;
    log::info!("the backup of the day: {}", made.name());
    Ok(())
}

/// Opens the file, reads it where it is suspect, and brings it to this version.
async fn open(folder: &Path, now: i64) -> Result<(SqliteConnection, Index)> {
    let file = folder.join(FILE);
    // SQLite takes an empty file for a new one.
    if is_empty(&file) && (beside(&file, "-wal").exists() || has_backups(folder, now)) {
        return Err(StoreError::Damaged);
    }
    // Opening reads nothing of the file. What does is done by us, because a connection that fails
    // while it is opened is closed some time later, when its file has another name.
    let mut connection = connect(&file, true).await?;
    match bring_up(&mut connection, folder, now).await {
        Ok(index) => Ok((connection, index)),
        Err(error) => {
            let _ = connection.close().await;
            Err(error)
        }
    }
}

async fn bring_up(connection: &mut SqliteConnection, folder: &Path, now: i64) -> Result<Index> {
    let suspect = folder.join(SUSPECT);
    if suspect.exists() {
        if !says_ok(connection, "PRAGMA integrity_check(1)").await? {
            return Err(StoreError::Damaged);
        }
        log::info!("the file was suspect, and is whole");
        remove(&suspect)?;
    }
    for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    let applied = applied(connection).await?;
    let pending = MIGRATIONS.iter().any(|m| !applied.contains(&m.version));
    if let Some(version) = applied.last().filter(|_| pending) {
        let made = backup::make(connection, folder, *version, Kind::Migration, now).await?;
        log::info!("before the migration: {}", made.name());
    }
    migrate(connection).await?;
    read_index(connection).await
}

/// As [`Migrator::run`] does, whose own future is not `Send` enough for the commands ("implementation
/// of `Acquire` is not general enough").
async fn migrate(connection: &mut SqliteConnection) -> std::result::Result<(), MigrateError> {
    MIGRATIONS.run_direct(None, connection, false).await
}

/// The migrations that a file has seen, in order. An error for one from a later version.
async fn applied(connection: &mut SqliteConnection) -> Result<Vec<i64>> {
    let known: bool = sqlx::query_scalar(
        "SELECT COUNT(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !known {
        return Ok(Vec::new());
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
            .fetch_all(connection)
            .await?;
    match applied
        .iter()
        .find(|version| !MIGRATIONS.version_exists(**version))
    {
        Some(later) => Err(MigrateError::VersionMissing(*later).into()),
        None => Ok(applied),
    }
}

/// Carries out what is left of the plan, if there is one: sets the file aside and puts another in its
/// place. The plan stays.
async fn go_on(folder: &Path, now: i64) -> Result<Option<Recovered>> {
    let Some(mut plan) = read_plan(folder)? else {
        return Ok(None);
    };
    while move_one(folder, &plan)? {}
    backup::sync_folder(folder)?;
    remove(&folder.join(SUSPECT))?;
    let file = folder.join(FILE);
    if is_empty(&file) || !file.exists() {
        plan.backup_of = restore(folder, now).await?;
        // Before the file: whoever finds it must know where it is from.
        write_plan(folder, &plan)?;
        match plan.backup_of {
            Some(_) => fs::rename(folder.join(NEW), &file)?,
            None => remove(&file)?,
        }
        backup::sync_folder(folder)?;
        log::warn!("{plan:?}");
    }
    Ok(Some(plan))
}

/// Gives the planned name to one more of the files; `false` when all have it. The database comes last:
/// where it is, the others are, and what has its name then is another.
fn move_one(folder: &Path, plan: &Recovered) -> Result<bool> {
    let target = folder.join(&plan.set_aside);
    if target.try_exists()? {
        return Ok(false);
    }
    let file = folder.join(FILE);
    for suffix in BESIDE {
        let from = beside(&file, suffix);
        if from.try_exists()? {
            fs::rename(from, beside(&target, suffix))?;
            return Ok(true);
        }
    }
    let there = file.try_exists()?;
    if there {
        fs::rename(file, target)?;
    }
    Ok(there)
}

/// Makes [`NEW`] of the newest backup that is whole, brought to this version. Its moment, or `None`
/// when there is no such backup.
async fn restore(folder: &Path, now: i64) -> Result<Option<i64>> {
    for backup in backup::list(folder, now)? {
        let name = backup.name();
        // One that cannot be read is no better than one that is damaged.
        let content = match fs::read(folder.join(backup::FOLDER).join(&name)) {
            Ok(content) => content,
            Err(error) => {
                log::error!("{name}: {error}");
                continue;
            }
        };
        match make_new(folder, &content).await {
            Ok(()) => return Ok(Some(backup.at)),
            Err(error) if error.is_damage() || error.is_later_version() => {
                log::error!("{name}: {error}");
            }
            Err(error) => return Err(error),
        }
    }
    remove_new(folder)?;
    Ok(None)
}

async fn make_new(folder: &Path, content: &[u8]) -> Result<()> {
    remove_new(folder)?;
    let new = folder.join(NEW);
    fs::write(&new, content)?;
    let mut connection = connect(&new, false).await?;
    let made = async {
        if !says_ok(&mut connection, "PRAGMA quick_check(1)").await? {
            return Err(StoreError::Damaged);
        }
        applied(&mut connection).await?;
        Ok(migrate(&mut connection).await?)
    };
    let made = made.await;
    let closed = connection.close().await;
    made?;
    closed?;
    Ok(backup::sync_file(&new)?)
}

fn remove_new(folder: &Path) -> io::Result<()> {
    let new = folder.join(NEW);
    for suffix in BESIDE {
        remove(&beside(&new, suffix))?;
    }
    remove(&new)
}

async fn connect(file: &Path, create: bool) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(create)
        .busy_timeout(PATIENCE);
    Ok(options.connect().await?)
}

async fn says_ok(connection: &mut SqliteConnection, check: &'static str) -> Result<bool> {
    let said: Vec<String> = sqlx::query_scalar(check).fetch_all(connection).await?;
    Ok(said == ["ok"])
}

fn read_plan(folder: &Path) -> Result<Option<Recovered>> {
    let plan = match fs::read(folder.join(PLAN)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        plan => plan?,
    };
    match serde_json::from_slice(&plan) {
        Ok(plan) => Ok(Some(plan)),
        Err(error) => {
            log::error!("the plan makes no sense: {error}");
            Ok(Some(condemn(folder)?))
        }
    }
}

fn write_plan(folder: &Path, plan: &Recovered) -> Result<()> {
    let part = folder.join(format!("{PLAN}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(&serde_json::to_vec(plan).map_err(io::Error::from)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(part, folder.join(PLAN))?;
    Ok(backup::sync_folder(folder)?)
}

fn has_backups(folder: &Path, now: i64) -> bool {
    backup::list(folder, now).is_ok_and(|backups| !backups.is_empty())
}

fn is_empty(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0)
}

/// The path of what belongs to a file.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Removes a file that may be gone already.
fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
