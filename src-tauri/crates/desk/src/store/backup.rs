//! Copies of the file, in `backups/` of the data folder: one before each migration and one a day.
//!
//! `ponte-v3-2026-11-21T083000Z.db` was made at that moment (UTC by this computer's clock) before the
//! file of version 3 was migrated; the daily ones end in `-day.db`. A copy has another name until it is
//! whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::SqliteConnection;

use super::{FILE, Result, StoreError};

/// In the data folder.
pub(super) const FOLDER: &str = "backups";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const STAMP: &str = "%Y-%m-%dT%H%M%SZ";

/// Ends the name of a copy that is being made.
const PART: &str = ".part";

/// Why a copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A migration was about to begin.
    Migration,
    /// A day was over.
    Day,
}

impl Kind {
    /// How many are kept.
    fn kept(self) -> usize {
        match self {
            Self::Migration => 2,
            Self::Day => 3,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Migration => "",
            Self::Day => "-day",
        }
    }
}

/// What a copy's name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backup {
    /// The last migration in it.
    pub version: i64,
    /// Unix milliseconds, in whole seconds.
    pub at: i64,
    pub kind: Kind,
}

impl Backup {
    pub fn name(self) -> String {
        let suffix = self.kind.suffix();
        format!("ponte-v{}-{}{suffix}.db", self.version, stamp(self.at))
    }

    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("ponte-v")?.strip_suffix(".db")?;
        let (rest, kind) = match rest.strip_suffix(Kind::Day.suffix()) {
            Some(rest) => (rest, Kind::Day),
            None => (rest, Kind::Migration),
        };
        let (version, time) = rest.split_once('-')?;
        let time = NaiveDateTime::parse_from_str(time, STAMP).ok()?;
        Some(Self {
            version: version.parse().ok()?,
            at: time.and_utc().timestamp_millis(),
            kind,
        })
    }
}

/// A moment as it stands in the names of files.
pub(super) fn stamp(unix_ms: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(unix_ms).unwrap_or_default();
    time.format(STAMP).to_string()
}

/// The copies, the newest first. Those from after `now` come last: the clock was wrong when they were
/// made, or it is wrong now; either way what is made now is the newest.
pub(super) fn list(folder: &Path, now: i64) -> io::Result<Vec<Backup>> {
    let mut backups = Vec::new();
    let entries = match fs::read_dir(folder.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(backups),
        entries => entries?,
    };
    for entry in entries {
        backups.extend(entry?.file_name().to_str().and_then(Backup::parse));
    }
    backups.sort_by_key(|backup| std::cmp::Reverse((backup.at <= now, backup.at)));
    Ok(backups)
}

/// Whether no copy was made within a day of `now`, before or after it.
pub(super) fn is_due(folder: &Path, now: i64) -> io::Result<bool> {
    let backups = list(folder, now)?;
    Ok(!backups
        .iter()
        .any(|backup| backup.at.abs_diff(now) < DAY_MS.unsigned_abs()))
}

