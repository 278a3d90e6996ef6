//! Ctrl-C and SIGTERM: what was begun is finished, nothing new is begun, and nobody waits for ever.

use crate::{CliError, CliResult, engine::Engine};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What takes longer to finish is left to its lease, which runs out by itself; the next attempt asks Coupa first.
const FINISH_WITHIN: Duration = Duration::from_secs(25);

/// Runs `work` over an engine as [`unless_asked_to`] does, and gives the SAP session back.
pub(super) async fn running<T>(
    engine: Engine,
    work: impl AsyncFnOnce(&Engine) -> CliResult<T>,
) -> CliResult<T> {
    let ended = unless_asked_to(&engine, Box::pin(work(&engine))).await;
    engine.close().await;
    ended
}

/// Runs `work` to its end, or asks it to stop at the first signal and leaves it behind at the second, or after a while.
pub(super) async fn unless_asked_to<T>(
    engine: &Engine,
    work: impl Future<Output = CliResult<T>>,
) -> CliResult<T> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        ended = &mut work => return ended,
        asked = asked() => asked?,
    }
    engine.stop();
    tracing::info!("stopping: finishing what was begun");
    tokio::select! {
        biased;
        ended = &mut work => ended,
        asked = asked() => { asked?; Err(left_behind()) }
        () = engine.pipeline.clock.sleep(FINISH_WITHIN) => Err(left_behind()),
    }
}

fn left_behind() -> CliError {
    CliError::new("stopped before everything that was begun had ended")
        .help("Nothing is lost: the next run asks Coupa about what was under way, then goes on.")
}

/// Comes back when somebody asks the process to end.
async fn asked() -> CliResult<()> {
    let failed = |error: std::io::Error| CliError::new(format!("signals can't be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
