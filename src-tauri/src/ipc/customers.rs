//! The list of customers and the customer's form.

use desk::customers::{
    CustomerCheck, CustomerForm, CustomerPage, CustomerQuery, CustomerRow, CustomerStatus,
};
use tauri::AppHandle;

use super::{Answer, desk};

#[tauri::command]
pub async fn customers(app: AppHandle, query: CustomerQuery) -> Answer<CustomerPage> {
    desk(&app).await?.customers(&query).await
}

#[tauri::command]
pub async fn check_customer(
    app: AppHandle,
    id: Option<String>,
    form: CustomerForm,
) -> Answer<CustomerCheck> {
    desk(&app).await?.check_customer(id.as_deref(), &form).await
}

#[tauri::command]
pub async fn add_customer(app: AppHandle, form: CustomerForm) -> Answer<CustomerRow> {
    desk(&app).await?.add_customer(form).await
}

#[tauri::command]
pub async fn edit_customer(app: AppHandle, id: String, form: CustomerForm) -> Answer<CustomerRow> {
    desk(&app).await?.edit_customer(&id, form).await
}

#[tauri::command]
pub async fn remove_customer(app: AppHandle, id: String) -> Answer<()> {
    desk(&app).await?.remove_customer(&id).await
}

#[tauri::command]
pub async fn customer_status(app: AppHandle, id: String) -> Answer<CustomerStatus> {
    desk(&app).await?.customer_status(&id).await
}
