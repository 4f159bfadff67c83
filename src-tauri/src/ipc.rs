//! The commands, one file per screen. Each unpacks, calls the desk and hands back its answer or a
//! [`Failure`]; nothing is decided here.
//!
//! Every command is listed in `build.rs` and granted by name in `capabilities/`.

mod accounts;
mod app;
mod background;
mod connect;
mod csv;
mod customers;
mod history;
mod messages;
mod practice;
mod presenter;
mod registration;
mod roster;
mod triage;

use std::sync::Arc;

use desk::{Desk, Failure};
use serde::Serialize;
use tauri::{AppHandle, Manager, Wry, ipc::Invoke};

use crate::host::Host;

/// What every command answers.
type Answer<T> = Result<T, Failure>;

/// Asks the desk in force, and notes what goes wrong for the diagnostic report.
async fn ask<T>(app: &AppHandle, question: impl AsyncFnOnce(Arc<Desk>) -> Answer<T>) -> Answer<T> {
    let desk = app.state::<Host>().desk(app).await?;
    let answer = question(Arc::clone(&desk)).await;
    answer.inspect_err(|failure| desk.note_failure(failure))
}

/// The name that a value has in the UI, where it is a part of the paths of words.
fn key(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// All commands.
pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        app::app_state,
        app::follow_app,
        app::set_language,
        app::set_zapi_address,
        app::copy_diagnostic_report,
        app::unfollow,
        app::open_guide,
        background::background_settings,
        background::set_background_settings,
        background::close_main,
        accounts::accounts,
        accounts::check_account,
        accounts::add_account,
        accounts::rename_account,
        accounts::set_account_secret,
        accounts::test_account,
        accounts::remove_account,
        customers::customers,
        customers::customer,
        customers::check_customer,
        customers::add_customer,
        customers::edit_customer,
        customers::remove_customer,
        customers::customer_status,
        roster::customer_labels,
        roster::check_instance,
        roster::create_instance,
        roster::imports,
        roster::import_customers,
        roster::cancel_import,
        csv::read_csv,
        csv::preview_csv,
        csv::import_csv,
        csv::cancel_csv,
        csv::forget_csv,
        csv::save_csv_template,
        csv::export_customers,
        connect::start_attempt,
        connect::follow_attempt,
        connect::get_code,
        connect::code_read,
        connect::start_over,
        connect::end_attempt,
        connect::time_left,
        connect::copy_code,
        connect::copy_message,
        connect::copy_picture,
        connect::save_picture,
        connect::show_saved_file,
        connect::queue,
        connect::empty_queue,
        connect::instance_action,
        connect::subscribe_again,
        connect::open_presenter,
        connect::open_link,
        connect::copy_link,
        registration::set_instance_type,
        registration::follow_registration,
        registration::registration_waits,
        registration::check_registration,
        registration::check_registration_again,
        registration::request_registration_code,
        registration::answer_captcha,
        registration::another_way,
        registration::start_registration_again,
        registration::confirm_registration_code,
        registration::confirm_pin,
        registration::recover_pin,
        registration::check_transfer,
        registration::appeal,
        registration::copy_registration_message,
        triage::triage,
        triage::copy_triage_message,
        triage::open_triage_folder,
        history::history,
        history::export_history,
        history::set_history_days,
        messages::templates,
        messages::check_template,
        messages::save_template,
        messages::reset_template,
        practice::enter_practice,
        practice::leave_practice,
        practice::practice_strip,
        practice::play_practice,
        presenter::presenter_follow,
        presenter::presenter_time_left,
    ]
}

#[cfg(test)]
mod tests {
    use desk::{
        accounts, attempt::view, customers, history, instance, messages, registration, roster,
        triage,
    };
    use ts_rs::{Config, TS};

    /// Writes the types that commands take and give, and all that those are made of. In one test,
    /// as every process that exports begins the file anew.
    #[test]
    fn the_types_that_cross_are_exported() {
        let config = Config::from_env();
        let export = |exported: Result<(), ts_rs::ExportError>| exported.unwrap();
        export(super::app::AppState::export_all(&config));
        export(crate::host::AppEvent::export_all(&config));
        export(crate::host::BackgroundSettings::export_all(&config));
        export(accounts::Account::export_all(&config));
        export(accounts::AccountForm::export_all(&config));
        export(accounts::AccountSecret::export_all(&config));
        export(accounts::AccountTest::export_all(&config));
        export(customers::CustomerPage::export_all(&config));
        export(customers::CustomerQuery::export_all(&config));
        export(customers::CustomerForm::export_all(&config));
        export(customers::CustomerCheck::export_all(&config));
        export(customers::CustomerStatus::export_all(&config));
        export(customers::InstanceForm::export_all(&config));
        export(roster::Import::export_all(&config));
        export(roster::csv::CsvPreview::export_all(&config));
        export(roster::csv::CsvResult::export_all(&config));
        export(view::Attempt::export_all(&config));
        export(view::PresenterView::export_all(&config));
        export(instance::InstanceAction::export_all(&config));
        export(instance::Queue::export_all(&config));
        export(registration::view::Registration::export_all(&config));
        export(registration::view::WayLeft::export_all(&config));
        export(triage::Triage::export_all(&config));
        export(history::HistoryQuery::export_all(&config));
        export(history::HistoryPage::export_all(&config));
        export(messages::Template::export_all(&config));
        export(crate::links::Link::export_all(&config));
        export(crate::links::OpenedIn::export_all(&config));
        export(super::practice::PracticeStrip::export_all(&config));
    }
}
