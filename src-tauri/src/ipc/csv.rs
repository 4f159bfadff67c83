//! Customers out of a spreadsheet, and into one.

use desk::customers::{ConnectionStatus, CustomerQuery};
use desk::instance::InstanceType;
use desk::roster::csv::export::{ExportWords, TemplateWords, template};
use desk::roster::csv::{CsvColumn, CsvPreview, CsvResult};
use desk::vault::Keep;
use desk::{ErrorCode, Language};
use tauri::ipc::{InvokeBody, Request};
use tauri::{AppHandle, State};

use super::{Answer, ask, key};
use crate::host::Host;
use crate::words::{say, say_as_shown};

/// The body is the file itself.
#[tauri::command]
pub async fn read_csv(app: AppHandle, request: Request<'_>) -> Answer<()> {
    let bytes = match request.body() {
        InvokeBody::Raw(bytes) => bytes.clone(),
        // A web view that cannot send bytes sends their numbers.
        InvokeBody::Json(numbers) => {
            serde_json::from_value(numbers.clone()).map_err(|_| ErrorCode::NotATable)?
        }
    };
    ask(&app, async |desk| desk.read_csv(bytes).await).await
}

#[tauri::command]
pub async fn preview_csv(
    app: AppHandle,
    account_id: String,
    columns: Option<Vec<Option<CsvColumn>>>,
) -> Answer<CsvPreview> {
    ask(&app, async |desk| {
        desk.preview_csv(&account_id, columns).await
    })
    .await
}

#[tauri::command]
pub async fn import_csv(
    app: AppHandle,
    account_id: String,
    columns: Vec<Option<CsvColumn>>,
    keep: Keep,
) -> Answer<CsvResult> {
    ask(&app, async |desk| {
        let done = desk.import_csv(&account_id, columns, keep).await?;
        let stopped = done.stopped.as_ref();
        if let Some(failure) = stopped.and_then(|stop| stop.failure.as_ref()) {
            desk.note_failure(failure);
        }
        Ok(done)
    })
    .await
}

#[tauri::command]
pub async fn cancel_csv(app: AppHandle) -> Answer<()> {
    ask(&app, async |desk| {
        desk.cancel_csv();
        Ok(())
    })
    .await
}

#[tauri::command]
pub async fn forget_csv(app: AppHandle) -> Answer<()> {
    ask(&app, async |desk| {
        desk.forget_csv();
        Ok(())
    })
    .await
}

/// The file's name.
#[tauri::command]
pub async fn save_csv_template(app: AppHandle, host: State<'_, Host>) -> Answer<String> {
    ask(&app, async |_| {
        let language = host.language().await;
        let word = |path: &str| say(language, path, &[]);
        let file = template_file(language)?;
        host.saved().save(&word("files.template"), "csv", &file)
    })
    .await
}

/// The file's name.
#[tauri::command]
pub async fn export_customers(
    app: AppHandle,
    host: State<'_, Host>,
    query: CustomerQuery,
) -> Answer<String> {
    ask(&app, async |desk| {
        let language = host.language().await;
        let word = |path: &str| say(language, path, &[]);
        let file = desk
            .export_customers(&query, export_words(language))
            .await?;
        host.saved().save(&word("files.customers"), "csv", &file)
    })
    .await
}

fn template_file(language: Language) -> Answer<Vec<u8>> {
    let word = |path: &str| say(language, path, &[]);
    let headings = [
        "csv.name",
        "csv.address",
        "csv.token",
        "csv.phone",
        "csv.language",
        "csv.note",
        "csv.labels",
    ]
    .map(word);
    template(&TemplateWords {
        headings: headings.each_ref().map(String::as_str),
        name: &word("csv.example.name"),
        phone: &word("csv.example.phone"),
        language: language.tag(),
        note: &word("csv.example.note"),
        labels: &word("csv.example.labels"),
        separator: separator(language),
    })
}

fn export_words(language: Language) -> ExportWords {
    let word = |path: &str| say(language, path, &[]);
    let shown = |path: String| say_as_shown(language, &path);
    let statuses = [
        ConnectionStatus::Unknown,
        ConnectionStatus::Connected,
        ConnectionStatus::Offline,
        ConnectionStatus::SubscriptionOver,
        ConnectionStatus::NotFound,
    ];
    let instance_types = [InstanceType::Web, InstanceType::Mobile];
    ExportWords {
        headings: [
            "csv.name",
            "csv.phone",
            "csv.instance",
            "csv.account",
            "csv.status",
            "csv.type",
            "csv.language",
            "csv.note",
            "csv.labels",
        ]
        .map(word),
        statuses: statuses
            .map(|status| (status, shown(format!("status.{}", key(status)))))
            .into(),
        instance_types: instance_types
            .map(|kind| (kind, shown(format!("customers.types.{}", key(kind)))))
            .into(),
        separator: separator(language),
    }
}

/// Between the fields of a file: what spreadsheet programs expect, a semicolon where the comma is the
/// decimal mark.
pub(super) fn separator(language: Language) -> u8 {
    match language {
        Language::Portuguese | Language::Spanish => b';',
        Language::English => b',',
    }
}

#[cfg(test)]
mod tests {
    use desk::vault::Vault;
    use desk::{Config, Desk};

    use super::*;

    #[test]
    fn every_value_in_a_row_has_words() {
        for language in Language::ALL {
            let words = export_words(language);
            let values = words.statuses.values().chain(words.instance_types.values());
            for word in values {
                assert!(!word.contains('.'), "{word} in {language:?}");
            }
        }
    }

    /// The table that Ponte hands out is one that it understands, in every language.
    #[tokio::test]
    async fn every_template_is_understood() {
        let config = Config {
            folder: None,
            vault: Vault::memory(),
            ..Config::in_folder(std::path::PathBuf::new())
        };
        let desk = Desk::open(config).await.unwrap();
        let account = desk
            .add_account(desk::accounts::AccountForm {
                name: "Agência".into(),
                client_token: None,
                partner_token: None,
                keep: Keep::Session,
            })
            .await
            .unwrap();
        for language in Language::ALL {
            desk.read_csv(template_file(language).unwrap())
                .await
                .unwrap();
            let preview = desk.preview_csv(&account.id, None).await.unwrap();
            let columns: Option<Vec<CsvColumn>> = preview.columns.into_iter().collect();
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
            assert_eq!(columns.as_deref(), Some(&all[..]), "{language:?}");
            // The example is nobody.
            assert_eq!((preview.ready, preview.wrong), (0, 1), "{language:?}");
            let example = &preview.lines[0];
            assert!(example.phone_display.is_some() && example.labels.len() == 2);

            let (query, words) = (CustomerQuery::default(), export_words(language));
            let file = desk.export_customers(&query, words).await.unwrap();
            desk.read_csv(file).await.unwrap();
            let preview = desk.preview_csv(&account.id, None).await.unwrap();
            let guessed = [
                Some(C::Name),
                Some(C::Phone),
                Some(C::Address),
                None,
                None,
                None,
                Some(C::Language),
                Some(C::Note),
                Some(C::Labels),
            ];
            assert_eq!(preview.columns, guessed, "{language:?}");
        }
    }
}
