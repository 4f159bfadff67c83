//! Files for spreadsheet programs: the customers, and a table to fill in.

use std::collections::HashMap;

use super::beside;
use crate::customers::{ConnectionStatus, CustomerQuery};
use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::instance::InstanceType;
use crate::phone;
use crate::store::CustomerRecord;

/// The instance id in the template's example. No id has its last character, so that a line left
/// behind is a mistake and no customer.
pub const EXAMPLE_ID: &str = "3C00FAKE…";

/// The token in the template's example; the same.
pub const EXAMPLE_TOKEN: &str = "7A00FAKE…";

/// The words of a file with customers, in the agent's language.
pub struct ExportWords {
    /// Of the columns: name, number, instance id, account, status, type, language, note, labels.
    pub headings: [String; 9],
    /// Of each status.
    pub statuses: HashMap<ConnectionStatus, String>,
    /// Of each kind of instance.
    pub instance_types: HashMap<InstanceType, String>,
    /// Between fields.
    pub separator: u8,
}

/// The words of the table to fill in, in the agent's language.
pub struct TemplateWords<'a> {
    /// Of the columns: name, address, token, number, language, note, labels.
    pub headings: [&'a str; 7],
    /// The name in the example.
    pub name: &'a str,
    /// The number in it.
    pub phone: &'a str,
    /// The tag of the language in it.
    pub language: &'a str,
    /// The note in it.
    pub note: &'a str,
    /// The labels in it.
    pub labels: &'a str,
    /// Between fields.
    pub separator: u8,
}

impl Desk {
    /// All customers that match, as a file that spreadsheet programs open by a double click and that
    /// can be imported again. Nothing secret is in it.
    pub async fn export_customers(
        &self,
        query: &CustomerQuery,
        words: ExportWords,
    ) -> Result<Vec<u8>> {
        let customers = self.store.all_customers(query).await?;
        let accounts = self.store.account_records().await?.into_iter();
        let accounts = accounts.map(|account| (account.id, account.name));
        let accounts: HashMap<String, String> = accounts.collect();
        beside(move || export(&customers, &accounts, &words)).await?
    }
}

/// `accounts`: their names, by id.
fn export(
    customers: &[CustomerRecord],
    accounts: &HashMap<String, String>,
    words: &ExportWords,
) -> Result<Vec<u8>> {
    let records = customers.iter().map(|customer| {
        let instance_type = customer.instance_type.as_ref();
        let of_type = instance_type.and_then(|kind| words.instance_types.get(kind));
        let labels: Vec<&str> = customer.labels().collect();
        [
            customer.name.clone(),
            customer.phone.as_deref().map(spelt).unwrap_or_default(),
            customer.instance_id.clone(),
            accounts
                .get(&customer.account_id)
                .cloned()
                .unwrap_or_default(),
            words
                .statuses
                .get(&customer.status)
                .cloned()
                .unwrap_or_default(),
            of_type.cloned().unwrap_or_default(),
            customer.language.tag().to_owned(),
            customer.note.clone(),
            labels.join(", "),
        ]
    });
    let headings = words.headings.each_ref().map(String::as_str);
    file(words.separator, headings, records)
}

/// The table to fill in, with an example in it.
///
/// # Errors
/// [`ErrorCode::Internal`], if a row could not be written into memory.
pub fn template(words: &TemplateWords<'_>) -> Result<Vec<u8>> {
    let example = [
        words.name,
        EXAMPLE_ID,
        EXAMPLE_TOKEN,
        words.phone,
        words.language,
        words.note,
        words.labels,
    ];
    let example = example.map(str::to_owned);
    file(words.separator, words.headings, std::iter::once(example))
}

