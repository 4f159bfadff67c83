//! Links from other programs: `ponte://connect/<instance id or phone>` shows that customer. They
//! navigate and do nothing else; what they name is decided in [`desk::Desk::link_target`].
//!
//! Who opens such a link starts Ponte with it as an argument (Linux, Windows) or sends an event
//! (macOS). That this computer knows is the installers' work: they read `plugins.deep-link` in
//! `tauri.conf.json` and write the desktop entry of the `.deb`, the registry keys of the Windows
//! installers and the `Info.plist` of the `.app`. Only an AppImage has no installer; see
//! [`register`].

use tauri::{AppHandle, Manager};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::host::{AppEvent, Host};
use crate::{paths, windows};

/// The scheme, as in `tauri.conf.json`.
const SCHEME: &str = "ponte";

/// Whether a text is a link of Ponte's. It may still make no sense.
pub fn is_link(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Shows whom a link names, or that it names nobody.
pub fn follow(app: &AppHandle, link: String) {
    windows::bring_to_front(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let host = app.state::<Host>();
        let target = async { host.desk(&app).await?.link_target(&link).await };
        host.show(match target.await {
            Ok(customer) => AppEvent::ShowCustomer { customer },
            Err(failure) => AppEvent::LinkProblem {
                text: failure.params.get("text").cloned().unwrap_or_default(),
                failure,
            },
        });
    });
}

/// Follows the links that come as events: macOS sends them so.
pub fn listen(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        let links = event.urls().into_iter().map(String::from);
        if let Some(link) = links.into_iter().find(|link| is_link(link)) {
            follow(&handle, link);
        }
    });
}

/// Makes this user's links open in this AppImage, wherever it lies by now. Not with a data folder
/// of its own: trying something out must not change where links lead.
pub async fn register(app: &AppHandle) {
    if paths::appimage().is_none() || std::env::var_os("PONTE_HOME").is_some() {
        return;
    }
    let app = app.clone();
    let registered = tokio::task::spawn_blocking(move || app.deep_link().register(SCHEME)).await;
    match registered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn!("links are not registered: {error}"),
        Err(error) => log::error!("links are not registered: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the installers register is what is listened for.
    #[test]
    fn the_scheme_is_the_one_that_installers_register() {
        let config: serde_json::Value =
            serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        assert_eq!(
            config["plugins"]["deep-link"]["desktop"]["schemes"],
            serde_json::json!([SCHEME])
        );
    }
}
