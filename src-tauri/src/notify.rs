//! Desktop notifications. A click on one shows whom it is about.

use desk::Language;
use desk::attempt::view::ExpectedNumber;
use desk::gateway::Identity;
use tauri::{AppHandle, Wry};
use tauri_plugin_notification::{NotificationBuilder, NotificationExt};

use crate::windows;
use crate::words::say;

/// What a notification carries: the id of whom it is about.
const CUSTOMER: &str = "customer";
/// The plugin's name for a click on the notification itself.
const CLICKED: &str = "tap";

/// Follows clicks on notifications, as far as the desktop reports them.
pub fn listen(app: &AppHandle) {
    let handle = app.clone();
    let listening = app.notification().on_action(move |action| {
        if action.action_id() != CLICKED {
            return;
        }
        let about = action
            .notification()
            .and_then(|notification| notification.extra().get(CUSTOMER)?.as_str());
        match about {
            Some(customer) => windows::show_customer(&handle, customer),
            None => windows::show_offline(&handle),
        }
    });
    if let Err(error) = listening {
        log::warn!("clicks on notifications lead nowhere: {error}");
    }
}

/// A customer was connected during an attempt.
pub fn connected(
    app: &AppHandle,
    language: Language,
    customer_id: &str,
    name: &str,
    identity: &Identity,
    expected: ExpectedNumber,
) {
    let name = [("name", name)];
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
    show(notification.extra(CUSTOMER, customer_id));
}

/// Customers that were connected are not any more. `name` and `customer_id` are one of them.
pub fn went_offline(
    app: &AppHandle,
    language: Language,
    customer_id: &str,
    name: &str,
    count: u32,
) {
    let notification = app.notification().builder();
    show(match count {
        0 | 1 => notification
            .title(say(language, "notification.wentOffline", &[("name", name)]))
            .extra(CUSTOMER, customer_id),
        many => notification.title(say(
            language,
            "notification.manyWentOffline",
            &[("count", &many.to_string())],
        )),
    });
}

fn show(notification: NotificationBuilder<Wry>) {
    if let Err(error) = notification.show() {
        // The window says it as well.
        log::warn!("no notification was shown: {error}");
    }
}