/// A table as spreadsheet programs open it by a double click: with a byte order mark, without which
/// they take UTF-8 for something older, and with every text kept from being read as a formula.
///
/// # Errors
/// [`ErrorCode::Internal`], if a row could not be written into memory.
pub fn file<const N: usize>(
    separator: u8,
    headings: [&str; N],
    records: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>> {
    let mut file = ::csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(::csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let internal = |error: ::csv::Error| {
        log::error!("no CSV: {error}");
        Failure::from(ErrorCode::Internal)
    };
    file.write_record(headings).map_err(internal)?;
    for record in records {
        file.write_record(record.map(no_formula))
            .map_err(internal)?;
    }
    file.into_inner().map_err(|error| {
        log::error!("no CSV: {error}");
        ErrorCode::Internal.into()
    })
}

/// Spreadsheet programs run what begins like a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>); the import takes the apostrophe off.
fn no_formula(text: String) -> String {
    match is_like_formula(&text) {
        true => format!("'{text}"),
        false => text,
    }
}

/// Whether a text begins like a formula, with apostrophes in front or without: so one more can be put
/// in front and be taken off again, whatever was there.
pub fn is_like_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A number as people write it, since spreadsheet programs round a long row of digits; with its
/// country code where it would be read as another's.
fn spelt(digits: &str) -> String {
    let shown = phone::display(digits);
    match phone::parse(&shown) {
        Ok(Some(read)) if read == digits => shown,
        _ => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::CsvColumn;
    use super::super::line::{Columns, Line};
    use super::super::table::Table;
    use super::*;
    use crate::customers::Typed;
    use crate::language::Language;

    fn customer(name: &str, phone: &str, note: &str, labels: &str) -> Option<CustomerRecord> {
        // As the desk stores them.
        let mut problems = Vec::new();
        let typed = Typed::read(name, phone, note, labels, &mut problems);
        let customer = typed.customer("a".into(), "3C00FAKE1".into(), Language::Spanish);
        problems.is_empty().then_some(CustomerRecord {
            token_hint: Some("WXYZ".into()),
            status: ConnectionStatus::Offline,
            instance_type: Some(InstanceType::Web),
            ..customer
        })
    }

    const PORTUGUESE: [&str; 9] = [
        "Nome",
        "Número",
        "ID da instância",
        "Conta",
        "Situação",
        "Tipo",
        "Idioma",
        "Observação",
        "Etiquetas",
    ];

    fn written(customers: &[CustomerRecord], separator: u8) -> Vec<u8> {
        let words = ExportWords {
            headings: PORTUGUESE.map(str::to_owned),
            statuses: [(ConnectionStatus::Offline, "Desconectado".into())].into(),
            instance_types: [(InstanceType::Web, "Web".into())].into(),
            separator,
        };
        let accounts = [("a".into(), "Agência; Litoral".into())].into();
        export(customers, &accounts, &words).unwrap()
    }

    fn read(file: Vec<u8>) -> Vec<Line> {
        let table = Table::read(file).map_err(|failure| failure.code).unwrap();
        let lines = Columns::new(&table, &table.guessed).lines(false, |_| false);
        lines.collect()
    }

    #[test]
    fn an_export_opens_as_a_table_and_holds_no_formula_and_no_secret() {
        let rows = [
            customer("=CMD(\"a;b\")", "44999990101", "-1\nlinha", "@vip, b").unwrap(),
            customer("Ana", "+1 650 253 0000", "", "").unwrap(),
        ];
        let file = String::from_utf8(written(&rows, b';')).unwrap();
        assert_eq!(
            file,
            "\u{feff}Nome;Número;ID da instância;Conta;Situação;Tipo;Idioma;Observação;Etiquetas\r\n\
             \"'=CMD(\"\"a;b\"\")\";(44) 99999-0101;3C00FAKE1;\"Agência; Litoral\";Desconectado;Web;es;\"'-1\nlinha\";'@vip, b\r\n\
             Ana;'+1 650-253-0000;3C00FAKE1;\"Agência; Litoral\";Desconectado;Web;es;;\r\n"
        );
    }

    #[test]
    fn the_template_is_understood_and_its_example_is_no_customer() {
        let words = TemplateWords {
            headings: [
                "Nome",
                "ID da instância ou endereço",
                "Token da instância",
                "Número",
                "Idioma",
                "Observação",
                "Etiquetas",
            ],
            name: "Padaria Aurora",
            phone: "(44) 99999-0101",
            language: "pt-BR",
            note: "",
            labels: "vip, atacado",
            separator: b';',
        };
        let file = template(&words).unwrap();
        assert!(file.starts_with("\u{feff}Nome;".as_bytes()));
        let table = Table::read(file).map_err(|failure| failure.code).unwrap();
        use CsvColumn as C;
        let all = [
            C::Name,
            C::Address,
            C::Token,
            C::Phone,
            C::Language,
            C::Note,
            C::Labels,
        ];
        assert_eq!(table.guessed, all.map(Some));
        let lines = Columns::new(&table, &table.guessed).lines(true, |_| false);
        let lines: Vec<Line> = lines.collect();
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].is_ready());
    }

    proptest! {
        #[test]
        fn any_text_comes_back_out_of_its_guard(text in "['=+@\t\r\n\"a -]{0,6}") {
            let guarded = no_formula(text.clone());
            prop_assert!(!guarded.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(super::super::table::plain(&guarded), text);
        }

        #[test]
        fn any_export_can_be_imported_again_as_it_was(
            customers in proptest::collection::vec(
                (
                    "\\PC{1,20}",
                    "['=+@;,\"\ta-c\r\n -]{0,8}",
                    proptest::collection::vec("\\PC{0,8}", 0..4),
                    proptest::sample::select(vec!["", "44999990101", "554433330101", "+16502530000"]),
                ),
                1..6,
            ),
            separator in proptest::sample::select(b";,".as_slice()),
        ) {
            let customers = customers.iter().enumerate().filter_map(|(place, (name, note, labels, phone))| {
                let instance_id = format!("3C00FAKE{place}");
                let customer = customer(name, phone, note, &labels.join(","))?;
                Some(CustomerRecord { instance_id, ..customer })
            });
            let customers: Vec<_> = customers.collect();
            prop_assume!(!customers.is_empty());
            let lines = read(written(&customers, separator));
            prop_assert_eq!(lines.len(), customers.len());
            for (line, customer) in lines.into_iter().zip(customers) {
                prop_assert!(line.problems.is_empty(), "{:?}", line.problems);
                prop_assert_eq!(line.language, Some(customer.language));
                prop_assert_eq!(line.instance_id, Some(customer.instance_id));
                prop_assert_eq!(line.typed.name, customer.name);
                prop_assert_eq!(line.typed.phone, customer.phone);
                prop_assert_eq!(line.typed.note, customer.note);
                prop_assert_eq!(line.typed.labels, customer.labels);
            }
        }

        #[test]
        fn any_number_is_spelt_so_that_it_is_read_again(typed in "\\+?[0-9 ()-]{3,20}") {
            if let Ok(Some(digits)) = phone::parse(&typed) {
                prop_assert_eq!(phone::parse(&spelt(&digits)), Ok(Some(digits)));
            }
        }
    }
}
