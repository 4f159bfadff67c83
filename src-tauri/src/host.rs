//! What the commands share: the desk in force, and who follows what.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use desk::customers::{ConnectionStatus, CustomerForm, CustomerRow};
use desk::desk::Event;
use desk::roster::Import;
use desk::roster::watch::{OnClose, QuietHours};
use desk::vault::{Keep, Vault};
use desk::{Config, Desk, ErrorCode, Failure, Language, lock};
use practice::Practice;
use serde::{Deserialize, Serialize};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::{OnceCell, broadcast, watch};
use tokio::task::AbortHandle;
use ts_rs::TS;

use crate::notify;
use crate::saved::Saved;
use crate::tray::Tray;
use crate::windows::MAIN;
use crate::words::{self, say};

/// What the menu can ask of the main window.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub enum MenuAction {
    /// The form for a new customer.
    AddCustomer,
    /// The search box.
    Search,
    /// The history.
    History,
    /// The import of a spreadsheet.
    ImportFile,
    /// The settings.
    Settings,
    /// Version and licences.
    About,
}

/// What the app tells the main window without being asked.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export_to = desk::TYPES)]
pub enum AppEvent {
    /// A menu item was chosen.
    Menu {
        /// Which.
        action: MenuAction,
    },
    /// A customer's status was seen.
    CustomerStatus {
        /// Whose.
        customer_id: String,
        /// What.
        status: ConnectionStatus,
        /// Unix milliseconds by this computer's clock: since when.
        #[ts(type = "number | null")]
        status_since: Option<i64>,
    },
    /// Customers were added, changed or removed without the window's doing: what it lists may be
    /// another now.
    RosterChanged,
    /// The reading of a Partner listing began, went on or ended.
    Import {
        /// Where it stands.
        import: Import,
    },
    /// Lines of a spreadsheet are being added.
    CsvProgress {
        /// Lines done.
        done: u32,
        /// Of so many.
        total: u32,
    },
    /// A customer is to be shown: by a link, from the tray or from a notification.
    ShowCustomer {
        /// Who.
        customer: CustomerRow,
    },
    /// Those who are offline are to be shown.
    ShowOffline,
    /// A link could not be followed.
    LinkProblem {
        /// Why.
        failure: Failure,
        /// What it named, to be searched for; empty when it makes no sense.
        text: String,
    },
    /// The window was closed, and nobody has said yet what that means. See `close_main`.
    Closing,
}

/// What Ponte does without its window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub struct BackgroundSettings {
    /// Tell by desktop notification when customers go offline.
    pub notify: bool,
    /// When not to; `None`: always tell.
    pub quiet: Option<QuietHours>,
    /// What closing the window does; `None`: nobody was asked yet.
    pub on_close: Option<OnClose>,
    /// Ponte starts at login, without a window.
    pub autostart: bool,
}

/// Practice: a desk of its own over the pretend Z-API.
pub struct PracticeDesk {
    /// The desk. Its store and vault are in memory and end with it.
    pub desk: Arc<Desk>,
    /// The pretend Z-API.
    pub server: Practice,
}

/// The attempt that the presenter shows: of which desk and customer.
pub type Presented = Option<(Arc<Desk>, String)>;

/// Who hears of the app.
#[derive(Default)]
struct MainWindow {
    /// `None` while the page is not there.
    channel: Option<Channel<AppEvent>>,
    /// What is to be shown as soon as it is: only the latest, as it shows one thing at a time.
    pending: Option<AppEvent>,
}

/// The state behind the commands.
pub struct Host {
    folder: PathBuf,
    real: OnceCell<Arc<Desk>>,
    practice: Mutex<Option<Arc<PracticeDesk>>>,
    main_window: Mutex<MainWindow>,
    on_close: Mutex<Option<OnClose>>,
    tray: Tray,
    presented: watch::Sender<Presented>,
    menu_language: Mutex<Option<Language>>,
    /// By window and channel.
    followers: Mutex<HashMap<(String, u32), AbortHandle>>,
    saved: Saved,
}

