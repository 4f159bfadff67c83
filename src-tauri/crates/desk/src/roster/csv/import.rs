//! A file becomes customers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Columns, Line};
use super::table::Table;
use super::{CsvColumn, CsvPreview, CsvResult, CsvStop, beside};
use crate::customers::is_among;
use crate::desk::{Desk, Event};
use crate::failure::{ErrorCode, Failure, Result};
use crate::language::Language;
use crate::lock;
use crate::store::{AccountRecord, CustomerRecord};
use crate::vault::{Holder, Keep, Secrets};

/// Most lines in a preview.
const SHOWN: usize = 200;

/// Longest heading in a preview, in characters.
const LONGEST_HEADING: usize = 60;

/// Lines that are written together: each writing waits for the disk.
const TOGETHER: usize = 100;

/// Between two tellings of how far an import is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// The file in memory, at most one. Debug is not derived: it holds secrets.
#[derive(Default)]
pub(crate) struct Held {
    table: Mutex<Option<Arc<Table>>>,
    importing: AtomicBool,
    cancelled: AtomicBool,
}

/// Ends the import that is marked as under way, however it ends.
struct Importing<'a>(&'a Held);

impl Drop for Importing<'_> {
    fn drop(&mut self) {
        self.0.importing.store(false, Ordering::SeqCst);
    }
}

/// A line that is about to be a customer.
struct Added {
    line: u32,
    record: CustomerRecord,
    /// The vault was given its token.
    in_vault: bool,
}

impl Desk {
    /// Takes a file, in place of the one before. It is in memory until [`Self::forget_csv`].
    ///
    /// # Errors
    /// [`ErrorCode::FileTooLarge`], [`ErrorCode::NotATable`]: then there is none.
    pub async fn read_csv(&self, bytes: Vec<u8>) -> Result<()> {
        self.forget_csv();
        let table = beside(move || Table::read(bytes)).await??;
        *lock(&self.csv.table) = Some(Arc::new(table));
        Ok(())
    }

    /// What an import would do. `columns`: what they hold; `None` guesses. The keychain is left alone.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]: no file, or no such account.
    pub async fn preview_csv(
        &self,
        account_id: &str,
        columns: Option<Vec<Option<CsvColumn>>>,
    ) -> Result<CsvPreview> {
        let account = self.account(account_id).await?;
        let needs_token = !self.has_partner_token(&account);
        let table = self.csv_table()?;
        let store = self.store.clone();
        let look = move || preview(&table, columns, needs_token, |id| store.has_instance(id));
        beside(look).await
    }

    /// Adds the lines that have no mistake and whose instance is no customer yet, in their order.
    /// Each one's token goes to the vault first, as [`Self::add_customer`] has it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]: no file, or no such account. [`ErrorCode::NotNow`]: another import of
    /// a file is under way. What goes wrong on the way is in the result.
    pub async fn import_csv(
        &self,
        account_id: &str,
        columns: Vec<Option<CsvColumn>>,
        keep: Keep,
    ) -> Result<CsvResult> {
        let account = self.account(account_id).await?;
        let language = self.roster_language().await;
        let table = self.csv_table()?;
        if self.csv.importing.swap(true, Ordering::SeqCst) {
            return Err(ErrorCode::NotNow.into());
        }
        let _importing = Importing(&self.csv);
        self.csv.cancelled.store(false, Ordering::SeqCst);

        let needs_token = !self.has_partner_token(&account);
        let store = self.store.clone();
        let read = move || {
            let columns = Columns::new(&table, &columns);
            let mut result = CsvResult {
                added: 0,
                known: 0,
                wrong: 0,
                stopped: None,
            };
            let mut ready = Vec::new();
            for line in columns.lines(needs_token, |id| store.has_instance(id)) {
                match line.is_ready() {
                    true => ready.push(line),
                    false if line.known => result.known += 1,
                    false => result.wrong += 1,
                }
            }
            (ready, result)
        };
        let (ready, mut result) = beside(read).await?;
        let stopped = self
            .add_lines(&account, ready, language, keep, &mut result)
            .await;
        result.stopped = stopped.err();
        if result.added > 0 {
            self.tell(Event::RosterChanged);
            self.tell_counts();
        }
        Ok(result)
    }

    /// Ends the import that is under way after the line it is at.
    pub fn cancel_csv(&self) {
        self.csv.cancelled.store(true, Ordering::SeqCst);
    }

    /// Forgets the file. An import that is under way goes on.
    pub fn forget_csv(&self) {
        lock(&self.csv.table).take();
    }

