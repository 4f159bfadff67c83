//! Desktop notifications.

use desk::Language;
use desk::attempt::view::ExpectedNumber;
use desk::gateway::Identity;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;

use crate::words::say;

/// A customer was connected during an attempt.
pub fn connected(
    app: &AppHandle,
    language: Language,
    customer: &str,
    identity: &Identity,
    expected: ExpectedNumber,
) {
    let name = [("name", customer)];
    let phone = identity.phone_display.as_deref();
    let as_number = [("phone", phone.unwrap_or_default())];
    let (title, body) = match expected {
        ExpectedNumber::Other => (
            say(language, "notification.otherNumber", &name),
            say(language, "notification.otherNumberAs", &as_number),
        ),
        _ => (
            say(language, "notification.connected", &name),
            say(language, "notification.connectedAs", &as_number),
        ),
    };
    let notification = app.notification().builder().title(title);
    let notification = match phone {
        Some(_) => notification.body(body),
        None => notification,
    };
    if let Err(error) = notification.show() {
        // The window says it as well.
        log::warn!("no notification was shown: {error}");
    }
}
