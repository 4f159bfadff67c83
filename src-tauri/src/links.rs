//! The addresses that Ponte opens. The UI names a link; only this module knows where it leads.

use std::path::PathBuf;

use desk::desk::{CHROME_STORE, WHATSAPP_WEB};
use desk::{ErrorCode, Failure};
use serde::{Deserialize, Serialize};
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt;
use tauri_plugin_shell::ShellExt;
use ts_rs::TS;

/// A place that can be opened.
#[derive(Clone, Copy, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub enum Link {
    /// The Z-API Conector extension.
    ChromeStore,
    /// WhatsApp Web.
    WhatsAppWeb,
}

impl Link {
    /// Where it leads.
    pub fn address(self) -> &'static str {
        match self {
            Self::ChromeStore => CHROME_STORE,
            Self::WhatsAppWeb => WHATSAPP_WEB,
        }
    }
}

/// What opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub enum OpenedIn {
    /// Chrome.
    Chrome,
    /// Whatever the system opens links with, as Chrome was not found.
    DefaultBrowser,
}

/// Opens a link in Chrome, as an extension's page is useless elsewhere; without Chrome, in the
/// default browser. No window can reach the shell: programs and arguments are all given here.
pub fn open(app: &AppHandle, link: Link) -> Result<OpenedIn, Failure> {
    for (program, arguments) in chrome() {
        let command = app
            .shell()
            .command(program)
            .args(arguments)
            .arg(link.address());
        if command.spawn().is_ok() {
            return Ok(OpenedIn::Chrome);
        }
    }
    match app.opener().open_url(link.address(), None::<&str>) {
        Ok(()) => Ok(OpenedIn::DefaultBrowser),
        Err(error) => {
            log::warn!("no browser was opened: {error}");
            Err(ErrorCode::LinkFailed.into())
        }
    }
}

/// Where Chrome may be, best first, with the arguments before the address.
fn chrome() -> Vec<(PathBuf, &'static [&'static str])> {
    if cfg!(target_os = "macos") {
        // `open` succeeds whether or not the application exists, so it is looked for first.
        let installed = PathBuf::from("/Applications/Google Chrome.app").exists();
        let open: &[&str] = &["-a", "Google Chrome"];
        return installed
            .then_some(("/usr/bin/open".into(), open))
            .into_iter()
            .collect();
    }
    if cfg!(windows) {
        return ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"]
            .into_iter()
            .filter_map(std::env::var_os)
            .map(|folder| PathBuf::from(folder).join(r"Google\Chrome\Application\chrome.exe"))
            .filter(|program| program.exists())
            .map(|program| (program, &[][..]))
            .collect();
    }
    [
        "google-chrome-stable",
        "google-chrome",
        "chromium",
        "chromium-browser",
    ]
    .map(|name| (PathBuf::from(name), &[][..]))
    .into()
}
