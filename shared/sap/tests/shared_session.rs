//! One session for the workers of many processes: who logs in, who waits, and what a worker that dies leaves behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use futures::future::join_all;
use model::{Clock as _, Code, SharedSecret as _};
use sap::Error;
use secrecy::{ExposeSecret as _, SecretString};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use support::{
    PASSWORD,
    fleet::{Fleet, die_logging_in, read},
};

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[tokio::test]
async fn one_login_serves_all_workers() {
    let fleet = Fleet::new(8);
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert_eq!((fleet.sim.logins(), fleet.sim.live_sessions()), (1, 1));
    // Nobody who comes later has to log in, however long the session has been in use.
    for _ in 0..12 {
        fleet.pass(minutes(9));
        read(&fleet.workers[0]).await.unwrap();
    }
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert_eq!(fleet.sim.logins(), 1);
    assert!(fleet.sim.requests().iter().all(|request| request.status < 400));
}

#[tokio::test]
async fn a_read_that_nothing_happens_to_costs_the_table_nothing() {
    let fleet = Fleet::new(1);
    read(&fleet.workers[0]).await.unwrap();
    let at_first = fleet.costs();
    for _ in 0..59 {
        fleet.pass(Duration::from_secs(10));
        read(&fleet.workers[0]).await.unwrap();
    }
    assert_eq!(fleet.costs(), at_first);
    // Once in a third of the timeout the others hear that the session is in use.
    for _ in 0..60 {
        fleet.pass(Duration::from_secs(10));
        read(&fleet.workers[0]).await.unwrap();
    }
    assert_eq!(fleet.costs(), (at_first.0 + 1, at_first.1 + 1));
}

#[tokio::test]
async fn of_eight_workers_whose_session_ended_exactly_one_logs_in() {
    let fleet = Fleet::new(8);
    fleet.all_read().await;
    fleet.sim.expire_sessions();
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert_eq!(fleet.sim.logins(), 2);
    let lost = fleet.sim.requests().iter().filter(|request| request.status == 401).count();
    assert!(lost >= 8, "{lost}: every worker must have met the end of the session");
}

#[tokio::test]
async fn a_session_that_another_worker_has_replaced_needs_no_login() {
    let fleet = Fleet::new(2);
    fleet.all_read().await;
    fleet.sim.expire_sessions();
    read(&fleet.workers[0]).await.unwrap();
    assert_eq!(fleet.sim.logins(), 2);
    read(&fleet.workers[1]).await.unwrap();
    assert_eq!(fleet.sim.logins(), 2);
    // Two sessions have ended before the second worker looks again.
    fleet.sim.expire_sessions();
    read(&fleet.workers[0]).await.unwrap();
    fleet.sim.expire_sessions();
    fleet.pass(Duration::from_secs(1));
    read(&fleet.workers[1]).await.unwrap();
    assert_eq!(fleet.sim.logins(), 4);
}

#[tokio::test]
async fn a_worker_that_dies_logging_in_holds_the_others_up_for_a_while_only() {
    let fleet = Fleet::new(3);
    die_logging_in(&fleet, &fleet.workers[0]);
    let begun = fleet.clock.now();
    let error = read(&fleet.workers[1]).await.unwrap_err();
    assert_eq!(error.failure().code, Code::SapUnreachable);
    let waited = fleet.clock.now().duration_since(begun).as_secs();
    assert!((15..18).contains(&waited), "{waited}");
    fleet.pass(Duration::from_secs(60));
    for worker in &fleet.workers[1..] {
        read(worker).await.unwrap();
    }
    // Its own log-in had reached SAP.
    assert_eq!((fleet.sim.logins(), fleet.workers[1].refusal()), (2, None));
}

#[tokio::test]
async fn many_who_wait_for_a_dead_worker_wait_no_longer_than_one() {
    let fleet = Fleet::new(2);
    die_logging_in(&fleet, &fleet.workers[0]);
    let begun = fleet.clock.now();
    for result in join_all((0..4).map(|_| read(&fleet.workers[1]))).await {
        result.unwrap_err();
    }
    let waited = fleet.clock.now().duration_since(begun).as_secs();
    assert!((15..18).contains(&waited), "{waited}");
}