    fn csv_table(&self) -> Result<Arc<Table>> {
        Ok(lock(&self.csv.table).clone().ok_or(ErrorCode::NotFound)?)
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    async fn add_lines(
        &self,
        account: &AccountRecord,
        ready: Vec<Line>,
        language: Language,
        keep: Keep,
        result: &mut CsvResult,
    ) -> std::result::Result<(), CsvStop> {
        let credentials = match ready.iter().any(|line| line.token.is_some()) {
            true => self.credentials_to_compare(account).await,
            false => Secrets::default(),
        };
        let total = count(ready.len());
        let mut told = Instant::now();
        self.tell(Event::CsvProgress { done: 0, total });
        let mut waiting: Vec<Added> = Vec::new();
        for (done, line) in ready.into_iter().enumerate() {
            let number = line.number;
            if self.csv.cancelled.load(Ordering::SeqCst) {
                self.write_lines(&mut waiting, result).await?;
                return Err(CsvStop {
                    line: number,
                    failure: None,
                });
            }
            match self
                .begin_line(account, line, language, keep, &credentials)
                .await
            {
                Ok(Some(added)) => waiting.push(added),
                Ok(None) => result.wrong += 1,
                Err(failure) => {
                    self.write_lines(&mut waiting, result).await?;
                    return Err(CsvStop {
                        line: number,
                        failure: Some(failure),
                    });
                }
            }
            // A token in the keychain whose customer is not written yet would be lost with Ponte.
            let in_keychain = |added: &Added| added.record.token_hint.is_some();
            if waiting.len() == TOGETHER || waiting.last().is_some_and(in_keychain) {
                self.write_lines(&mut waiting, result).await?;
            }
            if waiting.is_empty() && told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                let done = count(done) + 1;
                self.tell(Event::CsvProgress { done, total });
            }
        }
        self.write_lines(&mut waiting, result).await?;
        self.tell(Event::CsvProgress { done: total, total });
        Ok(())
    }

    /// Gives a line's token to the vault. `None`: the token is the account's own credential.
    async fn begin_line(
        &self,
        account: &AccountRecord,
        line: Line,
        language: Language,
        keep: Keep,
        credentials: &Secrets,
    ) -> Result<Option<Added>> {
        let language = line.language.unwrap_or(language);
        let instance_id = line.instance_id.unwrap_or_default();
        let mut record = line
            .typed
            .customer(account.id.clone(), instance_id, language);
        let Some(token) = line.token else {
            return Ok(Some(Added {
                line: line.number,
                record,
                in_vault: false,
            }));
        };
        if is_among(&token, credentials) {
            return Ok(None);
        }
        if let Err(failure) = self.keep_token(&mut record, token, keep).await {
            self.forget(&Holder::customer(&record.id)).await;
            return Err(failure);
        }
        Ok(Some(Added {
            line: line.number,
            record,
            in_vault: true,
        }))
    }

    /// Writes the lines that wait: all of them, or none.
    async fn write_lines(
        &self,
        waiting: &mut Vec<Added>,
        result: &mut CsvResult,
    ) -> std::result::Result<(), CsvStop> {
        let Some(first) = waiting.first().map(|added| added.line) else {
            return Ok(());
        };
        let (records, in_vault): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .map(|added| (added.record, added.in_vault))
            .unzip();
        let written = self.store.add_customers(&records).await;
        let new: HashSet<&str> = match &written {
            Ok(changes) => changes.iter().map(|c| c.customer.id.as_str()).collect(),
            Err(_) => HashSet::new(),
        };
        for (record, in_vault) in records.iter().zip(in_vault) {
            if new.contains(record.id.as_str()) {
                result.added += 1;
                continue;
            }
            // Its instance became a customer while the file was being imported, or nothing is written.
            result.known += u32::from(written.is_ok());
            let holder = Holder::customer(&record.id);
            let in_keychain = record.token_hint.is_some();
            if in_vault && let Err(error) = self.vault.delete(&holder, in_keychain).await {
                log::warn!("an unused secret stays behind: {error}");
            }
        }
        match written {
            Ok(_) => Ok(()),
            Err(error) => Err(CsvStop {
                line: first,
                failure: Some(Failure::from(error)),
            }),
        }
    }
}

fn preview(
    table: &Table,
    said: Option<Vec<Option<CsvColumn>>>,
    needs_token: bool,
    is_known: impl Fn(&str) -> bool,
) -> CsvPreview {
    let mut columns = said.unwrap_or_else(|| table.guessed.clone());
    columns.resize(table.width(), None);
    let (mut ready, mut known, mut wrong) = (0, 0, 0);
    let mut lines: Vec<Line> = Vec::new();
    let mut others: Vec<Line> = Vec::new();
    for line in Columns::new(table, &columns).lines(needs_token, is_known) {
        let (count, shown) = match line.is_ready() {
            true => (&mut ready, &mut others),
            false if line.known => (&mut known, &mut others),
            false => (&mut wrong, &mut lines),
        };
        *count += 1;
        if shown.len() < SHOWN {
            shown.push(line);
        }
    }
    let room = SHOWN - lines.len();
    lines.extend(others.into_iter().take(room));
    let heading = |column| {
        let heading = table.headings().map_or("", |row| row.cell(column));
        heading.chars().take(LONGEST_HEADING).collect()
    };
    CsvPreview {
        separator: char::from(table.separator).to_string(),
        encoding: table.encoding,
        headings: (0..table.width()).map(heading).collect(),
        columns,
        ready,
        known,
        wrong,
        lines: lines.into_iter().map(Line::shown).collect(),
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
