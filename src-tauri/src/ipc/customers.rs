//! The list of customers and the customer's form.

use desk::customers::{
    CustomerCheck, CustomerForm, CustomerPage, CustomerQuery, CustomerRow, CustomerStatus,
};
use tauri::AppHandle;

use super::{Answer, ask};

#[tauri::command]
pub async fn customers(app: AppHandle, query: CustomerQuery) -> Answer<CustomerPage> {
    ask(&app, async |desk| desk.customers(&query).await).await
}

#[tauri::command]
pub async fn customer(app: AppHandle, id: String) -> Answer<CustomerRow> {
    ask(&app, async |desk| desk.listed(&id).await).await
}

#[tauri::command]
pub async fn check_customer(
    app: AppHandle,
    id: Option<String>,
    form: CustomerForm,
) -> Answer<CustomerCheck> {
    ask(&app, async |desk| {
        desk.check_customer(id.as_deref(), &form).await
    })
    .await
}

#[tauri::command]
pub async fn add_customer(app: AppHandle, form: CustomerForm) -> Answer<CustomerRow> {
    ask(&app, async |desk| desk.add_customer(form).await).await
}

#[tauri::command]
pub async fn edit_customer(app: AppHandle, id: String, form: CustomerForm) -> Answer<CustomerRow> {
    ask(&app, async |desk| desk.edit_customer(&id, form).await).await
}

#[tauri::command]
pub async fn remove_customer(app: AppHandle, id: String) -> Answer<()> {
    ask(&app, async |desk| desk.remove_customer(&id).await).await
}

#[tauri::command]
pub async fn customer_status(app: AppHandle, id: String) -> Answer<CustomerStatus> {
    ask(&app, async |desk| desk.customer_status(&id).await).await
}
