//! `POST /containers/{id}/wait`: the answer's head at once, its body at the end.
//!
//! The client sends this *before* it starts the container, and starts it when the head
//! has arrived: from then on no death can be missed.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::call::Call;
use super::respond::{self, Answer};
use super::{App, body};
use crate::api::Event;
use crate::api::container::WaitAnswer;
use crate::core::{Refusal, Status};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    NotRunning,
    NextExit,
    Removed,
}

pub(super) fn wait(call: Call, id: &str) -> Answer {
    let condition = match call.text("condition") {
        "" | "not-running" => Condition::NotRunning,
        "next-exit" => Condition::NextExit,
        "removed" => Condition::Removed,
        other => {
            return Err(Refusal::bad(format!("invalid condition: {other:?}")));
        }
    };
    let id = call.app.engine.core().find(id)?.id.clone();
    let events = call.app.hub.subscribe();
    let app = Arc::clone(&call.app);
    let (lines, body) = body::channel();
    tokio::spawn(async move {
        let code = tokio::select! {
            code = until(&app, &id, condition, events) => code,
            () = lines.closed() => return,
        };
        let answer = WaitAnswer {
            status_code: i64::from(code),
            error: None,
        };
        let mut text = serde_json::to_vec(&answer).unwrap_or_default();
        text.push(b'\n');
        // The client may have gone: `run -d` opens a wait and drops it.
        let _ = lines.send(text).await;
    });
    Ok(respond::with_type("application/json", body))
}

/// Waits, and says with which code the container ended.
async fn until(
    app: &App,
    id: &str,
    condition: Condition,
    mut events: Receiver<Arc<Event>>,
) -> i32 {
    let mut last = 0;
    loop {
        // What the core says now; what it said in between is in the events.
        let now = {
            let core = app.engine.core();
            core.get(id)
                .map(|one| (one.state.status, one.state.exit_code))
        };
        match (now, condition) {
            (None, _) => return last,
            (Some((Status::Created | Status::Exited, code)), Condition::NotRunning) => {
                return code;
            }
            (Some((status, code)), _) if !status.is_alive() => last = code,
            _ => {}
        }
        match events.recv().await {
            Ok(event) if event.actor.id == id && event.action == "die" => {
                let code = event.actor.attributes.get("exitCode");
                last = code.and_then(|code| code.parse().ok()).unwrap_or(last);
                if condition != Condition::Removed {
                    return last;
                }
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return last,
        }
    }
}
