//! Settings: accounts and credentials. Secrets come in here and never go out.

use desk::accounts::{Account, AccountForm, AccountSecret, AccountTest};
use desk::input::Problem;
use desk::vault::Keep;
use tauri::AppHandle;

use super::{Answer, ask};

#[tauri::command]
pub async fn accounts(app: AppHandle) -> Answer<Vec<Account>> {
    ask(&app, async |desk| desk.accounts().await).await
}

#[tauri::command]
pub async fn check_account(app: AppHandle, form: AccountForm) -> Answer<Vec<Problem>> {
    ask(&app, async |desk| desk.check_account(&form).await).await
}

#[tauri::command]
pub async fn add_account(app: AppHandle, form: AccountForm) -> Answer<Account> {
    ask(&app, async |desk| desk.add_account(form).await).await
}

#[tauri::command]
pub async fn rename_account(app: AppHandle, id: String, name: String) -> Answer<Account> {
    ask(&app, async |desk| desk.rename_account(&id, &name).await).await
}

#[tauri::command]
pub async fn set_account_secret(
    app: AppHandle,
    id: String,
    secret: AccountSecret,
    value: Option<desk::SecretString>,
    keep: Keep,
) -> Answer<Account> {
    ask(&app, async |desk| {
        desk.set_account_secret(&id, secret, value, keep).await
    })
    .await
}

#[tauri::command]
pub async fn test_account(app: AppHandle, id: String) -> Answer<AccountTest> {
    ask(&app, async |desk| desk.test_account(&id).await).await
}

#[tauri::command]
pub async fn remove_account(app: AppHandle, id: String) -> Answer<()> {
    ask(&app, async |desk| desk.remove_account(&id).await).await
}
