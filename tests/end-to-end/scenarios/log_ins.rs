//! A wrong password is tried once: each try brings SAP's user nearer to being locked.

use crate::{process::Ended, world::World};

fn with_password(world: &World, arguments: &[&str], password: &str) -> Ended {
    let mut command = world.command(arguments);
    command.env("B1_COUPA_SAP_PASSWORD", password);
    Ended::of(command)
}

#[test]
fn a_refused_log_in_is_not_tried_again_by_the_next_process_but_by_check() {
    let world = World::with_documents(3, 20);
    let sync = ["sync", "--once", "--json"];
    let error = with_password(&world, &sync, "wrong").expect(1).error().to_string();
    assert!(error.contains("BC-0102") || error.contains("refused the log-in"), "{error}");
    assert_eq!(world.log_ins(), 1);
    // Even with the right password: nobody but a person knows that it was mended.
    with_password(&world, &sync, "wrong").expect(1);
    world.sync().expect(1);
    assert_eq!(world.log_ins(), 1);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["sap_refusal"]["times"], 1);

    with_password(&world, &["check", "--json"], "wrong").expect(1);
    assert_eq!(world.log_ins(), 2);
    world.sync().expect(1);
    assert_eq!(world.log_ins(), 2);
    world.run(&["check", "--json"]).expect(0);
    world.sync_waiting("20s").expect(0);
    assert_eq!(world.sap.refused_logins(), 2);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert!(status["sap_refusal"].is_null(), "{status}");
}

#[test]
fn one_log_in_serves_a_whole_sync_and_is_given_back_or_kept_for_all() {
    let world = World::with_documents(4, 20);
    world.sync_waiting("20s").expect(0);
    assert_eq!((world.log_ins(), world.sap.live_sessions()), (1, world.sessions_kept()));
}

#[test]
fn a_lost_session_is_replaced_by_exactly_one_log_in() {
    let world = World::with_documents(5, 40);
    world.sap.expire_sessions_at(6);
    world.sync_waiting("20s").expect(0);
    assert_eq!(world.log_ins(), 2);
    world.expect_in_step();
}
