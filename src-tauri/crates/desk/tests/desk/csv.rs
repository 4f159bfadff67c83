//! Customers out of a spreadsheet, and into one.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::accounts::{Account, Saved};
use desk::clock::SystemClock;
use desk::customers::{ConnectionStatus, CustomerQuery, CustomerRow};
use desk::desk::Event;
use desk::input::{Field, ProblemCode};
use desk::instance::InstanceType;
use desk::roster::csv::export::ExportWords;
use desk::roster::csv::{CsvColumn, CsvEncoding, CsvResult, CsvStop};
use desk::vault::{Holder, Keep, SecretStore, Secrets, Vault, VaultError};
use desk::{Config, Desk, ErrorCode, Language};

use crate::setup::{CLIENT_TOKEN, account, account_form, form};

/// What every token in these files begins with.
const TOKEN: &str = "7A00FAKETOKEN";

/// What a keychain does before it saves a customer's secrets: the number of the saving, from 1.
type BeforeSaving = Box<dyn FnMut(usize) -> Result<(), VaultError> + Send>;

/// A keychain that can be looked into, and that fails when it is told to.
#[derive(Default)]
struct Keychain {
    held: Mutex<HashMap<String, Secrets>>,
    savings: Mutex<usize>,
    before: Mutex<Option<BeforeSaving>>,
}

impl Keychain {
    fn before_saving(&self, before: impl FnMut(usize) -> Result<(), VaultError> + Send + 'static) {
        *self.savings.lock().unwrap() = 0;
        *self.before.lock().unwrap() = Some(Box::new(before));
    }

    fn works_again(&self) {
        *self.before.lock().unwrap() = None;
    }

    fn customers(&self) -> usize {
        let held = self.held.lock().unwrap();
        held.keys().filter(|k| k.starts_with("customer/")).count()
    }
}

impl SecretStore for Keychain {
    fn load(&self, holder: &Holder) -> Result<Option<Secrets>, VaultError> {
        Ok(self.held.lock().unwrap().get(holder.as_str()).cloned())
    }

    fn save(&self, holder: &Holder, secrets: &Secrets) -> Result<(), VaultError> {
        if holder.as_str().starts_with("customer/") {
            let mut savings = self.savings.lock().unwrap();
            *savings += 1;
            if let Some(before) = &mut *self.before.lock().unwrap() {
                before(*savings)?;
            }
        }
        let mut held = self.held.lock().unwrap();
        held.insert(holder.as_str().to_owned(), secrets.clone());
        Ok(())
    }

    fn delete(&self, holder: &Holder) -> Result<(), VaultError> {
        self.held.lock().unwrap().remove(holder.as_str());
        Ok(())
    }
}

/// A desk with an account, in a folder of its own.
struct Office {
    desk: Arc<Desk>,
    account: Account,
    keychain: Arc<Keychain>,
    folder: PathBuf,
}

impl Office {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("ponte-csv-{}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).unwrap();
        let keychain = Arc::new(Keychain::default());
        let desk = open(&folder, &keychain).await;
        let account = account(&desk).await;
        Self {
            desk,
            account,
            keychain,
            folder,
        }
    }

    async fn import(&self, file: &[u8]) -> CsvResult {
        self.import_into(&self.account, file, Keep::Keychain).await
    }

    async fn import_into(&self, account: &Account, file: &[u8], keep: Keep) -> CsvResult {
        self.desk.read_csv(file.to_vec()).await.unwrap();
        let preview = self.desk.preview_csv(&account.id, None).await.unwrap();
        let columns = preview.columns;
        self.desk
            .import_csv(&account.id, columns, keep)
            .await
            .unwrap()
    }

    async fn customers(&self) -> Vec<CustomerRow> {
        let query = CustomerQuery {
            limit: 500,
            ..CustomerQuery::default()
        };
        self.desk.customers(&query).await.unwrap().rows
    }

