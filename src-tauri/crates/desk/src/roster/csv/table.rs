//! The text of a file as rows of cells.

use secrecy::zeroize::{Zeroize, Zeroizing};

use super::columns;
use super::text::decode;
use super::{CsvColumn, CsvEncoding};
use crate::failure::{ErrorCode, Failure, Result};

/// Largest file, in megabytes: a list of 100,000 customers has about 12.
pub const MOST_MEGABYTES: usize = 20;

/// Cells of a row past this many are not looked at.
const MOST_COLUMNS: usize = 100;

/// How much of the text is split on trial, in bytes.
const SAMPLE: usize = 64 * 1024;

/// The first is preferred: the rarer a character is inside cells, the earlier it comes.
const SEPARATORS: [u8; 3] = [b'\t', b';', b','];

/// A file in memory. It holds secrets: Debug is not derived, and memory is wiped when it is dropped.
pub struct Table {
    /// `;`, `,` or a tabulator.
    pub separator: u8,
    /// How its characters were written.
    pub encoding: CsvEncoding,
    /// The first row is headings.
    pub has_headings: bool,
    /// What each column seems to hold.
    pub guessed: Vec<Option<CsvColumn>>,
    grid: Grid,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ErrorCode::FileTooLarge`], [`ErrorCode::NotATable`].
    pub fn read(mut bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > MOST_MEGABYTES * 1024 * 1024 {
            bytes.zeroize();
            return Err(Failure::from(ErrorCode::FileTooLarge).with("megabytes", MOST_MEGABYTES));
        }
        let decoded = decode(&bytes);
        bytes.zeroize();
        let (text, encoding) = decoded.ok_or(ErrorCode::NotATable)?;
        let text = Zeroizing::new(text);
        let text = text.trim_start_matches('\u{feff}');
        let (separator, text) = match said_separator(text) {
            Some((separator, rest)) => (separator, rest),
            None => (guessed_separator(text), text),
        };
        let grid = Grid::read(text, separator, usize::MAX);
        let guess = columns::guess(&grid).ok_or(ErrorCode::NotATable)?;
        Ok(Self {
            separator,
            encoding,
            has_headings: guess.has_headings,
            guessed: guess.columns,
            grid,
        })
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.grid.width
    }

    /// The cells of the row of headings, if there is one.
    pub fn headings(&self) -> Option<Row<'_>> {
        self.grid.rows().next().filter(|_| self.has_headings)
    }

    /// The rows below the headings.
    pub fn lines(&self) -> impl Iterator<Item = Row<'_>> {
        self.grid.rows().skip(usize::from(self.has_headings))
    }
}

/// Rows of cells, without those in which nothing stands.
pub struct Grid {
    /// The cells' text, one after the other.
    text: Zeroizing<String>,
    /// Where each cell ends in it.
    ends: Vec<u32>,
    rows: Vec<Place>,
    /// Columns in which anything stands.
    pub width: usize,
}

struct Place {
    line: u32,
    cells: std::ops::Range<u32>,
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Its number as a spreadsheet shows it: what stands in quotes is one line.
    pub line: u32,
    text: &'a str,
    /// The end of the cell before the first, and of each.
    start: u32,
    ends: &'a [u32],
}

impl<'a> Row<'a> {
    /// One cell, taken out of what spreadsheets wrap around it; empty past the last.
    pub fn cell(&self, column: usize) -> &'a str {
        plain(self.as_written(column))
    }

    /// One cell as it stands in the file.
    fn as_written(&self, column: usize) -> &'a str {
        let Some(end) = self.ends.get(column) else {
            return "";
        };
        let before = column.checked_sub(1).and_then(|left| self.ends.get(left));
        let start = *before.unwrap_or(&self.start);
        let range = start as usize..*end as usize;
        self.text.get(range).unwrap_or_default()
    }

    /// Its cells.
    pub fn cells(&self) -> impl Iterator<Item = &'a str> {
        let row = *self;
        (0..self.ends.len()).map(move |column| row.cell(column))
    }
}

/// A cell without what keeps spreadsheet programs from taking it for a number or a formula: an
/// apostrophe in front ([`super::export`] writes it as well), or `="…"`.
pub fn plain(cell: &str) -> &str {
    if let Some(rest) = cell.strip_prefix('\'')
        && super::export::is_like_formula(cell)
    {
        return rest;
    }
    let quoted = cell.strip_prefix("=\"");
    match quoted.and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => inner,
        _ => cell,
    }
}

impl Grid {
    /// Splits a text, at most `most` rows of it.
    fn read(text: &str, separator: u8, most: usize) -> Self {
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.as_bytes());
        let mut grid = Self {
            // No cell is longer than it was written: nothing is left behind by growing.
            text: Zeroizing::new(String::with_capacity(text.len())),
            ends: Vec::new(),
            rows: Vec::new(),
            width: 0,
        };
        let mut line = 0;
        let mut record = ::csv::StringRecord::new();
        // Of memory there is no other error than characters that are no text, and this is text.
        while grid.rows.len() < most && reader.read_record(&mut record).unwrap_or(false) {
            let start = record.position().map_or(0, ::csv::Position::byte);
            line += 1 + empty_lines(text, usize::try_from(start).unwrap_or(usize::MAX));
            grid.push(line, &record);
        }
        grid
    }

    fn push(&mut self, line: u32, record: &::csv::StringRecord) {
        let says = |column: &usize| {
            record
                .get(*column)
                .is_some_and(|cell| !cell.trim().is_empty())
        };
        let Some(last) = (0..record.len().min(MOST_COLUMNS)).rev().find(says) else {
            return;
        };
        // 20 megabytes of the narrowest encoding are less than 4 gigabytes of text.
        let length = |length| u32::try_from(length).unwrap_or(u32::MAX);
        let first = length(self.ends.len());
        for cell in record.iter().take(last + 1) {
            self.text.push_str(cell);
            self.ends.push(length(self.text.len()));
        }
        let cells = first..length(self.ends.len());
        self.rows.push(Place { line, cells });
        self.width = self.width.max(last + 1);
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|place| {
            let first = place.cells.start as usize;
            let before = first.checked_sub(1).and_then(|left| self.ends.get(left));
            Row {
                line: place.line,
                text: &self.text,
                start: before.copied().unwrap_or(0),
                ends: self
                    .ends
                    .get(first..place.cells.end as usize)
                    .unwrap_or_default(),
            }
        })
    }
}

/// Empty lines at `start`, where the reader stood before it skipped them.
fn empty_lines(text: &str, start: usize) -> u32 {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied();
    // The other half of the break that ended the line before.
    let half = start > 0 && at(start - 1) == Some(b'\r') && at(start) == Some(b'\n');
    let mut place = start + usize::from(half);
    let mut lines = 0;
    while let Some(b'\r' | b'\n') = at(place) {
        lines += 1;
        place += match (at(place), at(place + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 1,
        };
    }
    lines
}

/// The separator that a first line `sep=;` tells, and the text after that line, which spreadsheet
/// programs neither show nor count.
fn said_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_at(text.find(['\r', '\n']).unwrap_or(text.len()));
    let said = line.trim_matches('"');
    let separator = match said.get(..4) {
        Some(key) if key.eq_ignore_ascii_case("sep=") => said.as_bytes().get(4..)?,
        _ => return None,
    };
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    match separator {
        [separator] if SEPARATORS.contains(separator) => Some((*separator, rest)),
        _ => None,
    }
}

/// The separator by which most headings make sense, or else by which the first lines have the same
/// number of cells.
fn guessed_separator(text: &str) -> u8 {
    let sample = match text.len() > SAMPLE {
        true => {
            let cut = text.floor_char_boundary(SAMPLE);
            let whole = text.get(..cut).unwrap_or_default();
            // The last line is cut off.
            whole.rsplit_once('\n').map_or(whole, |(lines, _)| lines)
        }
        false => text,
    };
    let score = |separator: u8| {
        let grid = Grid::read(sample, separator, 50);
        let headings = grid.rows().next();
        let known = headings.map_or(0, |row| {
            row.cells().filter(|c| columns::is_heading(c)).count()
        });
        let mut counts = [0_usize; MOST_COLUMNS + 1];
        for row in grid.rows().filter(|row| row.ends.len() > 1) {
            if let Some(count) = counts.get_mut(row.ends.len()) {
                *count += 1;
            }
        }
        let even = counts.iter().max().copied().unwrap_or(0);
        // In tenths, so that one odd line does not decide.
        (known, even * 10 / grid.rows.len().max(1))
    };
    let best = SEPARATORS.into_iter().rev().max_by_key(|s| score(*s));
    best.unwrap_or(b';')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, separator: u8) -> Vec<(u32, Vec<String>)> {
        let grid = Grid::read(text, separator, usize::MAX);
        let cells = |row: Row<'_>| row.cells().map(str::to_owned).collect();
        grid.rows().map(|row| (row.line, cells(row))).collect()
    }

    #[test]
    fn lines_are_counted_as_spreadsheets_count_them() {
        let row = |line, cells: &[&str]| (line, cells.iter().map(|c| (*c).to_owned()).collect());
        for text in [
            "a;b\n\nc;\"d\ne\"\n;;\n  \nf;g",
            "a;b\r\n\r\nc;\"d\ne\"\r\n;;\r\n  \r\nf;g\r\n\r\n",
            "a;b\r\rc;\"d\ne\"\r;;\r  \rf;g\r",
        ] {
            let expected = [
                row(1, &["a", "b"]),
                row(3, &["c", "d\ne"]),
                row(6, &["f", "g"]),
            ];
            assert_eq!(rows(text, b';'), expected, "{text:?}");
        }
        assert_eq!(rows("\n\r\n\na", b';'), [row(4, &["a"])]);
        assert_eq!(rows("", b';'), []);
    }

    #[test]
    fn what_keeps_a_cell_from_being_a_number_or_a_formula_is_taken_off() {
        for (written, read) in [
            ("=\"5544999990101\"", "5544999990101"),
            ("'+55 44", "+55 44"),
            ("''=x", "'=x"),
            ("'=\"1\"", "=\"1\""),
            ("'Ana'", "'Ana'"),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("=1+1", "=1+1"),
            ("=\"", "=\""),
        ] {
            assert_eq!(plain(written), read, "{written}");
        }
    }

    #[test]
    fn the_separator_is_the_one_that_splits_the_lines_evenly() {
        for (text, separator) in [
            ("Nome;Instância;Token\nA, B;1;2\n", b';'),
            ("name,address,token\n\"A; B\",1,2\n", b','),
            ("Nome\tID\tToken\nA, B; C\t1\t2\n", b'\t'),
            // No headings, and commas in all names.
            ("A, B;3C00FAKE;7A\nC, D;3C01FAKE;7B\n", b';'),
            ("\"A;B\",3C00FAKE,7A\n\"C;D\",3C01FAKE,7B\n", b','),
            ("Valor;10,50\nOutro;20,30\n", b';'),
            ("\"a,b\nc;d\",e\n\"f;g\",h\n", b','),
        ] {
            assert_eq!(guessed_separator(text), separator, "{text}");
        }
    }

    #[test]
    fn excels_own_line_about_the_separator_is_obeyed_and_not_counted() {
        for (text, separator, rest) in [
            ("sep=;\r\nNome,x;Token", b';', "Nome,x;Token"),
            ("SEP=,\nNome;x,Token", b',', "Nome;x,Token"),
            ("\"sep=\t\"\nNome;x\tToken", b'\t', "Nome;x\tToken"),
        ] {
            assert_eq!(said_separator(text), Some((separator, rest)), "{text:?}");
        }
        assert_eq!(said_separator("sep=|\nNome"), None);
        assert_eq!(said_separator("separação;x\nNome"), None);
        let table = Table::read(b"sep=;\r\nNome;ID\r\nA;3C00FAKE1\r\n".to_vec()).ok();
        let lines: Vec<u32> = table.unwrap().lines().map(|row| row.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn what_is_no_table_is_said_to_be_none() {
        let code = |bytes: &[u8]| {
            Table::read(bytes.to_vec())
                .err()
                .map(|failure| failure.code)
        };
        for bytes in [
            &b""[..],
            b"\xef\xbb\xbf",
            b"\r\n\r\n;;;\r\n",
            b"sep=;\r\n",
            b"PK\x03\x04\x14\x00\x06\x00",
            b"Dear customer\nhow are you\n",
        ] {
            assert_eq!(code(bytes), Some(ErrorCode::NotATable), "{bytes:?}");
        }
        assert_eq!(code(b"Nome\nPadaria\n"), None);
        assert_eq!(
            code(b"https://api.z-api.io/instances/3C00FAKE1/token/FAKE1/send-text\n"),
            None
        );
        let large = Table::read(vec![b'a'; MOST_MEGABYTES * 1024 * 1024 + 1])
            .err()
            .unwrap();
        assert_eq!(large.code, ErrorCode::FileTooLarge);
        assert_eq!(
            large.params.get("megabytes").map(String::as_str),
            Some("20")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(table) = Table::read(bytes) {
                prop_assert!(table.guessed.len() == table.width() && table.width() <= MOST_COLUMNS);
                let lines: Vec<u32> = table.lines().map(|row| row.line).collect();
                prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }

        #[test]
        fn any_table_is_read_as_it_was_written(
            cells in (1..5usize).prop_flat_map(|width| proptest::collection::vec(
                proptest::collection::vec("[ -~\t\r\né“ç;,\"=']{0,8}", width), 1..8)),
            separator in proptest::sample::select(&SEPARATORS),
            encoding in 0..5usize,
            crlf in any::<bool>(),
        ) {
            let mut writer = ::csv::WriterBuilder::new()
                .delimiter(separator)
                .terminator(if crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') })
                .from_writer(Vec::new());
            // With a heading and a line of their own for the guesses to hold on to.
            let headings = ["Nome", "ID da instância", "Token", "Telefone", "Obs"];
            let width = cells[0].len() + 1;
            writer.write_record(&headings[..width]).unwrap();
            for row in &cells {
                writer.write_record(std::iter::once("x").chain(row.iter().map(String::as_str))).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let utf16 = |unit: fn(u16) -> [u8; 2]| {
                let marked = format!("\u{feff}{text}");
                marked.encode_utf16().flat_map(unit).collect()
            };
            let bytes: Vec<u8> = match encoding {
                0 => text.clone().into_bytes(),
                1 => format!("\u{feff}{text}").into_bytes(),
                2 => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
                3 => utf16(u16::to_le_bytes),
                _ => utf16(u16::to_be_bytes),
            };
            let table = Table::read(bytes).map_err(|failure| failure.code).unwrap();
            prop_assert_eq!(table.separator, separator);
            prop_assert!(table.has_headings);
            let lines: Vec<Row<'_>> = table.lines().collect();
            prop_assert_eq!(lines.len(), cells.len());
            for (place, (line, row)) in lines.iter().zip(&cells).enumerate() {
                prop_assert_eq!(line.line as usize, place + 2);
                for (column, cell) in row.iter().enumerate() {
                    let read = line.as_written(column + 1);
                    let past = cell.trim().is_empty() && read.is_empty();
                    prop_assert!(past || read == cell, "{:?} is {:?}", read, cell);
                }
            }
        }

        #[test]
        fn any_text_is_a_table_or_refused(text in "[Nnome;,\t\"'=\r\n0-9A-Fé]{0,200}") {
            if let Ok(table) = Table::read(text.into_bytes()) {
                prop_assert_eq!(table.guessed.len(), table.width());
            }
        }
    }
}
