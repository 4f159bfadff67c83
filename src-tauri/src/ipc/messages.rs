//! Settings: the templates of the customers' messages.

use desk::Language;
use desk::input::Problem;
use desk::messages::{MessageKind, Template, check};
use tauri::AppHandle;

use super::{Answer, desk};

#[tauri::command]
pub async fn templates(app: AppHandle) -> Answer<Vec<Template>> {
    Ok(desk(&app).await?.templates())
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
    desk(&app).await?.save_template(language, kind, &text).await
}

#[tauri::command]
pub async fn reset_template(
    app: AppHandle,
    language: Language,
    kind: MessageKind,
) -> Answer<Template> {
    desk(&app).await?.reset_template(language, kind).await
}