impl Host {
    /// Nothing is opened yet.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            real: OnceCell::new(),
            practice: Mutex::default(),
            main_window: Mutex::default(),
            on_close: Mutex::default(),
            tray: Tray::default(),
            presented: watch::Sender::default(),
            menu_language: Mutex::default(),
            followers: Mutex::default(),
            saved: Saved::default(),
        }
    }

    /// The desk in force: practice, or the real one. Opened at the first call; a failure is tried
    /// again at the next.
    pub async fn desk(&self, app: &AppHandle) -> Result<Arc<Desk>, Failure> {
        match self.practice() {
            Some(practice) => Ok(Arc::clone(&practice.desk)),
            None => self.real_desk(app).await,
        }
    }

    /// The real desk, whatever desk is in force.
    pub async fn real_desk(&self, app: &AppHandle) -> Result<Arc<Desk>, Failure> {
        let open = async || {
            let environment = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let mut config = Config::in_folder(self.folder.clone());
            config.fixed_address = environment("PONTE_ZAPI_URL");
            if environment("PONTE_VAULT").as_deref() == Some("memory") {
                config.vault = Vault::memory();
            }
            let desk = Desk::open(config).await?;
            match desk.watch_settings().await {
                Ok(settings) => self.remember_on_close(settings.on_close),
                Err(failure) => log::warn!("closing the window will be asked about: {failure}"),
            }
            tauri::async_runtime::spawn(forward(app.clone(), desk.events(), Forwarded::Real));
            Ok::<_, Failure>(desk)
        };
        Ok(Arc::clone(self.real.get_or_try_init(open).await?))
    }

    /// The language chosen, whatever desk is in force: the real one keeps the setting.
    pub async fn chosen_language(&self, app: &AppHandle) -> Result<Option<Language>, Failure> {
        Ok(self.real_desk(app).await?.settings().await?.language)
    }

    /// Chooses a language; `None` follows the system.
    pub async fn choose_language(
        &self,
        app: &AppHandle,
        language: Option<Language>,
    ) -> Result<(), Failure> {
        self.real_desk(app).await?.set_language(language).await
    }

    /// The language in force: the system's until the desk is open.
    pub async fn language(&self) -> Language {
        let chosen = match self.real.get() {
            Some(desk) => desk
                .settings()
                .await
                .ok()
                .and_then(|settings| settings.language),
            None => None,
        };
        chosen.unwrap_or_else(words::system_language)
    }

    /// Notes the language that the menu gets now; gives the one it had.
    pub fn menu_language(&self, language: Language) -> Option<Language> {
        lock(&self.menu_language).replace(language)
    }

    /// Practice, if it is on.
    pub fn practice(&self) -> Option<Arc<PracticeDesk>> {
        lock(&self.practice).clone()
    }

    /// Begins practice, afresh every time.
    pub async fn enter_practice(&self, app: &AppHandle) -> Result<(), Failure> {
        if self.practice().is_some() {
            return Ok(());
        }
        if let Some(desk) = self.real.get() {
            // One that was only looked at: nobody can forget it from in here.
            desk.forget_csv();
        }
        let server = Practice::start(practice::Config::default())
            .await
            .map_err(|error| {
                log::error!("practice did not start: {error}");
                Failure::from(ErrorCode::Internal)
            })?;
        let mut config = Config::in_folder(self.folder.clone());
        config.folder = None;
        config.vault = Vault::memory();
        config.fixed_address = Some(server.url());
        let desk = Desk::open(config).await?;
        let language = self.language().await;
        let account = desk
            .add_account(desk::accounts::AccountForm {
                name: say(language, "practiceAccount", &[]),
                client_token: None,
                partner_token: Some(server.partner_token().into()),
                keep: Keep::Session,
            })
            .await?;
        for customer in server.customers() {
            desk.add_customer(CustomerForm {
                account_id: account.id.clone(),
                name: customer.name,
                address: customer.instance_id.into(),
                token: Some(customer.token.into()),
                phone: customer.phone,
                language,
                note: String::new(),
                labels: String::new(),
                keep: Keep::Session,
            })
            .await?;
        }
        tauri::async_runtime::spawn(forward(app.clone(), desk.events(), Forwarded::Practice));
        desk.start_watching();
        *lock(&self.practice) = Some(Arc::new(PracticeDesk { desk, server }));
        Ok(())
    }

    /// Ends practice and everything in it.
    pub async fn leave_practice(&self) {
        let practice = lock(&self.practice).take();
        self.presented.send_replace(None);
        if let Some(practice) = practice {
            practice.desk.close().await;
        }
    }

    /// Ends what runs and closes the files.
    pub async fn close(&self) {
        self.leave_practice().await;
        if let Some(desk) = self.real.get() {
            desk.close().await;
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Where the desk's own cards for triage are.
    pub fn triage_folder(&self) -> PathBuf {
        self.folder.join("triage")
    }

    /// Files that the agent saves.
    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// The real desk, if it is open.
    pub fn open_desk(&self) -> Option<Arc<Desk>> {
        self.real.get().cloned()
    }

    /// What closing the main window does, as chosen by the agent and kept by the real desk. Kept
    /// here as well: the window does not wait for a file to be closed.
    pub fn on_close(&self) -> Option<OnClose> {
        *lock(&self.on_close)
    }

    /// Notes what the real desk keeps.
    pub fn remember_on_close(&self, on_close: Option<OnClose>) {
        *lock(&self.on_close) = on_close;
    }

    /// The icon in the tray.
    pub fn tray(&self) -> &Tray {
        &self.tray
    }

    // --- who follows what

    /// Sends events of the app to this channel from now on.
    pub fn follow_app(&self, on: Channel<AppEvent>) {
        let mut window = lock(&self.main_window);
        window.channel = Some(on);
        if let Some(event) = window.pending.take() {
            window.send(event);
        }
    }

    /// Whether the main window hears what it is told.
    pub fn is_followed(&self) -> bool {
        lock(&self.main_window).channel.is_some()
    }

    /// Tells the main window, if its page is there.
    pub fn tell(&self, event: AppEvent) {
        lock(&self.main_window).send(event);
    }

    /// Tells the main window what to show: as soon as its page is there.
    pub fn show(&self, event: AppEvent) {
        let mut window = lock(&self.main_window);
        match window.channel {
            Some(_) => window.send(event),
            None => window.pending = Some(event),
        }
    }

    /// The attempt that the presenter shows, now and from now on.
    pub fn presented(&self) -> &watch::Sender<Presented> {
        &self.presented
    }

    /// Runs a follower until its window stops it, reloads or closes.
    pub fn follow(
        &self,
        window: &str,
        channel: u32,
        follower: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = tokio::spawn(follower).abort_handle();
        let mut followers = lock(&self.followers);
        followers.retain(|_, task| !task.is_finished());
        if let Some(earlier) = followers.insert((window.to_owned(), channel), task) {
            earlier.abort();
        }
    }

    /// Stops one follower of a window.
    pub fn unfollow(&self, window: &str, channel: u32) {
        if let Some(task) = lock(&self.followers).remove(&(window.to_owned(), channel)) {
            task.abort();
        }
    }

    /// Stops all followers of a window: it was loaded anew or closed.
    pub fn forget_followers(&self, window: &str) {
        if window == MAIN {
            lock(&self.main_window).channel = None;
        }
        lock(&self.followers).retain(|(of, _), task| {
            let stays = of != window;
            if !stays {
                task.abort();
            }
            stays
        });
    }
}

impl MainWindow {
    fn send(&self, event: AppEvent) {
        if let Some(channel) = &self.channel
            && let Err(error) = channel.send(event)
        {
            log::debug!("the main window is gone: {error}");
        }
    }
}

/// Whose events are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forwarded {
    /// To the window, and outside it.
    Real,
    /// To the window.
    Practice,
}

