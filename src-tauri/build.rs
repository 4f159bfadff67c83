//! Lists every command, so that each must be granted by name in a capability.

fn main() {
    let commands = &[
        // app
        "app_state",
        "follow_app",
        "set_language",
        "set_zapi_address",
        "copy_diagnostic_report",
        "unfollow",
        "open_guide",
        // background
        "background_settings",
        "set_background_settings",
        "close_main",
        // accounts
        "accounts",
        "check_account",
        "add_account",
        "rename_account",
        "set_account_secret",
        "test_account",
        "remove_account",
        // customers
        "customers",
        "customer",
        "check_customer",
        "add_customer",
        "edit_customer",
        "remove_customer",
        "customer_status",
        // roster
        "customer_labels",
        "check_instance",
        "create_instance",
        "imports",
        "import_customers",
        "cancel_import",
        // csv
        "read_csv",
        "preview_csv",
        "import_csv",
        "cancel_csv",
        "forget_csv",
        "save_csv_template",
        "export_customers",
        // connect
        "start_attempt",
        "follow_attempt",
        "get_code",
        "code_read",
        "start_over",
        "end_attempt",
        "time_left",
        "copy_code",
        "copy_message",
        "copy_picture",
        "save_picture",
        "show_saved_file",
        "queue",
        "empty_queue",
        "instance_action",
        "subscribe_again",
        "open_presenter",
        "open_link",
        "copy_link",
        // registration
        "set_instance_type",
        "follow_registration",
        "registration_waits",
        "check_registration",
        "check_registration_again",
        "request_registration_code",
        "answer_captcha",
        "another_way",
        "start_registration_again",
        "confirm_registration_code",
        "confirm_pin",
        "recover_pin",
        "check_transfer",
        "appeal",
        "copy_registration_message",
        // triage
        "triage",
        "copy_triage_message",
        "open_triage_folder",
        // history
        "history",
        "export_history",
        "set_history_days",
        // messages
        "templates",
        "check_template",
        "save_template",
        "reset_template",
        // practice
        "enter_practice",
        "leave_practice",
        "practice_strip",
        "play_practice",
        // presenter
        "presenter_follow",
        "presenter_time_left",
    ];
    let manifest = tauri_build::AppManifest::new().commands(commands);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
