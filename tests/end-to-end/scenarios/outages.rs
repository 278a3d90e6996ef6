//! That Coupa is away for long is told.

use super::notifications::{Told, digest};
use crate::{
    process::Running,
    sinks::{HttpSink, free_port},
    world::{wait_at_most, wait_until},
};
use serde_json::{Value, json};
use simulators::coupa::{Effect, Fault};
use std::time::Duration;

/// What began a moment ago began so many minutes earlier.
fn longer_ago(told: &Told, minutes: i64) -> bool {
    let file = rusqlite::Connection::open(told.world.folder().join("b1-coupa.db")).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    let body = "SELECT body FROM record WHERE name = 'outage/coupa'";
    let Ok(body) = file.query_row(body, [], |row| row.get::<_, String>(0)) else { return false };
    let mut outage: Value = serde_json::from_str(&body).unwrap();
    let since: jiff::Timestamp = outage["since"].as_str().unwrap().parse().unwrap();
    outage["since"] = json!(since - jiff::SignedDuration::from_mins(minutes));
    let update = "UPDATE record SET body = ?1 WHERE name = 'outage/coupa'";
    file.execute(update, [outage.to_string()]).unwrap() == 1
}

#[test]
fn an_outage_of_coupa_is_told_once_by_a_running_process_and_so_is_its_end() {
    let web_port = free_port();
    let mut told = Told::new(None, Some(web_port));
    if told.world.stack.is_some() {
        return;
    }
    let web = HttpSink::start(web_port, 200);
    told.world.configure("poll_interval = \"1s\"", "poll_interval = \"1h\"");
    for code in ["V2", "V3"] {
        told.world.supplier(code);
    }
    told.world.coupa.plan(Fault::next(Effect::FailBefore(503)).times(1_000_000));
    let mut command = told.command(&["run"]);
    command.env("B1_COUPA_LOG", "off");
    let mut running = Running::start(command);
    wait_until("documents are tried again", || longer_ago(&told, 20));
    wait_until("it has been told", || !web.posted().is_empty());
    let body = digest(&web.posted()[0]);
    let subject = "b1-coupa SBODEMO_ACME: Coupa did not answer, or answered with its own failure";
    assert_eq!((&body["subject"], &body["outage"]["code"]), (&json!(subject), &json!("BC-0201")), "{body}");
    // The next look, too, finds it lasting.
    wait_at_most(Duration::from_secs(12), || web.posted().len() > 1);
    assert_eq!(web.posted().len(), 1, "it is one message");
    told.world.coupa.clear_faults();
    wait_at_most(Duration::from_secs(120), || web.posted().len() > 1);
    running.signal("TERM");
    running.end_within(Duration::from_secs(30)).expect(0);
    let posted = web.posted();
    assert_eq!(posted.len(), 2, "{posted:?}");
    let body = digest(&posted[1]);
    assert_eq!((&body["outage"], &body["over"]), (&Value::Null, &json!(["outage"])), "{body}");
    let arrived = |code: &&str| told.world.coupa.supplier_by_number(code).is_some();
    assert!(["V1", "V2", "V3"].iter().any(arrived), "it was told before anything arrived");
}

#[test]
fn a_sync_that_finds_coupa_away_tells_it_once_it_lasts() {
    let web_port = free_port();
    let told = Told::new(None, Some(web_port));
    if told.world.stack.is_some() {
        return;
    }
    let web = HttpSink::start(web_port, 200);
    told.world.coupa.plan(Fault::next(Effect::FailBefore(503)).times(1_000_000));
    told.sync().expect(1);
    assert!(web.posted().is_empty(), "it may be over in a minute");
    assert!(longer_ago(&told, 20));
    told.sync().expect(1);
    told.sync().expect(1);
    assert_eq!(web.posted().len(), 1, "{:?}", web.posted());
    told.world.coupa.clear_faults();
    told.sync().expect(0);
    assert_eq!(digest(&web.posted()[1])["over"], json!(["outage"]));
}