/// Copies the file that `connection` has open, of this version, and forgets the oldest copies of the
/// kind. Reads every row: damage is found.
pub(super) async fn make(
    connection: &mut SqliteConnection,
    folder: &Path,
    version: i64,
    kind: Kind,
    now: i64,
) -> Result<Backup> {
    let backups = folder.join(FOLDER);
    fs::create_dir_all(&backups)?;
    remove_parts(&backups)?;
    let at = now - now.rem_euclid(1000);
    let mut backup = Backup { version, at, kind };
    while backups.join(backup.name()).try_exists()? {
        backup.at += 1000;
    }
    let whole = backups.join(backup.name());
    let part = backups.join(backup.name() + PART);
    if let Err(error) = copy(connection, folder, &part).await {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(&part, &whole)?;
    sync_folder(&backups)?;
    prune(folder, kind, now.max(backup.at));
    Ok(backup)
}

async fn copy(connection: &mut SqliteConnection, folder: &Path, part: &Path) -> Result<()> {
    // Names and numbers of customers are in it: nobody else may read it who may not read the file.
    File::create(part)?.set_permissions(fs::metadata(folder.join(FILE))?.permissions())?;
    let path = part.to_str();
    let path = path.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    sqlx::query("VACUUM INTO $1")
        .bind(path)
        .execute(connection)
        .await
        .map_err(|error| match StoreError::from(error) {
            // Two rows with the same key: an index of the file has lost one.
            error if error.sqlite_code() == Some(SQLITE_CONSTRAINT) => StoreError::Damaged,
            error => error,
        })?;
    sync_file(part)?;
    Ok(())
}

/// <https://www.sqlite.org/rescode.html#constraint>
const SQLITE_CONSTRAINT: i32 = 19;

/// What a copy that was cut off left behind.
fn remove_parts(backups: &Path) -> io::Result<()> {
    for entry in fs::read_dir(backups)? {
        let entry = entry?;
        let name = entry.file_name();
        // SQLite's own files beside it have longer names.
        let own = |name: &str| Some(Backup::parse(name.split_once(PART)?.0).is_some());
        if name.to_str().and_then(own) == Some(true) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn prune(folder: &Path, kind: Kind, now: i64) {
    let remove = || {
        let backups = list(folder, now)?;
        let of_kind = backups.iter().filter(|backup| backup.kind == kind);
        for old in of_kind.skip(kind.kept()) {
            fs::remove_file(folder.join(FOLDER).join(old.name()))?;
        }
        Ok::<_, io::Error>(())
    };
    if let Err(error) = remove() {
        log::warn!("old backups stay: {error}");
    }
}

/// What was written is there after a crash of the computer.
pub(super) fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// The same for names.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        // Windows opens no folders, and has NTFS keep the order of names.
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_249_800_000; // 2026-11-21T08:30:00Z

    fn folder_with(days: &[i64]) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("ponte-backups-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(folder.join(FOLDER)).unwrap();
        for day in days {
            let backup = day_backup(*day);
            fs::write(folder.join(FOLDER).join(backup.name()), "").unwrap();
        }
        folder
    }

    fn day_backup(day: i64) -> Backup {
        Backup {
            version: 4,
            at: NOW + day * DAY_MS,
            kind: Kind::Day,
        }
    }

    fn days(folder: &Path, now: i64) -> Vec<i64> {
        let backups = list(folder, now).unwrap().into_iter();
        backups.map(|backup| (backup.at - NOW) / DAY_MS).collect()
    }

    #[test]
    fn a_name_tells_version_time_and_why() {
        for (name, version, kind) in [
            ("ponte-v3-2026-11-21T083000Z.db", 3, Kind::Migration),
            ("ponte-v12-2026-11-21T083000Z-day.db", 12, Kind::Day),
        ] {
            let backup = Backup {
                version,
                at: NOW,
                kind,
            };
            assert_eq!(Backup::parse(name), Some(backup));
            assert_eq!(backup.name(), name);
        }
        for other in [
            "ponte-v3-2026-11-21T083000Z.db.part",
            "ponte-v3-2026-11-21T083000Z.db-journal",
            "ponte-v3-2026-11-21.db",
            "ponte-v3-2026-13-21T083000Z.db",
            "ponte-2026-11-21T083000Z.db",
            "notes.db",
        ] {
            assert_eq!(Backup::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_newest_come_first_and_those_of_another_time_last() {
        let folder = folder_with(&[-3, 400, -1, -2, 399]);
        assert_eq!(days(&folder, NOW), [-1, -2, -3, 400, 399]);
        prune(&folder, Kind::Day, NOW);
        assert_eq!(days(&folder, NOW), [-1, -2, -3]);
        // The clock is set back by years: those made from then on are the newest, and stay.
        fs::write(folder.join(FOLDER).join(day_backup(-900).name()), "").unwrap();
        prune(&folder, Kind::Day, NOW - 900 * DAY_MS);
        assert_eq!(days(&folder, NOW - 900 * DAY_MS), [-900, -1, -2]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_two_kinds_are_counted_apart() {
        let folder = folder_with(&[-4, -3, -2]);
        for day in [-9, -8, -7] {
            let backup = Backup {
                version: 3,
                kind: Kind::Migration,
                ..day_backup(day)
            };
            fs::write(folder.join(FOLDER).join(backup.name()), "").unwrap();
        }
        prune(&folder, Kind::Migration, NOW);
        assert_eq!(days(&folder, NOW), [-2, -3, -4, -7, -8]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_backup_is_due_when_none_is_of_this_day() {
        for (days, due) in [
            (vec![], true),
            (vec![-1], true),
            (vec![-2, 300], true),
            (vec![0, -1], false),
        ] {
            let folder = folder_with(&days);
            assert_eq!(is_due(&folder, NOW).unwrap(), due, "{days:?}");
            fs::remove_dir_all(folder).unwrap();
        }
        let nowhere = std::env::temp_dir().join(format!("ponte-{}", uuid::Uuid::new_v4()));
        assert!(is_due(&nowhere, NOW).unwrap());
    }
}
