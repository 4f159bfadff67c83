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
        "check_customer",
        "add_customer",
        "edit_customer",
        "remove_customer",
        "customer_status",
        // connect
        "start_attempt",
        "follow_attempt",
        "get_code",
        "end_attempt",
        "time_left",
        "copy_code",
        "copy_message",
        "open_presenter",
        "open_link",
        "copy_link",
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
