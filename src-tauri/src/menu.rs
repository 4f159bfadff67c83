//! The menu of each platform. Shortcuts that the page handles itself are not repeated here.

use desk::Language;
use tauri::menu::{
    Menu, MenuBuilder, MenuItemBuilder, PredefinedMenuItem, Submenu, SubmenuBuilder,
};
use tauri::{AppHandle, Manager, Wry};

use crate::host::{AppEvent, Host, MenuAction};
use crate::words::say;
use crate::{tray, windows};

const ADD_CUSTOMER: &str = "add-customer";
const IMPORT_FILE: &str = "import-file";
const SEARCH: &str = "search";
const HISTORY: &str = "history";
const SETTINGS: &str = "settings";
const GUIDE: &str = "guide";
const ABOUT: &str = "about";
/// In the tray as well.
pub const QUIT: &str = "quit";

/// The menu in a language.
pub fn build(app: &AppHandle, language: Language) -> tauri::Result<Menu<Wry>> {
    let word = |path: &str| say(language, path, &[]);
    let item = |id: &str, text: String, key: Option<&str>| {
        let builder = MenuItemBuilder::with_id(id, text);
        match key {
            Some(key) => builder.accelerator(key).build(app),
            None => builder.build(app),
        }
    };
    let add = item(ADD_CUSTOMER, word("menu.addCustomer"), Some("CmdOrCtrl+N"))?;
    let import = item(IMPORT_FILE, word("menu.importFile"), None)?;
    let search = item(SEARCH, word("menu.search"), Some("CmdOrCtrl+K"))?;
    let history = item(HISTORY, word("menu.history"), None)?;
    let guide = item(GUIDE, word("menu.guide"), Some("F1"))?;
    let settings = item(SETTINGS, word("menu.settings"), Some("CmdOrCtrl+,"))?;
    let about = item(ABOUT, word("menu.about"), None)?;
    let quit = item(QUIT, word("menu.quit"), Some("CmdOrCtrl+Q"))?;
    let view = SubmenuBuilder::new(app, word("menu.view"))
        .item(&search)
        .item(&history)
        .build()?;

    if cfg!(target_os = "macos") {
        let ponte = SubmenuBuilder::new(app, word("title"))
            .item(&about)
            .separator()
            .item(&settings)
            .separator()
            .item(&PredefinedMenuItem::hide(app, Some(&word("menu.hide")))?)
            .separator()
            .item(&quit)
            .build()?;
        let file = SubmenuBuilder::new(app, word("menu.file"))
            .item(&add)
            .item(&import)
            .build()?;
        let window = SubmenuBuilder::new(app, word("menu.window"))
            .item(&PredefinedMenuItem::minimize(
                app,
                Some(&word("menu.minimize")),
            )?)
            .item(&PredefinedMenuItem::close_window(
                app,
                Some(&word("menu.close")),
            )?)
            .build()?;
        let edit = edit(app, language)?;
        let help = SubmenuBuilder::new(app, word("menu.help"))
            .item(&guide)
            .build()?;
        return MenuBuilder::new(app)
            .items(&[&ponte, &file, &edit, &view, &window, &help])
            .build();
    }
    let file = SubmenuBuilder::new(app, word("menu.file"))
        .item(&add)
        .item(&import)
        .item(&settings)
        .separator()
        .item(&quit)
        .build()?;
    let help = SubmenuBuilder::new(app, word("menu.help"))
        .item(&guide)
        .item(&about)
        .build()?;
    MenuBuilder::new(app).items(&[&file, &view, &help]).build()
}

/// On macOS, copying and pasting work in a page only while the menu has these items; elsewhere the
/// page has them by itself.
fn edit(app: &AppHandle, language: Language) -> tauri::Result<Submenu<Wry>> {
    let word = |path: &str| say(language, path, &[]);
    SubmenuBuilder::new(app, word("menu.edit"))
        .item(&PredefinedMenuItem::undo(app, Some(&word("menu.undo")))?)
        .item(&PredefinedMenuItem::redo(app, Some(&word("menu.redo")))?)
        .separator()
        .item(&PredefinedMenuItem::cut(app, Some(&word("menu.cut")))?)
        .item(&PredefinedMenuItem::copy(app, Some(&word("menu.copy")))?)
        .item(&PredefinedMenuItem::paste(app, Some(&word("menu.paste")))?)
        .item(&PredefinedMenuItem::select_all(
            app,
            Some(&word("menu.selectAll")),
        )?)
        .build()
}

/// An item was chosen.
pub fn chosen(app: &AppHandle, id: &str) {
    let action = match id {
        ADD_CUSTOMER => MenuAction::AddCustomer,
        IMPORT_FILE => MenuAction::ImportFile,
        SEARCH => MenuAction::Search,
        HISTORY => MenuAction::History,
        SETTINGS => MenuAction::Settings,
        ABOUT => MenuAction::About,
        GUIDE => return open_guide(app.clone()),
        QUIT => return app.exit(0),
        _ => return tray::chosen(app, id),
    };
    app.state::<Host>().tell(AppEvent::Menu { action });
}

fn open_guide(app: AppHandle) {
    tauri::async_runtime::spawn(async move {
        let language = app.state::<Host>().language().await;
        if let Err(error) = windows::open_guide(&app, language) {
            log::error!("the guide did not open: {error}");
        }
    });
}
