//! What Ponte does without its window. The settings are the real desk's, also in practice.

use desk::roster::watch::{OnClose, WatchSettings};
use tauri::{AppHandle, State};

use super::Answer;
use crate::host::{BackgroundSettings, Host};
use crate::{autostart, background};

#[tauri::command]
pub async fn background_settings(
    app: AppHandle,
    host: State<'_, Host>,
) -> Answer<BackgroundSettings> {
    let watch = host.real_desk(&app).await?.watch_settings().await?;
    Ok(with_autostart(watch, autostart::is_on(&app).await))
}

/// All or nothing: a login entry that cannot be changed leaves the other settings as they were.
#[tauri::command]
pub async fn set_background_settings(
    app: AppHandle,
    host: State<'_, Host>,
    settings: BackgroundSettings,
) -> Answer<BackgroundSettings> {
    let desk = host.real_desk(&app).await?;
    let before = desk.watch_settings().await?;
    let wanted = WatchSettings {
        notify: settings.notify,
        quiet: settings.quiet,
        on_close: settings.on_close,
    };
    let watch = desk.set_watch_settings(wanted).await?;
    // An entry that is there already is left alone: the agent may have changed it.
    if autostart::is_on(&app).await != settings.autostart
        && let Err(failure) = autostart::set(&app, settings.autostart).await
    {
        desk.note_failure(&failure);
        desk.set_watch_settings(before).await?;
        return Err(failure);
    }
    host.remember_on_close(watch.on_close);
    Ok(with_autostart(watch, autostart::is_on(&app).await))
}

/// The agent's answer to the question of what closing does: kept, and done at once.
#[tauri::command]
pub async fn close_main(app: AppHandle, host: State<'_, Host>, on_close: OnClose) -> Answer<()> {
    let desk = host.real_desk(&app).await?;
    let settings = WatchSettings {
        on_close: Some(on_close),
        ..desk.watch_settings().await?
    };
    desk.set_watch_settings(settings).await?;
    host.remember_on_close(Some(on_close));
    background::close_main(&app, on_close);
    Ok(())
}

fn with_autostart(watch: WatchSettings, autostart: bool) -> BackgroundSettings {
    BackgroundSettings {
        notify: watch.notify,
        quiet: watch.quiet,
        on_close: watch.on_close,
        autostart,
    }
}
