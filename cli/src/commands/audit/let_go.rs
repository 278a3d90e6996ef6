//! Letting go of what attempts sent, once it was kept long enough.
//!
//! First a signed checkpoint says up to when, then it is let go: whoever takes a payload out by hand has no signature that covers it,
//! and a config that keeps them longer tomorrow does not make a fault of what was let go today.

use super::checkpoint::CheckpointFile;
use crate::{CliResult, commands::App, config::Config, engine::Engine};
use certificate::Checkpoint;
use jiff::Timestamp;
use std::collections::BTreeMap;
use store::EmbeddedStore;

/// Let go in one transaction: whoever else writes waits no longer for it than for a batch of changes.
const AT_ONCE: usize = 1_000;

/// Lets go of what attempts sent, where it is older than the config has it kept. On a stack whole attempts expire by themselves. A
/// failure is told and costs nothing else: the next time tries again.
pub(in crate::commands) async fn let_go_payloads(app: &App, engine: &Engine, config: &Config) {
    let now = app.clock.now();
    let (Some(before), Some(file)) = (config.payloads_kept_since(now), &engine.books.file) else { return };
    match let_go(app, engine, config, file, before).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, %before, "what attempts sent was let go"),
        Err(error) => {
            tracing::warn!(%error, "what attempts sent could not be let go; it is kept until the next time");
        }
    }
}

async fn let_go(
    app: &App,
    engine: &Engine,
    config: &Config,
    file: &EmbeddedStore,
    before: Timestamp,
) -> CliResult<usize> {
    if !file.payloads_due(before).await? {
        return Ok(0);
    }
    let checkpoint_file = CheckpointFile::find(app, config).await?;
    // What the last one saw stays: nobody has verified what is there now.
    let last = checkpoint_file.last()?.unwrap_or_else(|| Checkpoint {
        made_at: app.clock.now(),
        company: config.sap.company_db.to_string(),
        documents: BTreeMap::new(),
        payloads_before: None,
    });
    let payloads_before = last.payloads_before.max(Some(before));
    checkpoint_file.leave(&Checkpoint { payloads_before, ..last })?;
    let mut count = 0;
    while !engine.stopping() {
        let some = file.let_go_payloads(before, AT_ONCE).await?;
        count += some;
        if some < AT_ONCE {
            break;
        }
    }
    Ok(count)
}
