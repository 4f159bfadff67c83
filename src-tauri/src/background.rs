//! Ponte without its window: what closing the window does, and what goes on without being asked.

use std::time::Duration;

use desk::roster::watch::OnClose;
use tauri::{AppHandle, CloseRequestApi, Manager};

use crate::host::{AppEvent, Host};
use crate::{incoming, tray, windows};

/// The window has this long for itself before the tray is made: that takes the same thread.
const AFTER_THE_WINDOW: Duration = Duration::from_secs(1);
/// At login the desktop may have its tray later than Ponte is there.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);
/// After so many tries there is none.
const TRIES: u32 = 15;

/// What the host knows when the main window is to be closed.
#[derive(Clone, Copy)]
struct Situation {
    /// What the agent chose, if ever.
    chosen: Option<OnClose>,
    /// There is an icon to come back by.
    tray: bool,
    /// The page listens, so it can ask.
    listens: bool,
    /// Practice is on.
    practice: bool,
    /// Customers of the real desk: nobody needs a watch over none.
    customers: u32,
}

/// What closing the main window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Quit,
    Hide,
    Ask,
}

impl Situation {
    fn closing(self) -> Closing {
        match self.chosen {
            // Hidden without an icon, nothing would lead back.
            _ if !self.tray || !self.listens => Closing::Quit,
            Some(OnClose::Quit) => Closing::Quit,
            Some(OnClose::Tray) => Closing::Hide,
            None if self.practice || self.customers == 0 => Closing::Quit,
            None => Closing::Ask,
        }
    }
}

/// The main window is to be closed.
pub fn main_is_closing(app: &AppHandle, closing: &CloseRequestApi) {
    let host = app.state::<Host>();
    let situation = Situation {
        chosen: host.on_close(),
        tray: host.tray().is_there(),
        listens: host.is_followed(),
        practice: host.practice().is_some(),
        customers: host.open_desk().map_or(0, |desk| desk.counts().all),
    };
    match situation.closing() {
        // The window goes, and Ponte with it.
        Closing::Quit => {}
        Closing::Hide => {
            closing.prevent_close();
            windows::hide(app);
        }
        Closing::Ask => {
            closing.prevent_close();
            host.tell(AppEvent::Closing);
        }
    }
}

/// The agent said what closing the main window does: it is done.
pub fn close_main(app: &AppHandle, chosen: OnClose) {
    match chosen {
        OnClose::Tray if app.state::<Host>().tray().is_there() => windows::hide(app),
        OnClose::Tray | OnClose::Quit => app.exit(0),
    }
}

/// The main window follows the app: the watch begins, and the tray comes. Once is enough; a page
/// that was loaded anew changes nothing.
pub async fn begin(app: AppHandle) {
    start_watching(&app).await;
    tokio::time::sleep(AFTER_THE_WINDOW).await;
    if let Err(error) = tray::make(&app).await {
        log::info!("no icon in the tray: {error}");
    }
    incoming::register(&app).await;
}

/// A start at login: the watch begins and the tray comes, but no window, which is what costs time
/// and memory. It is made when it is wanted; without a tray, at once.
pub async fn begin_hidden(app: AppHandle) {
    start_watching(&app).await;
    let mut tried = 1;
    while let Err(error) = tray::make(&app).await {
        if tried == TRIES {
            log::info!("no icon in the tray: {error}");
            return windows::bring_to_front(&app);
        }
        tried += 1;
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

async fn start_watching(app: &AppHandle) {
    match app.state::<Host>().real_desk(app).await {
        Ok(desk) => desk.start_watching(),
        // The window says it as well.
        Err(failure) => log::error!("nothing is watched: {failure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Situation = Situation {
        chosen: None,
        tray: true,
        listens: true,
        practice: false,
        customers: 3,
    };

    #[test]
    fn the_agent_is_asked_once() {
        assert_eq!(USUAL.closing(), Closing::Ask);
        for (chosen, does) in [
            (OnClose::Tray, Closing::Hide),
            (OnClose::Quit, Closing::Quit),
        ] {
            let situation = Situation {
                chosen: Some(chosen),
                ..USUAL
            };
            assert_eq!(situation.closing(), does);
        }
    }

    #[test]
    fn nobody_is_asked_where_there_is_nothing_to_watch() {
        let empty = Situation {
            customers: 0,
            ..USUAL
        };
        let practice = Situation {
            practice: true,
            ..USUAL
        };
        assert_eq!(empty.closing(), Closing::Quit);
        assert_eq!(practice.closing(), Closing::Quit);
        // Who chose the tray has chosen it.
        let chosen = Some(OnClose::Tray);
        for situation in [empty, practice] {
            let situation = Situation {
                chosen,
                ..situation
            };
            assert_eq!(situation.closing(), Closing::Hide);
        }
    }

    #[test]
    fn ponte_is_never_hidden_without_a_way_back() {
        for chosen in [None, Some(OnClose::Tray), Some(OnClose::Quit)] {
            for (tray, listens) in [(false, true), (true, false), (false, false)] {
                let situation = Situation {
                    chosen,
                    tray,
                    listens,
                    ..USUAL
                };
                assert_eq!(situation.closing(), Closing::Quit, "{chosen:?}");
            }
        }
    }
}
