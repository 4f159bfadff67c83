//! What the commands share: the desk in force, and who follows what.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use desk::customers::{ConnectionStatus, CustomerForm};
use desk::desk::Event;
use desk::vault::{Keep, Vault};
use desk::{Config, Desk, ErrorCode, Failure, Language, lock};
use practice::Practice;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::{OnceCell, broadcast, watch};
use tokio::task::AbortHandle;
use ts_rs::TS;

use crate::notify;
use crate::saved::Saved;
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

/// The state behind the commands.
pub struct Host {
    folder: PathBuf,
    real: OnceCell<Arc<Desk>>,
    practice: Mutex<Option<Arc<PracticeDesk>>>,
    app_events: Mutex<Option<Channel<AppEvent>>>,
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
            app_events: Mutex::default(),
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

    async fn real_desk(&self, app: &AppHandle) -> Result<Arc<Desk>, Failure> {
        let open = async || {
            let environment = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let mut config = Config::in_folder(self.folder.clone());
            config.fixed_address = environment("PONTE_ZAPI_URL");
            if environment("PONTE_VAULT").as_deref() == Some("memory") {
                config.vault = Vault::memory();
            }
            let desk = Desk::open(config).await?;
            tauri::async_runtime::spawn(forward(app.clone(), desk.events()));
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
                keep: Keep::Session,
            })
            .await?;
        }
        tauri::async_runtime::spawn(forward(app.clone(), desk.events()));
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

    /// The desk that is open, for reports.
    pub fn open_desk(&self) -> Option<Arc<Desk>> {
        self.real.get().cloned()
    }

    // --- who follows what

    /// Sends events of the app to this channel from now on.
    pub fn follow_app(&self, on: Channel<AppEvent>) {
        *lock(&self.app_events) = Some(on);
    }

    /// Tells the main window.
    pub fn tell(&self, event: AppEvent) {
        let channel = lock(&self.app_events).clone();
        if let Some(channel) = channel
            && let Err(error) = channel.send(event)
        {
            log::debug!("the main window is gone: {error}");
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
        lock(&self.followers).retain(|(of, _), task| {
            let stays = of != window;
            if !stays {
                task.abort();
            }
            stays
        });
    }
}

/// Tells a desk's events to the main window and, where it matters, to the agent's desktop. Ends
/// with the desk.
async fn forward(app: AppHandle, mut events: broadcast::Receiver<Event>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let host = app.state::<Host>();
        match event {
            // Ids are never reused, so an event of the desk in the background finds no row.
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
                name,
                identity,
                expected,
                ..
            } => notify::connected(&app, host.language().await, &name, &identity, expected),
        }
    }
}
