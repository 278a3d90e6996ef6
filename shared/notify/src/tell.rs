use crate::{Findings, Message, Rhythm, Told, digest};
use jiff::Timestamp;
use std::fmt::Display;
use store::{StateStore, StoreError};

/// The name of a stack's way to people: its topic.
pub const TOPIC: &str = "sns";

/// Why nothing was told, or why that could not be kept. The next time tries again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError<E: Display> {
    /// What was told before can't be read or written.
    #[error("what has been told can't be read or kept: {0}")]
    Store(#[from] StoreError),
    /// The channel did not take the message.
    #[error("{0}")]
    NotTaken(E),
}

/// What has been told by the channel of this name.
pub async fn told(state: &dyn StateStore, channel: &str) -> Result<Told, StoreError> {
    // What another version wrote in another shape counts as nothing: then it is told once more.
    let record = state.record(&record(channel)).await?;
    Ok(record.and_then(|record| serde_json::from_value(record).ok()).unwrap_or_default())
}

/// Tells by one channel what is due there, and keeps a record of it as soon as the channel has taken it. Each channel has a record
/// of its own, so that one that fails has no other repeat itself. Whether anything was told.
pub async fn tell<E: Display>(
    state: &dyn StateStore,
    channel: &str,
    findings: &Findings,
    now: Timestamp,
    rhythm: Rhythm,
    send: impl AsyncFnOnce(&Message) -> Result<(), E>,
) -> Result<bool, TellError<E>> {
    let before = told(state, channel).await?;
    let due = digest(findings, &before, now, rhythm);
    if let Some(message) = &due.message {
        send(message).await.map_err(TellError::NotTaken)?;
    }
    if due.told != before {
        let value =
            serde_json::to_value(&due.told).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        state.save_record(&record(channel), Some(&value)).await?;
    }
    Ok(due.message.is_some())
}

fn record(channel: &str) -> String {
    format!("notified/{channel}")
}
