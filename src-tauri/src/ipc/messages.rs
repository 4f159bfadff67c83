//! Settings: the templates of the customers' messages.

use desk::Language;
use desk::input::Problem;
use desk::messages::{MessageKind, Template, check};
use tauri::AppHandle;

use super::{Answer, ask};

#[tauri::command]
pub async fn templates(app: AppHandle) -> Answer<Vec<Template>> {
    ask(&app, async |desk| Ok(desk.templates())).await
}

#[tauri::command]
pub fn check_template(kind: MessageKind, text: String) -> Vec<Problem> {
    check(kind, &text)
}

#[tauri::command]
pub async fn save_template(
    app: AppHandle,
    language: Language,
    kind: MessageKind,
    text: String,
) -> Answer<Template> {
    ask(&app, async |desk| {
        desk.save_template(language, kind, &text).await
    })
    .await
}

#[tauri::command]
pub async fn reset_template(
    app: AppHandle,
    language: Language,
    kind: MessageKind,
) -> Answer<Template> {
    ask(&app, async |desk| desk.reset_template(language, kind).await).await
}
