//! The presenter window: the one attempt it was opened for, and nothing else.

use desk::attempt::view::{PresenterState, PresenterView};
use tauri::ipc::Channel;
use tauri::{State, WebviewWindow};

use super::Answer;
use super::connect::millis;
use crate::host::Host;

#[tauri::command]
pub async fn presenter_follow(
    window: WebviewWindow,
    host: State<'_, Host>,
    on: Channel<PresenterView>,
) -> Answer<()> {
    let mut presented = host.presented().subscribe();
    host.follow(window.label(), on.id(), async move {
        loop {
            let shown = presented.borrow_and_update().clone();
            let show = async {
                if let Some((desk, customer_id)) = shown {
                    let mut changes = desk.changes(&customer_id);
                    let mut last = None;
                    while let Ok(view) = desk.presenter_view(&customer_id).await {
                        last = Some(view.clone());
                        if on.send(view).is_err() {
                            break;
                        }
                        changes.next().await;
                    }
                    // The customer was removed: nothing may go on looking alive.
                    if let Some(last) = last {
                        let state = PresenterState::Over;
                        // The window may be gone as well.
                        let _ = on.send(PresenterView {
                            state,
                            halves: Vec::new(),
                            ..last
                        });
                    }
                }
                std::future::pending().await
            };
            tokio::select! {
                () = show => {}
                changed = presented.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    });
    Ok(())
}

/// Milliseconds.
#[tauri::command]
pub async fn presenter_time_left(host: State<'_, Host>) -> Answer<Option<u64>> {
    let presented = host.presented().borrow().clone();
    let left = presented.and_then(|(desk, customer_id)| desk.time_left(&customer_id));
    Ok(left.map(millis))
}
