//! One line of a file as a customer.

use std::collections::HashMap;

use secrecy::SecretString;

use super::columns;
use super::table::{Row, Table};
use super::{CsvColumn, CsvLine};
use crate::customers::{Pasted, Typed};
use crate::input::{Field, Problem, ProblemCode};
use crate::language::Language;
use crate::phone;

/// A line, read. It holds a secret: Debug is not derived.
pub struct Line {
    /// Its number in the file.
    pub number: u32,
    /// What the desk says of the customer.
    pub typed: Typed,
    /// The customer's language; `None`: not said, or none of Ponte's.
    pub language: Option<Language>,
    /// The instance.
    pub instance_id: Option<String>,
    /// Its token.
    pub token: Option<SecretString>,
    /// Its instance is a customer already.
    pub known: bool,
    /// Its mistakes.
    pub problems: Vec<Problem>,
}

impl Line {
    /// It can be added.
    pub fn is_ready(&self) -> bool {
        !self.known && self.problems.is_empty()
    }

    /// What a window shows of it.
    pub fn shown(self) -> CsvLine {
        CsvLine {
            line: self.number,
            has_token: self.token.is_some(),
            phone_display: self.typed.phone.as_deref().map(phone::display),
            labels: self.typed.labels.lines().map(str::to_owned).collect(),
            name: self.typed.name,
            instance_id: self.instance_id,
            known: self.known,
            problems: self.problems,
        }
    }
}

/// Where in a row each value stands.
pub struct Columns<'a> {
    table: &'a Table,
    places: HashMap<CsvColumn, Place>,
}

#[derive(Clone, Copy)]
struct Place {
    column: usize,
    /// Tokens stand there: they are no use as anything else, and must not be shown or stored as it.
    holds_tokens: bool,
}

impl<'a> Columns<'a> {
    /// `said`: what each column holds; of two that hold the same the first counts.
    pub fn new(table: &'a Table, said: &[Option<CsvColumn>]) -> Self {
        let mut places = HashMap::new();
        for (column, kind) in said.iter().enumerate().take(table.width()) {
            let Some(kind) = kind else { continue };
            let heading = table.headings().map_or("", |row| row.cell(column));
            let headed = columns::says_token(heading);
            let guessed = table.guessed.get(column) == Some(&Some(CsvColumn::Token));
            let holds_tokens = match kind {
                CsvColumn::Token => false,
                // Which of two columns without headings holds the ids is for the agent to say.
                CsvColumn::Address => headed,
                _ => headed || guessed,
            };
            places.entry(*kind).or_insert(Place {
                column,
                holds_tokens,
            });
        }
        Self { table, places }
    }