#[tokio::test]
async fn work_that_is_dropped_while_it_logs_in_does_not_hold_up_its_own_process() {
    let fleet = Fleet::new(1);
    die_logging_in(&fleet, &fleet.workers[0]);
    let begun = fleet.clock.now();
    read(&fleet.workers[0]).await.unwrap();
    assert_eq!(fleet.clock.now(), begun);
}

#[tokio::test]
async fn one_refusal_is_enough_for_all_workers() {
    let fleet = Fleet::with(8, "wrong");
    for result in fleet.all_read().await {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::LoginRefused { .. }), "{error}");
    }
    fleet.pass(minutes(9));
    fleet.all_read().await;
    assert_eq!((fleet.sim.refused_logins(), fleet.sim.request_count()), (1, 1));
    fleet.pass(minutes(2));
    fleet.all_read().await;
    assert_eq!(fleet.sim.refused_logins(), 2);
    fleet.pass(minutes(19));
    fleet.all_read().await;
    assert_eq!(fleet.sim.refused_logins(), 2, "the second pause is twice as long, whoever was refused");

    // A person has mended it, and says so to one of them.
    PASSWORD.clone_into(&mut fleet.password.lock().unwrap());
    fleet.workers[3].forget_refusal().await.unwrap();
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert!(fleet.workers.iter().all(|worker| worker.refusal().is_none()));
}

#[tokio::test]
async fn a_password_that_is_changed_while_we_run_fails_no_read() {
    let fleet = Fleet::new(8);
    fleet.all_read().await;
    "new horse".clone_into(&mut fleet.password.lock().unwrap());
    fleet.sim.configure(|world| "new horse".clone_into(&mut world.password));
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert_eq!(fleet.sim.refused_logins(), 0, "the session goes on");
    fleet.sim.expire_sessions();
    for result in fleet.all_read().await {
        result.unwrap();
    }
    assert_eq!((fleet.sim.logins(), fleet.sim.refused_logins()), (2, 1));
}

#[tokio::test]
async fn a_new_password_that_is_wrong_too_is_tried_once() {
    let fleet = Fleet::with(1, "wrong");
    "wrong again".clone_into(&mut fleet.password.lock().unwrap());
    let error = read(&fleet.workers[0]).await.unwrap_err();
    read(&fleet.workers[0]).await.unwrap_err();
    assert_eq!(fleet.sim.refused_logins(), 2);
    assert!(matches!(&error, Error::LoginRefused { .. }) && !error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn logging_out_leaves_a_session_that_others_use_alone() {
    let fleet = Fleet::new(2);
    fleet.all_read().await;
    fleet.workers[0].log_out().await.unwrap();
    assert_eq!(fleet.sim.live_sessions(), 1);
    read(&fleet.workers[1]).await.unwrap();
    assert_eq!(fleet.sim.logins(), 1);
}

#[tokio::test]
async fn without_the_table_nobody_logs_in() {
    let fleet = Fleet::new(1);
    fleet.table.broken.store(true, Relaxed);
    let error = read(&fleet.workers[0]).await.unwrap_err();
    assert_eq!((error.failure().code, fleet.sim.request_count()), (Code::StoreFailed, 0));
    fleet.table.broken.store(false, Relaxed);
    read(&fleet.workers[0]).await.unwrap();
    // Whoever has a session doesn't need it.
    fleet.table.broken.store(true, Relaxed);
    fleet.pass(minutes(11));
    read(&fleet.workers[0]).await.unwrap();
}

#[tokio::test]
async fn the_cell_holds_the_session_and_nothing_shows_it() {
    let fleet = Fleet::new(1);
    read(&fleet.workers[0]).await.unwrap();
    let (cell, _) = fleet.table.cell.load().await.unwrap();
    let cell = cell.unwrap();
    let text = cell.expose_secret();
    assert!(text.contains("B1SESSION=") && !text.contains(PASSWORD), "{text}");
    let shown = format!("{cell:?} {:?}", fleet.workers[0].session());
    assert!(!shown.contains("B1SESSION"), "{shown}");

    // What another release wrote, or nobody, can be made anew.
    let (_, revision) = fleet.table.cell.load().await.unwrap();
    fleet.table.cell.save(&SecretString::from("{\"current\":7}"), revision).await.unwrap();
    fleet.sim.expire_sessions();
    read(&fleet.workers[0]).await.unwrap();
    assert_eq!(fleet.sim.logins(), 2);
}
