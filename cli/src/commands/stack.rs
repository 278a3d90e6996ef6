//! `sync` and `backfill` of a stack: the functions do the work, this command sets them off and sees it through.

use super::{App, Exit};
use crate::{
    CliResult,
    args::BackfillArgs,
    engine::Engine,
    stack::{Stack, Watch},
};
use jiff::SignedDuration;
use model::ObjectKind;
use serde_json::json;
use setup::Config;
use std::collections::BTreeMap;

/// Polls everything once, now, and waits until nothing more falls due.
pub(super) async fn sync(
    app: &App,
    config: &Config,
    stack: &Stack,
    max_wait: SignedDuration,
) -> CliResult<Exit> {
    super::sync::coupa_is_there(&Engine::on_stack(app, config, stack)?).await?;
    let objects = &config.sync.objects;
    let watch = Watch::new(stack, max_wait);
    watch.poll(objects).await?;
    see_through(app, stack, &watch, objects).await
}

/// Enqueues everything of one object from a date on, and waits until it is worked off.
pub(super) async fn backfill(app: &App, stack: &Stack, args: &BackfillArgs) -> CliResult<Exit> {
    let object = args.object.plural();
    let watch = Watch::new(stack, args.max_wait.to_signed());
    let event = json!({"object": object, "backfill": {"since": args.since.to_string()}});
    watch.read(&event, &format!("backfill/{object}/{}", args.since)).await?;
    see_through(app, stack, &watch, &[args.object]).await
}

async fn see_through(app: &App, stack: &Stack, watch: &Watch<'_>, objects: &[ObjectKind]) -> CliResult<Exit> {
    let progress = app.output.progress();
    let (bar, mut most) = (progress.bar("changes", 0), 0);
    let left = watch
        .drain(|left| {
            most = left.max(most);
            bar.set_total(most);
            bar.set(most - left);
        })
        .await?;
    bar.finish();
    progress.clear();
    let mut waiting: BTreeMap<ObjectKind, u64> = BTreeMap::new();
    for parked in stack.books().state.parked(usize::MAX).await? {
        *waiting.entry(parked.change.document.kind).or_default() += 1;
    }
    let mut table = watch.tally(objects).await?.table(objects, &waiting);
    table.held_back = pipeline::held_back(stack.books().state.as_ref()).await?;
    app.show(&table);
    if let Some(reason) = &table.held_back {
        app.output.say(&super::sync::how_to_accept(reason));
    }
    if left > 0 {
        app.output.say(&format!("{left} changes are in the queue still. The stack goes on with them."));
    }
    Ok(if left > 0 && table.exit() == Exit::Done { Exit::Pending } else { table.exit() })
}
