//! The Partner listing, and new instances.

use desk::customers::{CustomerCheck, CustomerRow, InstanceForm};
use desk::roster::Import;
use tauri::AppHandle;

use super::{Answer, ask};

#[tauri::command]
pub async fn customer_labels(app: AppHandle) -> Answer<Vec<String>> {
    ask(&app, async |desk| Ok(desk.customer_labels())).await
}

#[tauri::command]
pub async fn check_instance(app: AppHandle, form: InstanceForm) -> Answer<CustomerCheck> {
    ask(&app, async |desk| desk.check_instance(&form).await).await
}

#[tauri::command]
pub async fn create_instance(app: AppHandle, form: InstanceForm) -> Answer<CustomerRow> {
    ask(&app, async |desk| desk.create_instance(form).await).await
}

#[tauri::command]
pub async fn imports(app: AppHandle) -> Answer<Vec<Import>> {
    ask(&app, async |desk| Ok(desk.imports())).await
}

#[tauri::command]
pub async fn import_customers(app: AppHandle, account_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.import_customers(&account_id).await).await
}

#[tauri::command]
pub async fn cancel_import(app: AppHandle, account_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.cancel_import(&account_id);
        Ok(())
    })
    .await
}
