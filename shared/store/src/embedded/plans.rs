//! No statement on the way of a change wades through a whole table, nor sorts one.

use super::{audit, open, parked, queue};

#[test]
fn every_statement_finds_its_rows_in_order_by_an_index() {
    let connection = open::memory().unwrap();
    let statements = [
        queue::BECOME_READY,
        queue::NEXT_READY,
        queue::ANY_READY,
        queue::NEXT_VISIBLE,
        parked::DUE,
        parked::NEXT_DUE,
        parked::DEAD,
        audit::OF_DOCUMENT,
        audit::FAILED,
        audit::ALL,
        audit::BY_NUMBER,
        audit::LET_GO,
        audit::ANY_TO_LET_GO,
        "SELECT kind, count(*) FROM document WHERE linked = 1 GROUP BY kind",
        "SELECT item FROM document WHERE key = ?1",
        "UPDATE document SET fence = 0 WHERE key = ?1 AND fence = ?2 AND lease_until IS NOT NULL",
        "UPDATE message SET held = 0 WHERE id = ?1 AND receive_count = ?2 AND held = 1",
    ];
    for statement in statements {
        let plan = plan(&connection, statement);
        assert!(plan.contains("INDEX") || plan.contains("PRIMARY KEY"), "{statement}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
    }
    // Few wait for one document, so these may be sorted.
    assert!(plan(&connection, parked::WAITING).contains("INDEX document_waiting"));
}

fn plan(connection: &rusqlite::Connection, statement: &str) -> String {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let unbound = rusqlite::params_from_iter(vec![0; explain.parameter_count()]);
    let steps = explain.query_map(unbound, |row| row.get::<_, String>(3)).unwrap();
    steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}