    async fn names(&self) -> Vec<String> {
        let customers = self.customers().await.into_iter();
        customers.map(|customer| customer.name).collect()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn open(folder: &std::path::Path, keychain: &Arc<Keychain>) -> Arc<Desk> {
    let keychain = Arc::clone(keychain) as Arc<dyn SecretStore>;
    let config = Config {
        folder: Some(folder.to_owned()),
        vault: Vault::new(keychain, Duration::from_secs(5)),
        fixed_address: Some("http://127.0.0.1:9".into()),
        clock: Arc::new(SystemClock),
    };
    Desk::open(config).await.unwrap()
}

/// A file with customers "Cliente 001" and so on.
fn file(lines: usize) -> String {
    let lines = (1..=lines).map(|n| format!("Cliente {n:03};3C00FAKE{n};{TOKEN}{n}\r\n"));
    format!("Nome;Instância;Token\r\n{}", lines.collect::<String>())
}

fn result(added: u32, known: u32, wrong: u32) -> CsvResult {
    CsvResult {
        added,
        known,
        wrong,
        stopped: None,
    }
}

/// Byte for byte what Excel in Portuguese writes for "CSV (separado por vírgulas)": Windows-1252,
/// semicolons, and a long number as it was shown.
const EXCEL: &[u8] = b"Cliente;ID da inst\xe2ncia;Token;Telefone;Idioma;Observa\xe7\xe3o;Etiquetas\r\n\
    Padaria S\xe3o Jo\xe3o;3C00FAKE1;7A00FAKETOKEN1;(44) 99999-0101;;\"Liga \"\"cedo\"\"\nou \xe0 tarde\";vip, atacado\r\n\
    Cl\xednica \x96 Vida;https://api.z-api.io/instances/3C00FAKE2/token/7A00FAKETOKEN2/send-text;;44999990102;espanhol;;\r\n\
    \xd3tica;3C00FAKE3;7A00FAKETOKEN3;5,54499E+12;;;\r\n\
    ;;;;;;\r\n\
    Sem token;3C00FAKE4;;;;;\r\n";

#[tokio::test]
async fn what_a_brazilian_spreadsheet_writes_becomes_customers() {
    let office = Office::new().await;
    office.desk.read_csv(EXCEL.to_vec()).await.unwrap();
    let preview = office.desk.preview_csv(&office.account.id, None).await;
    let preview = preview.unwrap();
    assert_eq!(preview.separator, ";");
    assert_eq!(preview.encoding, CsvEncoding::Windows1252);
    assert_eq!(preview.headings[1], "ID da instância");
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
    assert_eq!(preview.columns, all.map(Some));
    assert_eq!((preview.ready, preview.known, preview.wrong), (2, 0, 2));
    let lines: Vec<_> = preview.lines.iter().map(|line| line.line).collect();
    assert_eq!(lines, [4, 6, 2, 3], "those with mistakes come first");
    let told = |place: usize| {
        let problem = &preview.lines[place].problems[0];
        (problem.field, problem.code)
    };
    assert_eq!(told(0), (Field::Phone, ProblemCode::PhoneNotUnderstood));
    assert_eq!(told(1), (Field::Token, ProblemCode::Missing));
    let first = &preview.lines[2];
    assert_eq!(first.name, "Padaria São João");
    assert_eq!(first.phone_display.as_deref(), Some("(44) 99999-0101"));
    assert!(first.has_token && preview.lines[3].has_token && !preview.lines[1].has_token);

    let done = office
        .desk
        .import_csv(&office.account.id, preview.columns, Keep::Keychain)
        .await;
    assert_eq!(done, Ok(result(2, 0, 2)));
    let customers = office.customers().await;
    let [clinic, bakery] = &customers[..] else {
        panic!("{customers:?}")
    };
    assert_eq!(clinic.name, "Clínica – Vida");
    assert_eq!(clinic.instance_id, "3C00FAKE2");
    assert_eq!(clinic.language, Language::Spanish);
    assert_eq!(bakery.note, "Liga \"cedo\"\nou à tarde");
    assert_eq!(bakery.labels, ["vip", "atacado"]);
    assert_eq!(bakery.phone.as_deref(), Some("5544999990101"));
    assert_eq!(bakery.language, Language::Portuguese);
    assert_eq!(bakery.token.saved, Saved::Keychain);
    assert_eq!(bakery.token.last_four.as_deref(), Some("KEN1"));
    assert_eq!(office.keychain.customers(), 2);
}

#[tokio::test]
async fn other_ways_to_save_a_spreadsheet_say_the_same() {
    let text = "Nome\tInstância\tToken\r\nÓtica\t3C00FAKE1\t7A00FAKETOKEN1\r\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let commas = text.replace('\t', ",");
    for (bytes, encoding, separator) in [
        (utf16, CsvEncoding::Utf16, "\t"),
        (commas.clone().into_bytes(), CsvEncoding::Utf8, ","),
        (
            format!("\u{feff}{commas}").into_bytes(),
            CsvEncoding::Utf8,
            ",",
        ),
        (
            format!("sep=,\r\n{commas}").into_bytes(),
            CsvEncoding::Utf8,
            ",",
        ),
    ] {
        let office = Office::new().await;
        office.desk.read_csv(bytes.clone()).await.unwrap();
        let preview = office.desk.preview_csv(&office.account.id, None).await;
        let preview = preview.unwrap();
        assert_eq!(
            (preview.encoding, &*preview.separator),
            (encoding, separator)
        );
        assert_eq!(office.import(&bytes).await, result(1, 0, 0));
        assert_eq!(office.names().await, ["Ótica"]);
    }
}

#[tokio::test]
async fn an_import_stops_where_the_keychain_fails_and_goes_on_from_there_the_next_time() {
    for (error, code) in [
        (VaultError::Locked, ErrorCode::KeychainLocked),
        (VaultError::Full, ErrorCode::KeychainFull),
    ] {
        let office = Office::new().await;
        office
            .keychain
            .before_saving(move |n| if n < 4 { Ok(()) } else { Err(error) });
        let stopped = office.import(file(6).as_bytes()).await;
        // The heading is line 1.
        let failure = Some(code.into());
        let at = CsvStop { line: 5, failure };
        assert_eq!((stopped.added, stopped.stopped), (3, Some(at)));
        assert_eq!(
            office.names().await,
            ["Cliente 001", "Cliente 002", "Cliente 003"]
        );
        assert_eq!(office.keychain.customers(), 3);

        office.keychain.works_again();
        assert_eq!(office.import(file(6).as_bytes()).await, result(3, 3, 0));
        assert_eq!(office.names().await.len(), 6);
        assert_eq!(office.keychain.customers(), 6);
    }
}

/// Has the data file refuse one customer.
async fn refuse(office: &Office, name: &str) {
    use sqlx::Connection;
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(office.folder.join("ponte.db"));
    let mut file = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let trigger = format!(
        "CREATE TRIGGER refused BEFORE INSERT ON customer WHEN NEW.name = '{name}'
         BEGIN SELECT RAISE(FAIL, 'refused'); END"
    );
    sqlx::query(sqlx::AssertSqlSafe(trigger))
        .execute(&mut file)
        .await
        .unwrap();
    file.close().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_written_ends_the_import_and_leaves_no_token_behind() {
    // One after the other with the keychain, together without.
    for (keep, added, line) in [(Keep::Keychain, 2, 4), (Keep::Session, 0, 2)] {
        let office = Office::new().await;
        refuse(&office, "Cliente 003").await;
        let stopped = office
            .import_into(&office.account, file(6).as_bytes(), keep)
            .await;
        let failure = Some(ErrorCode::StoreFailed.into());
        assert_eq!(stopped.stopped, Some(CsvStop { line, failure }));
        assert_eq!(stopped.added, added);
        let names = office.names().await;
        assert_eq!(names.len(), added as usize, "{names:?}");
        assert_eq!(office.keychain.customers(), names.len());
    }
}

#[tokio::test]
async fn the_agent_ends_an_import_after_the_line_it_is_at() {
    let office = Office::new().await;
    let desk = Arc::clone(&office.desk);
    office.keychain.before_saving(move |n| {
        if n == 3 {
            desk.cancel_csv();
        }
        Ok(())
    });
    let stopped = office.import(file(6).as_bytes()).await;
    let at = CsvStop {
        line: 5,
        failure: None,
    };
    assert_eq!((stopped.added, stopped.stopped), (3, Some(at)));
    assert_eq!(office.names().await.len(), 3);
    office.keychain.works_again();
    assert_eq!(office.import(file(6).as_bytes()).await, result(3, 3, 0));
}

#[tokio::test]
async fn one_import_at_a_time() {
    let office = Office::new().await;
    let (desk, id) = (Arc::clone(&office.desk), office.account.id.clone());
    let runtime = tokio::runtime::Handle::current();
    let (said, second) = tokio::sync::oneshot::channel();
    let mut said = Some(said);
    office.keychain.before_saving(move |n| {
        if n == 1 {
            let columns = vec![Some(CsvColumn::Name)];
            let again = runtime.block_on(desk.import_csv(&id, columns, Keep::Session));
            said.take().unwrap().send(again).unwrap();
            // A file that is forgotten is still imported to its end.
            desk.forget_csv();
        }
        Ok(())
    });
    assert_eq!(office.import(file(3).as_bytes()).await, result(3, 0, 0));
    let second = second.await.unwrap().unwrap_err();
    assert_eq!(second.code, ErrorCode::NotNow);
    let preview = office.desk.preview_csv(&office.account.id, None).await;
    assert_eq!(preview.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test]
async fn customers_that_are_there_already_are_left_alone() {
    let office = Office::new().await;
    let mut typed = form(
        &office.account,
        "Cliente 002",
        "3C00FAKE2",
        Some("KEPT-FAKE"),
        "",
    );
    typed.note = "não mexer".into();
    let before = office.desk.add_customer(typed).await.unwrap();
    let other = office.desk.add_account(account_form(None)).await.unwrap();
    let file = "Nome;Instância;Token;Obs\n\
                Outro nome;3C00FAKE2;7A00FAKETOKEN2;outra\n\
                Nova;3C00FAKE3;7A00FAKETOKEN3;\n";
    let done = office
        .import_into(&other, file.as_bytes(), Keep::Session)
        .await;
    assert_eq!(done, result(1, 1, 0));
    let customers = office.customers().await;
    let kept = customers.iter().find(|c| c.id == before.id);
    assert_eq!(kept, Some(&before));
    let new = customers.iter().find(|c| c.name == "Nova").unwrap();
    assert_eq!(
        (&new.account_id, new.token.saved),
        (&other.id, Saved::Session)
    );
}

#[tokio::test]
async fn an_account_with_a_partner_token_needs_no_instance_tokens() {
    let office = Office::new().await;
    let mut form = account_form(None);
    form.partner_token = Some("PARTNERFAKE0000FAKE".into());
    let partner = office.desk.add_account(form).await.unwrap();
    let file = b"Nome;Inst\xe2ncia\nPadaria;3C00FAKE1\n";
    let done = office.import_into(&partner, file, Keep::Keychain).await;
    assert_eq!(done, result(1, 0, 0));
    assert_eq!(office.customers().await[0].token.saved, Saved::Listed);
    assert_eq!(office.keychain.customers(), 0);
    assert_eq!(
        office.import(b"Nome;ID\nB;3C00FAKE22\n").await,
        result(0, 0, 1)
    );
}

#[tokio::test]
async fn the_accounts_own_credential_is_no_instance_token() {
    let office = Office::new().await;
    let file = format!("Nome;Instância;Token\nA;3C00FAKE1;{CLIENT_TOKEN}\nB;3C00FAKE2;{TOKEN}\n");
    assert_eq!(office.import(file.as_bytes()).await, result(1, 0, 1));
    assert_eq!(office.names().await, ["B"]);
    assert_eq!(office.keychain.customers(), 1);
}

#[tokio::test]
async fn what_is_told_of_an_import_is_there_even_if_ponte_ends_at_once() {
    let office = Office::new().await;
    let mut events = office.desk.events();
    let lines = 350;
    let done = office
        .import_into(&office.account, file(lines).as_bytes(), Keep::Session)
        .await;
    assert_eq!(done, result(350, 0, 0));
    let mut told = Vec::new();
    let mut changed = 0;
    while let Ok(event) = events.try_recv() {
        match event {
            Event::CsvProgress { done, total } => told.push((done, total)),
            Event::RosterChanged => changed += 1,
            _ => {}
        }
    }
    assert_eq!(told.first(), Some(&(0, 350)));
    assert_eq!(told.last(), Some(&(350, 350)));
    assert!(told.is_sorted());
    assert_eq!(changed, 1);
    // Nothing was closed.
    let again = open(&office.folder, &office.keychain).await;
    assert_eq!(again.counts().all, 350);
}

#[tokio::test]
async fn no_token_is_anywhere_but_in_the_vault() {
    let office = Office::new().await;
    office.desk.read_csv(EXCEL.to_vec()).await.unwrap();
    let account = &office.account.id;
    let mut said = Vec::new();
    for columns in [
        None,
        // Every column as a name, then as a note.
        Some(CsvColumn::Name),
        Some(CsvColumn::Note),
    ] {
        for place in 0..7 {
            let columns = columns.map(|kind| {
                let mut columns = vec![None; 7];
                columns[place] = Some(kind);
                columns
            });
            let preview = office.desk.preview_csv(account, columns).await.unwrap();
            said.push(format!("{preview:?}"));
            said.push(serde_json::to_string(&preview).unwrap());
        }
    }
    // Without headings: the first line must not be shown as if it were some.
    let bare = format!("Padaria;3C00FAKE00000000AA01;{TOKEN}00000000AA01\n");
    office
        .desk
        .read_csv(bare.clone().into_bytes())
        .await
        .unwrap();
    let preview = office.desk.preview_csv(account, None).await.unwrap();
    assert_eq!(preview.headings, ["", "", ""]);
    said.push(format!("{preview:?}"));
    office.import(bare.as_bytes()).await;
    let done = office.import(EXCEL).await;
    assert_eq!(done.added, 2);
    said.push(format!("{done:?}"));
    said.push(String::from_utf8(exported(&office, CustomerQuery::default()).await).unwrap());
    said.push(format!("{:?}", office.customers().await));
    for text in said {
        assert!(!text.contains(TOKEN), "{text}");
    }
    office.desk.close().await;
    let mut files = 0;
    for entry in std::fs::read_dir(&office.folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(TOKEN.len()).any(|w| w == TOKEN.as_bytes());
        assert!(!found, "a token is in {}", path.display());
        files += 1;
    }
    assert!(files > 0);
}

async fn exported(office: &Office, query: CustomerQuery) -> Vec<u8> {
    let headings = [
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
    let words = ExportWords {
        headings: headings.map(str::to_owned),
        statuses: [(ConnectionStatus::Unknown, "Desconhecido".to_owned())].into(),
        instance_types: [(InstanceType::Web, "Web".to_owned())].into(),
        separator: b';',
    };
    office.desk.export_customers(&query, words).await.unwrap()
}

#[tokio::test]
async fn all_that_match_are_exported_and_can_be_imported_elsewhere() {
    let office = Office::new().await;
    let lines = (0..1_200)
        .map(|n| format!("=Cliente {n};(44) 99999-{n:04};3C00FAKE{n};{TOKEN};-obs {n};vip\n"));
    let file = format!(
        "Nome;Telefone;Instância;Token;Obs;Tags\n{}",
        lines.collect::<String>()
    );
    let done = office
        .import_into(&office.account, file.as_bytes(), Keep::Session)
        .await;
    assert_eq!(
        done,
        result(1_200, 0, 0),
        "with one token for all, which nobody forbids"
    );

    let query = CustomerQuery {
        text: "cliente 11".into(),
        // Of the list on the screen.
        offset: 5,
        limit: 1,
        ..CustomerQuery::default()
    };
    let some = String::from_utf8(exported(&office, query).await).unwrap();
    let some = some.lines().count() - 1;
    assert!((100..1_200).contains(&some), "{some} match");

    let all = exported(&office, CustomerQuery::default()).await;
    assert!(String::from_utf8_lossy(&all).contains("\r\n'=Cliente 0;(44) 99999-0000;3C00FAKE0;"));
    let elsewhere = Office::new().await;
    let mut form = account_form(None);
    form.partner_token = Some("PARTNERFAKE0000FAKE".into());
    let partner = elsewhere.desk.add_account(form).await.unwrap();
    let done = elsewhere.import_into(&partner, &all, Keep::Session).await;
    assert_eq!(done, result(1_200, 0, 0));
    let (here, there) = (office.customers().await, elsewhere.customers().await);
    assert_eq!(here.len(), there.len());
    for (one, other) in here.iter().zip(&there) {
        assert_eq!(one.name, other.name);
        assert_eq!(one.phone, other.phone);
        assert_eq!(one.instance_id, other.instance_id);
        assert_eq!(one.note, other.note);
        assert_eq!(one.labels, other.labels);
    }
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused_and_forgets_the_one_before() {
    let office = Office::new().await;
    office.desk.read_csv(file(1).into_bytes()).await.unwrap();
    let refused = office.desk.read_csv(b"PK\x03\x04\x14\0".to_vec()).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotATable);
    let account = &office.account.id;
    let preview = office.desk.preview_csv(account, None).await;
    assert_eq!(preview.unwrap_err().code, ErrorCode::NotFound);
    office.desk.read_csv(file(1).into_bytes()).await.unwrap();
    let preview = office.desk.preview_csv("no such account", None).await;
    assert_eq!(preview.unwrap_err().code, ErrorCode::NotFound);
    // Fewer or more columns than there are say nothing of the others.
    let few = office
        .desk
        .preview_csv(account, Some(vec![]))
        .await
        .unwrap();
    assert_eq!((few.columns.len(), few.wrong), (3, 1));
    let many = office
        .desk
        .preview_csv(account, Some(vec![None; 9]))
        .await
        .unwrap();
    assert_eq!(many.columns.len(), 3);
}

/// Whenever Ponte is killed, at most one token is in the keychain without its customer.
#[tokio::test]
async fn each_customer_is_written_before_the_next_token_is_saved() {
    let office = Office::new().await;
    let desk = Arc::clone(&office.desk);
    let written = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&written);
    office.keychain.before_saving(move |_| {
        noted.lock().unwrap().push(desk.counts().all);
        Ok(())
    });
    assert_eq!(office.import(file(5).as_bytes()).await, result(5, 0, 0));
    assert_eq!(*written.lock().unwrap(), [0, 1, 2, 3, 4]);
}
