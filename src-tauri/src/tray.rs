//! The icon in the tray: who is offline, and the way to them. It speaks of the real desk only.
//!
//! On Linux it goes over D-Bus (`ksni`), with no library to be missing; where no desktop shows such
//! icons, making one fails and Ponte goes on without.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use desk::Language;
use tauri::image::Image;
use tauri::menu::{Menu, MenuBuilder, MenuItemBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};
use tokio::sync::Notify;

use crate::host::Host;
use crate::menu::QUIT;
use crate::windows;
use crate::words::say;

const ID: &str = "ponte";
const OPEN: &str = "tray-open";
const OFFLINE: &str = "tray-offline";
/// Before a customer's id.
const CUSTOMER: &str = "tray-customer:";

/// Customers in the menu.
const RECENT: u32 = 5;
/// Letters of a name in the menu.
const LONGEST_NAME: usize = 40;
/// From the first news to what is told of it: one thing may bring many, and the last a little later.
const PAUSE: Duration = Duration::from_secs(1);

// Would not compile if Tauri came to use another `tray-icon` than the one whose `ksni` is switched
// on in Cargo.toml: Tauri's own choice ends the process where its library is missing.
#[cfg(target_os = "linux")]
const _: fn(tray_icon::TrayIconId) -> tauri::tray::TrayIconId = |id| id;

#[cfg(windows)]
const ICONS: [Image<'static>; 2] = [
    tauri::include_image!("../icons/tray/windows.png"),
    tauri::include_image!("../icons/tray/windows-offline.png"),
];
#[cfg(target_os = "macos")]
const ICONS: [Image<'static>; 2] = [
    tauri::include_image!("../icons/tray/macos.png"),
    tauri::include_image!("../icons/tray/macos-offline.png"),
];
#[cfg(target_os = "linux")]
const ICONS: [Image<'static>; 2] = [
    tauri::include_image!("../icons/tray/linux.png"),
    tauri::include_image!("../icons/tray/linux-offline.png"),
];

/// Whether there is an icon, and that it may have to say something else.
#[derive(Default)]
pub struct Tray {
    there: AtomicBool,
    news: Notify,
}

impl Tray {
    /// Whether there is an icon.
    pub fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed)
    }

    /// Something changed that the icon may tell.
    pub fn has_news(&self) {
        self.news.notify_one();
    }
}

/// What the tray says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Contents {
    language: Language,
    offline: u32,
    /// The last customers: id and name. None in practice, whose window knows others.
    recent: Vec<(String, String)>,
    practice: bool,
}

impl Contents {
    async fn read(app: &AppHandle) -> Self {
        let host = app.state::<Host>();
        let practice = host.practice().is_some();
        let desk = host.open_desk();
        let recent = match &desk {
            Some(desk) if !practice => desk.recent_customers(RECENT).await,
            _ => Ok(Vec::new()),
        };
        let recent = recent.unwrap_or_else(|failure| {
            log::warn!("the tray shows no customers: {failure}");
            Vec::new()
        });
        Self {
            language: host.language().await,
            offline: desk.map_or(0, |desk| desk.counts().offline),
            recent: recent
                .into_iter()
                .map(|customer| (customer.id, customer.name))
                .collect(),
            practice,
        }
    }

    fn icon(&self) -> Image<'static> {
        let [usual, offline] = ICONS;
        match self.offline {
            0 => usual,
            _ => offline,
        }
    }

    fn offline(&self) -> String {
        let word = |path: &str, count: &str| say(self.language, path, &[("count", count)]);
        match self.offline {
            0 => word("tray.noneOffline", ""),
            1 => word("tray.oneOffline", ""),
            many => word("tray.manyOffline", &many.to_string()),
        }
    }

    fn tooltip(&self) -> String {
        let offline = self.offline();
        match self.offline {
            // There the icon's title stands before it.
            _ if cfg!(target_os = "linux") => offline,
            0 => say(self.language, "title", &[]),
            _ => say(
                self.language,
                "tray.tooltip",
                &[("offline", offline.as_str())],
            ),
        }
    }

    fn menu(&self, app: &AppHandle) -> tauri::Result<Menu<Wry>> {
        let word = |path: &str| say(self.language, path, &[]);
        let item = |id: String, text: String| MenuItemBuilder::with_id(id, text);
        let open = item(OPEN.into(), word("tray.open")).build(app)?;
        let offline = item(OFFLINE.into(), self.offline())
            .enabled(self.offline > 0 && !self.practice)
            .build(app)?;
        let quit = item(QUIT.into(), word("menu.quit")).build(app)?;
        let mut menu = MenuBuilder::new(app).items(&[&open, &offline]);
        if !self.recent.is_empty() {
            menu = menu.separator();
        }
        for (id, name) in &self.recent {
            menu = menu.item(&item(format!("{CUSTOMER}{id}"), in_menu(name)).build(app)?);
        }
        menu.separator().item(&quit).build()
    }
}

