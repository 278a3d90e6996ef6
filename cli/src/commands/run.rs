//! `run`: polls on the schedule and works the queue until it is asked to stop.

use super::{App, Exit, audit::let_go_payloads, notifications::tell_on_schedule, reconcile::nightly, stop};
use crate::{CliResult, config::Config, engine::Engine, listener::Listener};
use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use model::ObjectKind;
use std::{sync::Arc, time::Duration};

/// How long an idle worker sleeps: what a webhook or another process enqueues waits no longer.
const IDLE: Duration = Duration::from_millis(200);
/// How often what is parked is looked through.
const RELEASE_EVERY: Duration = Duration::from_secs(5);
/// After a failed poll the next comes sooner than the interval says, but not at once.
const RETRY_POLL: Duration = Duration::from_secs(30);
/// How often the subscription is looked at.
const LOOK_AT_SUBSCRIPTION: Duration = Duration::from_secs(60);
/// How often what was kept long enough is let go.
const LET_GO_EVERY: Duration = Duration::from_secs(3_600);
/// Batches in the air at once.
const WORKERS: usize = 2;

pub(super) async fn run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?.guarded(&config, true).await?;
    let (queue, random) = (Arc::clone(&engine.books.queue), Arc::clone(&engine.pipeline.random));
    let listener = Listener::open(app, &config, queue, random).await?;
    if let Some(listener) = &listener {
        app.output.say(&format!("SAP's webhooks are taken in at {}.", listener.address()));
    }
    app.output.say("Running. Ctrl-C or SIGTERM stops.");
    let work = Box::pin(work(app, &engine, &config, listener.as_ref()));
    let ended = stop::unless_asked_to(&engine, work).await;
    engine.pipeline.close_run(false).await;
    engine.close().await;
    if let Err(error) = ended {
        // Asked to stop is what happened, and that is no failure.
        tracing::warn!(%error, "not everything had ended");
        if !engine.stopping() {
            return Err(error);
        }
    }
    Ok(Exit::Done)
}

async fn work(app: &App, engine: &Engine, config: &Config, listener: Option<&Listener>) -> CliResult<()> {
    let interval = config.sync.poll_interval.to_std();
    let pollers = config.sync.objects.iter().map(|kind| poll_on_schedule(engine, *kind, interval));
    let workers = (0..WORKERS).map(|_| work_queue(engine));
    let listening = async {
        if let Some(listener) = listener {
            listener.serve(rest(engine, Duration::MAX)).await;
        }
    };
    tokio::join!(
        futures::future::join_all(pollers),
        futures::future::join_all(workers),
        release_on_schedule(engine),
        listening,
        keep_subscribed(engine, config),
        compare_nightly(app, engine, config),
        let_go_on_schedule(app, engine, config),
        tell_on_schedule(app, engine, config),
    );
    Ok(())
}

/// Compares both sides every night, and makes itself heard where they differ.
async fn compare_nightly(app: &App, engine: &Engine, config: &Config) {
    let Some(at) = config.reconcile.nightly else { return };
    while !engine.stopping() {
        rest(engine, until(at, app.clock.now(), &app.zone)).await;
        if engine.stopping() {
            return;
        }
        match nightly(app, engine, config).await {
            Ok(0) => tracing::info!("SAP and Coupa are in balance"),
            Ok(differences) => {
                tracing::error!(differences, "SAP and Coupa are not in balance: see the certificate");
            }
            Err(error) => {
                tracing::error!(%error, "SAP and Coupa could not be compared; the next night tries again");
            }
        }
        // Past the minute that it began in.
        rest(engine, Duration::from_secs(61)).await;
    }
}

/// Lets go of what the config has kept long enough.
async fn let_go_on_schedule(app: &App, engine: &Engine, config: &Config) {
    while !engine.stopping() {
        let_go_payloads(app, engine, config).await;
        rest(engine, LET_GO_EVERY).await;
    }
}

/// How long it is until the clock shows `at`.
fn until(at: Time, now: Timestamp, zone: &TimeZone) -> Duration {
    let here = now.to_zoned_datetime(zone.clone());
    let today = here.date().to_datetime(at);
    let day =
        if today <= here.datetime() { here.date().tomorrow().unwrap_or(here.date()) } else { here.date() };
    let then = day.to_datetime(at).to_zoned_datetime(zone.clone()).map_or(now, |then| then.timestamp());
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

/// Polls one object for ever. Nothing that fails ends it: SAP comes back.
async fn poll_on_schedule(engine: &Engine, kind: ObjectKind, interval: Duration) {
    while !engine.stopping() {
        let pause = match engine.poll_all(&[kind], |_, _| ()).await {
            Ok(()) => interval,
            Err(error) => {
                tracing::error!(object = kind.plural(), %error, "the poll failed and is tried again");
                interval.min(RETRY_POLL)
            }
        };
        rest(engine, pause).await;
    }
}

async fn work_queue(engine: &Engine) {
    while !engine.stopping() {
        match engine.work().await {
            Ok(report) if report.received == 0 => engine.pipeline.clock.sleep(IDLE).await,
            Ok(report) => {
                let failed = report.ended.iter().filter(|ended| ended.dead_letter).count();
                tracing::info!(received = report.received, ended = report.ended.len(), failed, "batch");
            }
            Err(error) => {
                tracing::error!(%error, "the store failed; what was received comes back by itself");
                rest(engine, RELEASE_EVERY).await;
            }
        }
    }
}

async fn release_on_schedule(engine: &Engine) {
    while !engine.stopping() {
        if let Err(error) = engine.pipeline.release_due().await {
            tracing::error!(%error, "parked changes could not be released and are tried again");
        }
        rest(engine, RELEASE_EVERY).await;
    }
}

/// SAP gives up on a subscription whose address did not answer for a while, and comes back to it only when asked to. What it
/// missed meanwhile the polls have found.
async fn keep_subscribed(engine: &Engine, config: &Config) {
    if config.webhook.listen.is_none() {
        return;
    }
    while !engine.stopping() {
        setup::keep_subscribed(&engine.pipeline, config).await;
        rest(engine, LOOK_AT_SUBSCRIPTION).await;
    }
}

/// Sleeps, but not on after being asked to stop.
pub(super) async fn rest(engine: &Engine, pause: Duration) {
    let clock = &engine.pipeline.clock;
    let until = clock.now().saturating_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX));
    let until = until.unwrap_or(jiff::Timestamp::MAX);
    while !engine.stopping() && clock.now() < until {
        let left = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
        clock.sleep(left.min(IDLE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_is_today_or_tomorrow_by_the_clock_on_the_wall() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let two = jiff::civil::time(2, 0, 0, 0);
        let wait = |now: &str| until(two, now.parse().unwrap(), &zone).as_secs();
        assert_eq!(wait("2026-11-26T00:30:00Z"), 30 * 60);
        assert_eq!(wait("2026-11-26T01:00:00Z"), 24 * 3_600);
        assert_eq!(wait("2026-11-26T13:00:00Z"), 12 * 3_600);
    }
}