    /// The lines below the headings. `needs_token`: a customer without one would be of no use;
    /// `is_known`: whether an instance is a customer already.
    pub fn lines(
        self,
        needs_token: bool,
        is_known: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = Line> {
        let mut seen: HashMap<String, u32> = HashMap::new();
        self.table.lines().map(move |row| {
            let mut line = self.read(row, needs_token);
            let Some(id) = &line.instance_id else {
                return line;
            };
            line.known = is_known(id);
            if line.known {
                // Left alone, whatever else stands in it.
                line.problems.clear();
            } else if let Some(first) = seen.get(id) {
                let repeated = Problem::new(Field::Address, ProblemCode::Repeated);
                line.problems.push(repeated.with("line", first));
            } else {
                seen.insert(id.clone(), line.number);
            }
            line
        })
    }

    fn read(&self, row: Row<'_>, needs_token: bool) -> Line {
        let place = |kind| self.places.get(&kind);
        let cell = |kind| place(kind).map_or("", |place| row.cell(place.column));
        let mut problems = Vec::new();
        let mut kept = |kind, field| {
            let text = cell(kind);
            let in_column = place(kind).is_some_and(|place| place.holds_tokens);
            let in_cell = kind != CsvColumn::Address && columns::is_whole_address(text);
            if text.trim().is_empty() || !(in_column || in_cell) {
                return text;
            }
            problems.push(Problem::new(field, ProblemCode::IsInstanceToken));
            ""
        };
        let name = kept(CsvColumn::Name, Field::Name);
        let address = kept(CsvColumn::Address, Field::Address);
        let note = kept(CsvColumn::Note, Field::Note);
        let labels = kept(CsvColumn::Labels, Field::Labels);
        let mut more = Vec::new();
        let number = whole_number(cell(CsvColumn::Phone));
        let typed = Typed::read(name, number, note, labels, &mut more);
        let token = Some(cell(CsvColumn::Token));
        let pasted = Pasted::read(address, token, |_| !needs_token, &mut more);
        // What is refused is not missing as well.
        more.retain(|other| problems.iter().all(|told| told.field != other.field));
        problems.extend(more);
        Line {
            number: row.line,
            typed,
            language: columns::language(cell(CsvColumn::Language)),
            instance_id: pasted.instance_id,
            token: pasted.token,
            known: false,
            problems,
        }
    }
}

/// A number that a program took for one and gave decimals.
fn whole_number(cell: &str) -> &str {
    let digits = |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_digit());
    match cell.trim().split_once(['.', ',']) {
        Some((whole, "0" | "00")) if digits(whole) => whole,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn table(file: &str) -> Table {
        Table::read(file.as_bytes().to_vec())
            .map_err(|f| f.code)
            .unwrap()
    }

    fn lines(file: &str, needs_token: bool) -> Vec<Line> {
        let table = table(file);
        let is_known = |id: &str| id == "3C00KNOWN1";
        let lines = Columns::new(&table, &table.guessed).lines(needs_token, is_known);
        lines.collect()
    }

    fn problems(line: &Line) -> Vec<(Field, ProblemCode)> {
        line.problems.iter().map(|p| (p.field, p.code)).collect()
    }

    #[test]
    fn a_line_is_read_as_the_form_reads_what_is_typed() {
        let file = "Nome;Instância;Token;Telefone;Idioma;Obs;Etiquetas\n  \
             Padaria   Aurora ;3C00FAKE1; \"\"\"7A00FAKE1\"\"\" ;(44) 99999-0101;Espanhol;\" liga\ncedo \";vip, Atacado,VIP\n";
        let [line] = &lines(file, true)[..] else {
            panic!("one line")
        };
        assert!(line.is_ready(), "{:?}", line.problems);
        assert_eq!(line.number, 2);
        assert_eq!(line.typed.name, "Padaria Aurora");
        assert_eq!(line.instance_id.as_deref(), Some("3C00FAKE1"));
        let token = line.token.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(token, Some("7A00FAKE1"));
        assert_eq!(line.typed.phone.as_deref(), Some("5544999990101"));
        assert_eq!(line.language, Some(Language::Spanish));
        assert_eq!(line.typed.note, "liga\ncedo");
        assert_eq!(line.typed.labels, "vip\nAtacado");
    }

    #[test]
    fn every_mistake_is_told_with_its_field() {
        use {Field as F, ProblemCode as P};
        let file = "Nome;Instância;Token;Telefone\n\
            ;3C00FAKE1;T1;\n\
            A;;T2;\n\
            B;3C00FAKE3;;\n\
            C;3C00FAKE4;T4;5,54499E+12\n\
            D;3C00FAKE5;T5;99\n\
            E;3C00FAKE6;3C00FAKE6;\n\
            F;https://api.z-api.io/instances/3C00FAKE7;T7;\n\
            G;3C00FAKE8;two words;\n\
            H;3C00FAKE3;T9;\n\
            I;3C00KNOWN1;;5,54499E+12\n";
        let lines = lines(file, true);
        let told: Vec<_> = lines.iter().map(problems).collect();
        assert_eq!(
            told,
            [
                vec![(F::Name, P::Missing)],
                vec![(F::Address, P::Missing)],
                vec![(F::Token, P::Missing)],
                vec![(F::Phone, P::PhoneNotUnderstood)],
                vec![(F::Phone, P::PhoneNotPossible)],
                vec![(F::Token, P::IsInstanceId)],
                vec![(F::Address, P::HalfAnAddress)],
                vec![(F::Token, P::HasSpaces)],
                vec![(F::Address, P::Repeated)],
                vec![],
            ]
        );
        assert_eq!(lines[8].problems[0].params.get("line").unwrap(), "4");
        assert!(lines[9].known && !lines[9].is_ready(), "left alone");
    }

    #[test]
    fn a_partner_token_makes_instance_tokens_needless() {
        let file = "Nome;Instância\nA;3C00FAKE1\n";
        assert_eq!(
            problems(&lines(file, true)[0]),
            [(Field::Token, ProblemCode::Missing)]
        );
        assert!(lines(file, false)[0].is_ready());
    }

    #[test]
    fn numbers_come_out_of_what_spreadsheets_wrap_around_them_whole_or_not_at_all() {
        for (written, read) in [
            ("=\"5544999990101\"", Some("5544999990101")),
            ("'5544999990101", Some("5544999990101")),
            ("'+55 44 99999-0101", Some("5544999990101")),
            ("5544999990101,00", Some("5544999990101")),
            ("5544999990101.0", Some("5544999990101")),
            ("5,54499E+12", None),
            ("5.54499E+12", None),
            ("5,54E12", None),
        ] {
            let quoted = written.replace('"', "\"\"");
            let file = format!("Nome;Instância;Token;Telefone\nA;3C00FAKE1;T;\"{quoted}\"\n");
            let line = lines(&file, true).remove(0);
            assert_eq!(line.typed.phone.as_deref(), read, "{written}");
            let expected = match read {
                Some(_) => vec![],
                None => vec![(Field::Phone, ProblemCode::PhoneNotUnderstood)],
            };
            assert_eq!(problems(&line), expected, "{written}");
        }
    }

    #[test]
    fn a_column_of_tokens_is_of_no_use_as_anything_that_is_shown_or_stored() {
        use CsvColumn::{Address, Labels, Name, Note};
        let refused = |file: &str, said: &[Option<CsvColumn>]| {
            let table = table(file);
            let line = Columns::new(&table, said)
                .lines(false, |_| false)
                .next()
                .unwrap();
            let refused = problems(&line);
            let stored = format!("{:?}", line.typed);
            let shown = format!("{stored} {:?}", line.shown());
            assert!(!shown.contains("7A00FAKE"), "{shown}");
            let is = |p: &&(Field, ProblemCode)| p.1 == ProblemCode::IsInstanceToken;
            refused.iter().filter(is).map(|p| p.0).collect::<Vec<_>>()
        };
        let headed = "Nome;Instância;Token\nA;3C00FAKE1;7A00FAKE1\n";
        let none = None::<CsvColumn>;
        for (kind, field) in [
            (Name, Field::Name),
            (Address, Field::Address),
            (Note, Field::Note),
            (Labels, Field::Labels),
        ] {
            assert_eq!(
                refused(headed, &[none, none, Some(kind)]),
                [field],
                "{kind:?}"
            );
        }
        let bare = "A;3C00FAKE00000000AA01;7A00FAKE00000000AA01\n";
        assert_eq!(refused(bare, &[none, none, Some(Name)]), [Field::Name]);
        let address = "A;https://api.z-api.io/instances/3C00FAKE1/token/7A00FAKE1\n";
        assert_eq!(refused(address, &[none, Some(Note)]), [Field::Note]);
    }
}