/// A name as a menu shows it: short, and no letter of it a shortcut.
fn in_menu(name: &str) -> String {
    let short = match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", name[..end].trim_end()),
        None => name.to_owned(),
    };
    short.replace('&', "&&")
}

/// Makes the icon, if there is none; it keeps itself current from then on. An error is usual where
/// no desktop shows such icons.
pub async fn make(app: &AppHandle) -> tauri::Result<()> {
    let contents = Contents::read(app).await;
    let shown = contents.clone();
    let made = on_main_thread(app, move |app| {
        if app.tray_by_id(ID).is_some() {
            return Ok(false);
        }
        let builder = TrayIconBuilder::with_id(ID)
            .icon(shown.icon())
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip(shown.tooltip())
            .menu(&shown.menu(app)?)
            .show_menu_on_left_click(false)
            .on_tray_icon_event(|tray, event| {
                if let TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                } = event
                {
                    clicked(tray.app_handle());
                }
            });
        // On macOS a title stands beside the icon; elsewhere it is the icon's name.
        let builder = match cfg!(target_os = "linux") {
            true => builder.title(say(shown.language, "title", &[])),
            false => builder,
        };
        builder.build(app).map(|_| true)
    });
    if made.await? {
        app.state::<Host>()
            .tray()
            .there
            .store(true, Ordering::Relaxed);
        tauri::async_runtime::spawn(keep_current(app.clone(), contents));
    }
    Ok(())
}

async fn keep_current(app: AppHandle, mut shown: Contents) {
    loop {
        app.state::<Host>().tray().news.notified().await;
        tokio::time::sleep(PAUSE).await;
        let contents = Contents::read(&app).await;
        if contents == shown {
            continue;
        }
        let (next, before) = (contents.clone(), shown);
        let changed = on_main_thread(&app, move |app| {
            let Some(icon) = app.tray_by_id(ID) else {
                return Ok(());
            };
            if next.icon().rgba() != before.icon().rgba() {
                icon.set_icon_with_as_template(Some(next.icon()), cfg!(target_os = "macos"))?;
            }
            icon.set_tooltip(Some(next.tooltip()))?;
            icon.set_menu(Some(next.menu(app)?))
        });
        if let Err(error) = changed.await {
            log::warn!("the tray is not current: {error}");
        }
        shown = contents;
    }
}

/// Tauri's icon counts who holds it in a way that only one thread may.
async fn on_main_thread<T: Send + 'static>(
    app: &AppHandle,
    run: impl FnOnce(&AppHandle) -> tauri::Result<T> + Send + 'static,
) -> tauri::Result<T> {
    let (done, answer) = tokio::sync::oneshot::channel();
    let handle = app.clone();
    app.run_on_main_thread(move || {
        // Nobody waits any more once the app ends.
        let _ = done.send(run(&handle));
    })?;
    answer
        .await
        .map_err(|_| tauri::Error::FailedToReceiveMessage)?
}

/// The icon was clicked.
fn clicked(app: &AppHandle) {
    let host = app.state::<Host>();
    let offline = host.open_desk().map_or(0, |desk| desk.counts().offline);
    match offline {
        0 => windows::bring_to_front(app),
        _ => windows::show_offline(app),
    }
}

/// An item was chosen; others than the tray's are none of its business.
pub fn chosen(app: &AppHandle, id: &str) {
    match id {
        OPEN => windows::bring_to_front(app),
        OFFLINE => windows::show_offline(app),
        _ => {
            if let Some(customer) = id.strip_prefix(CUSTOMER) {
                windows::show_customer(app, customer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(offline: u32) -> Contents {
        Contents {
            language: Language::English,
            offline,
            recent: Vec::new(),
            practice: false,
        }
    }

    #[test]
    fn the_tray_says_how_many_are_offline() {
        for (offline, words, tooltip) in [
            (0, "Nobody offline", "Ponte"),
            (1, "1 offline", "Ponte – 1 offline"),
            (12, "12 offline", "Ponte – 12 offline"),
        ] {
            let contents = contents(offline);
            assert_eq!(contents.offline(), words);
            match cfg!(target_os = "linux") {
                true => assert_eq!(contents.tooltip(), words),
                false => assert_eq!(contents.tooltip(), tooltip),
            }
        }
        let [usual, dot] = ICONS;
        assert_eq!(contents(0).icon().rgba(), usual.rgba());
        assert_eq!(contents(1).icon().rgba(), dot.rgba());
        assert_ne!(usual.rgba(), dot.rgba());
    }

    #[test]
    fn a_name_is_shown_as_it_is() {
        assert_eq!(in_menu("Silva & Filhos"), "Silva && Filhos");
        assert_eq!(in_menu(&"ç".repeat(40)), "ç".repeat(40));
        assert_eq!(in_menu(&"ç".repeat(41)), format!("{}…", "ç".repeat(40)));
    }
}
