//! Settings: accounts and credentials. Secrets come in here and never go out.

use desk::accounts::{Account, AccountForm, AccountSecret, AccountTest};
use desk::input::Problem;
use desk::vault::Keep;
use tauri::AppHandle;

use super::{Answer, desk};

#[tauri::command]
pub async fn accounts(app: AppHandle) -> Answer<Vec<Account>> {
    desk(&app).await?.accounts().await
}

#[tauri::command]
pub async fn check_account(app: AppHandle, form: AccountForm) -> Answer<Vec<Problem>> {
    desk(&app).await?.check_account(&form).await
}

#[tauri::command]
pub async fn add_account(app: AppHandle, form: AccountForm) -> Answer<Account> {
    desk(&app).await?.add_account(form).await
}

#[tauri::command]
pub async fn rename_account(app: AppHandle, id: String, name: String) -> Answer<Account> {
    desk(&app).await?.rename_account(&id, &name).await
}

#[tauri::command]
pub async fn set_account_secret(
    app: AppHandle,
    id: String,
    secret: AccountSecret,
    value: Option<desk::SecretString>,
    keep: Keep,
) -> Answer<Account> {
    desk(&app)
        .await?
        .set_account_secret(&id, secret, value, keep)
        .await
}

#[tauri::command]
pub async fn test_account(app: AppHandle, id: String) -> Answer<AccountTest> {
    desk(&app).await?.test_account(&id).await
}

#[tauri::command]
pub async fn remove_account(app: AppHandle, id: String) -> Answer<()> {
    desk(&app).await?.remove_account(&id).await
}
