//! With `--json`, and where nobody watches.

use crate::world::World;

#[test]
fn json_is_exactly_one_object_on_stdout() {
    let world = World::with_documents(8, 10);
    for arguments in [
        &["check", "--json"][..],
        &["sync", "--once", "--max-wait", "10s", "--json"],
        &["backfill", "--object", "invoices", "--since", "2026-01-01", "--json"],
        &["status", "--json"],
        &["audit", "list", "--json"],
        &["audit", "show", "supplier", &world.sap.supplier_codes()[0], "--json"],
        &["dead-letters", "list", "--json"],
        &["dead-letters", "redrive", "--json"],
        &["secrets", "list", "--json"],
    ] {
        let ended = world.run(arguments).expect(0);
        ended.json();
        assert_eq!(ended.stderr, "", "{arguments:?}");
    }
    let ended = world.run(&["run", "--json", "--config", "/nowhere"]);
    assert!(ended.code != Some(0));
}

#[test]
fn without_a_terminal_there_is_neither_progress_nor_colour() {
    let world = World::with_documents(9, 10);
    for arguments in [
        &["check"][..],
        &["sync", "--once", "--max-wait", "10s"],
        &["backfill", "--object", "invoices", "--since", "2026-01-01"],
        &["status"],
        &["audit", "list"],
        &["dead-letters", "list"],
    ] {
        let ended = world.run(arguments).expect(0);
        assert!(!ended.text().contains('\u{1b}') && !ended.text().contains('\r'), "{ended:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
        assert!(!ended.stdout.is_empty());
    }
}

#[test]
fn help_completions_and_manual_page_need_no_config() {
    let world = World::new();
    std::fs::remove_file(world.config_file()).unwrap();
    for arguments in [&["--help"][..], &["--version"], &["completions", "bash"], &["man"]] {
        assert!(!world.run(arguments).expect(0).stdout.is_empty(), "{arguments:?}");
    }
}
