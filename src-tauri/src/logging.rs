//! The log file: rotated, and redacted before a line is written.

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use log::LevelFilter;
use regex::Regex;
use tauri::Runtime;
use tauri::plugin::TauriPlugin;
use tauri_plugin_log::{Builder, RotationStrategy, Target, TargetKind};

/// The folder in the data folder.
pub const FOLDER: &str = "logs";

/// Bytes in a file before the next is begun.
const LARGEST: u128 = 1024 * 1024;
/// Files kept.
const FILES: usize = 5;

/// The logger. Ours at `info`, everybody else's at `warn`: below that, HTTP libraries print URLs.
pub fn plugin<R: Runtime>(data: &Path) -> TauriPlugin<R> {
    let ours = ["ponte", "desk", "zapi", "practice"];
    let builder = ours.into_iter().fold(
        Builder::new().level(LevelFilter::Warn),
        |builder, target| builder.level_for(target, LevelFilter::Info),
    );
    builder
        .clear_targets()
        .target(Target::new(TargetKind::Folder {
            path: data.join(FOLDER),
            file_name: Some("ponte".into()),
        }))
        .max_file_size(LARGEST)
        .rotation_strategy(RotationStrategy::KeepSome(FILES))
        .format(|out, message, record| {
            let text = message.to_string();
            out.finish(format_args!(
                "{} {:5} {} {}",
                chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ"),
                record.level(),
                record.target(),
                redact(&text)
            ));
        })
        .build()
}

/// Takes out whatever could be a secret or a customer's: addresses, bearer tokens, long ids,
/// connection codes and phone numbers. Secrets never reach a log line by our own hand; this is for
/// the libraries under us.
pub fn redact(line: &str) -> Cow<'_, str> {
    #[allow(clippy::expect_used)] // A constant, compiled by the test below.
    static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix)
              https?://\S+
            | /instances/\S+
            | bearer\s+\S+
            | client-token\S*\s*\S+
            | \b[a-z0-9]{4}-[a-z0-9]{4}\b
            | [a-z0-9]{16,}
            | \+?\d[\d\ ().-]{8,}\d
            ",
        )
        .expect("a valid pattern")
    });
    SECRETS.replace_all(line, "[…]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_stays_in_a_line() {
        for (line, secret) in [
            (
                "GET https://api.z-api.io/instances/3C00/token/SECRET/status failed",
                "SECRET",
            ),
            ("no route /instances/3C00/token/SECRET", "SECRET"),
            ("Authorization: Bearer SECRET", "SECRET"),
            ("header Client-Token: SECRET", "SECRET"),
            ("odd answer for 7A00FAKE7A00FAKE7A00", "7A00FAKE"),
            ("code FA48-HS63 came", "FA48-HS63"),
            ("connected +55 44 99999-0101", "99999"),
        ] {
            let redacted = redact(line);
            assert!(!redacted.contains(secret), "{redacted}");
        }
        assert_eq!(
            redact("store: the instance is taken"),
            "store: the instance is taken"
        );
    }
}
