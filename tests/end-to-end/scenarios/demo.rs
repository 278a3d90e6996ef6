//! `demo` needs no config and no network.

use crate::process::Ended;
use std::process::Command;

#[test]
fn the_demo_ends_right_and_its_hint_works() {
    let folder = tempfile::tempdir().unwrap();
    let demo = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_b1-coupa"));
        command.env_clear().args(["demo", "--json", "--keep"]).arg(folder.path());
        Ended::of(command)
    };
    let ended = demo().expect(0);
    let report = ended.json();
    assert_eq!(report["differences"], serde_json::json!([]));
    assert_eq!(
        (&report["duplicates"], &report["failed"], &report["pending"]),
        (&0.into(), &0.into(), &0.into())
    );
    for object in ["suppliers", "purchase_orders", "invoices", "credit_notes", "payments"] {
        assert!(ended.count(object, "created") > 0, "{object}: {report}");
    }
    for (what, count) in report["met"].as_object().unwrap() {
        assert!(count.as_u64().unwrap() > 0, "{what} was not met: {report}");
    }

    let hint = report["audit_command"].as_str().unwrap();
    let shown = Command::new("sh").args(["-c", hint]).output().unwrap();
    let shown = Ended::from(shown).expect(0);
    assert!(shown.stdout.contains("POST /api/invoices"), "{shown:?}");
    // A database that is there is somebody's.
    demo().expect(1);
}
