//! The report that an agent sends to support: versions and the last errors. No secret, no
//! customer, no address.

use std::fmt::Write;

use tauri::AppHandle;

use crate::host::Host;
use crate::logging::redact;

/// The report, in English: it is read by developers.
pub fn report(app: &AppHandle, host: &Host) -> String {
    let mut report = String::new();
    let mut line = |text: std::fmt::Arguments| {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "{text}");
    };
    line(format_args!("Ponte {}", app.package_info().version));
    line(format_args!("tauri {}", tauri::VERSION));
    let webview = tauri::webview_version().unwrap_or_else(|_| "unknown".into());
    line(format_args!("webview {webview}"));
    line(format_args!(
        "system {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    ));
    line(format_args!("practice {}", host.practice().is_some()));
    let desks = [
        host.open_desk(),
        host.practice().map(|practice| practice.desk.clone()),
    ];
    for desk in desks.into_iter().flatten() {
        line(format_args!(
            "vault {}",
            if desk.is_memory_only() {
                "memory"
            } else {
                "keychain"
            }
        ));
        line(format_args!(
            "own server address {}",
            desk.has_fixed_address()
        ));
        line(format_args!("last errors:"));
        for failure in desk.failures() {
            let at = chrono::DateTime::from_timestamp_millis(failure.at).unwrap_or_default();
            line(format_args!(
                "  {} {:?}",
                at.format("%Y-%m-%dT%H:%M:%SZ"),
                failure.code
            ));
        }
    }
    redact(&report).into_owned()
}