/// Tells a desk's events to the main window and, where it matters, to the agent's desktop. Ends
/// with the desk. Ids are never reused, so an event of the desk in the background finds no row.
async fn forward(app: AppHandle, mut events: broadcast::Receiver<Event>, whose: Forwarded) {
    loop {
        let host = app.state::<Host>();
        let event = match events.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                // Whatever was missed, the list and the tray are read anew.
                host.tray().has_news();
                host.tell(AppEvent::RosterChanged);
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if whose == Forwarded::Real {
            host.tray().has_news();
        }
        match event {
            Event::Status {
                customer_id,
                status,
                since,
            } => host.tell(AppEvent::CustomerStatus {
                customer_id,
                status,
                status_since: since,
            }),
            Event::Connected {
                customer_id,
                name,
                identity,
                expected,
            } => {
                let language = host.language().await;
                notify::connected(&app, language, &customer_id, &name, &identity, expected);
            }
            Event::RosterChanged => host.tell(AppEvent::RosterChanged),
            Event::Import(import) => host.tell(AppEvent::Import { import }),
            Event::CsvProgress { done, total } => host.tell(AppEvent::CsvProgress { done, total }),
            Event::WentOffline {
                customer_id,
                name,
                count,
            } => {
                if whose == Forwarded::Real {
                    let language = host.language().await;
                    notify::went_offline(&app, language, &customer_id, &name, count);
                }
            }
            // The tray's business.
            Event::Counts(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard() -> (Channel<AppEvent>, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let channel = Channel::new(move |body| {
            let tauri::ipc::InvokeResponseBody::Json(event) = body else {
                panic!("events are JSON");
            };
            lock(&into).push(event);
            Ok(())
        });
        (channel, heard)
    }

    #[test]
    fn what_is_to_be_shown_waits_for_the_page() {
        let host = Host::new(PathBuf::new());
        assert!(!host.is_followed());
        host.tell(AppEvent::RosterChanged);
        host.show(AppEvent::LinkProblem {
            failure: ErrorCode::LinkNotUnderstood.into(),
            text: String::new(),
        });
        host.show(AppEvent::ShowOffline);

        let (page, events) = heard();
        host.follow_app(page);
        assert!(host.is_followed());
        let only_the_latest = [r#"{"kind":"showOffline"}"#];
        assert_eq!(*lock(&events), only_the_latest);
        host.show(AppEvent::ShowOffline);
        assert_eq!(lock(&events).len(), 2, "a page that is there hears at once");
    }

    #[test]
    fn a_page_that_is_loaded_anew_hears_what_came_meanwhile() {
        let host = Host::new(PathBuf::new());
        let (before, lost) = heard();
        host.follow_app(before);
        host.forget_followers("presenter");
        assert!(host.is_followed());
        host.forget_followers(MAIN);
        host.show(AppEvent::ShowOffline);
        let (page, events) = heard();
        host.follow_app(page);
        assert_eq!((lock(&lost).len(), lock(&events).len()), (0, 1));
        let (again, events) = heard();
        host.follow_app(again);
        assert!(lock(&events).is_empty(), "it is shown once");
    }
}
