//! The tables, as a list of steps: a file remembers in `user_version` how many of them it has taken.
//!
//! A step that has been released is never edited; a change is a new step.

/// Marks a SQLite file as ours: `B1Co`.
pub(super) const APPLICATION_ID: i32 = 0x4231_436f;

/// The steps from an empty file to the newest schema.
pub(super) const MIGRATIONS: &[&str] = &[FIRST, PAYLOADS];

const FIRST: &str = "
-- Changes to work on. AUTOINCREMENT: an id used again would let an old receipt ack a new message.
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL,
    step TEXT NOT NULL,
    lane INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    whatever_date INTEGER NOT NULL,
    change TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    ready INTEGER NOT NULL DEFAULT 1,          -- can be received at once
    held INTEGER NOT NULL DEFAULT 0,           -- in somebody's hands
    visible_at INTEGER NOT NULL,               -- becomes ready again
    receive_count INTEGER NOT NULL DEFAULT 0
);
-- What an equal change is folded into.
CREATE UNIQUE INDEX message_unreceived ON message (document, step) WHERE receive_count = 0;
CREATE INDEX message_ready ON message (lane, rank, id) WHERE ready = 1;
CREATE INDEX message_due ON message (visible_at) WHERE ready = 0;

-- One row for each document. The item without what has columns of its own.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    fence INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    open_attempt TEXT,
    unknown TEXT,
    unfinished INTEGER NOT NULL DEFAULT 0,
    number TEXT,
    linked INTEGER NOT NULL DEFAULT 0,
    parked TEXT,
    parked_due INTEGER,
    parked_waits_for TEXT,
    dead_letter TEXT,
    dead_at INTEGER,
    dead_code TEXT,
    item TEXT
);
CREATE INDEX document_linked ON document (kind) WHERE linked = 1;
CREATE INDEX document_parked ON document (parked_due) WHERE parked_due IS NOT NULL;
CREATE INDEX document_waiting ON document (parked_waits_for) WHERE parked_waits_for IS NOT NULL;
CREATE INDEX document_dead ON document (dead_at, dead_code) WHERE dead_at IS NOT NULL;

-- Every number by which people ever knew a document, its SAP key among them.
CREATE TABLE number (
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (kind, number, document)
) WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX audit_document ON audit (document, at);
CREATE INDEX audit_time ON audit (at);
CREATE INDEX audit_failed ON audit (at) WHERE failed = 1;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- INSERT OR REPLACE deletes without asking the trigger for that.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE cursor (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE budget (
    id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, body TEXT NOT NULL
);
";

// What was sent, apart from the entry and compressed: it is by far the largest, and can be let go one day.
const PAYLOADS: &str = "
ALTER TABLE audit ADD COLUMN payload BLOB;
CREATE INDEX audit_payload ON audit (at) WHERE payload IS NOT NULL;
DROP TRIGGER audit_is_not_changed;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NEW.payload IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.document IS NOT OLD.document OR NEW.at IS NOT OLD.at
    OR NEW.failed IS NOT OLD.failed OR NEW.body IS NOT OLD.body
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditTrail as _, EmbeddedStore};
    use rusqlite::Connection;

    /// As the first schema kept it.
    const ENTRY: &str = r#"{"document":"ACME/invoice/7","number":"100237","at":"2026-11-26T02:00:00Z",
        "noticed_at":null,"duration_ms":12,"cause":"poll","step":"document","sap_stamp":null,"attempt":1,"outcome":"created",
        "code":null,"class":null,"message":"created","sent":[{"method":"POST"}],"coupa_calls":1,"correlation":"c"}"#;

    #[tokio::test]
    async fn what_the_first_schema_kept_is_read_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let first = Connection::open(&path).unwrap();
        first.execute_batch(MIGRATIONS[0]).unwrap();
        first.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        first.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO audit (document, at, failed, body) VALUES ('ACME/invoice/7', 0, 0, ?1)";
        first.execute(insert, [ENTRY]).unwrap();
        drop(first);
        let entry: model::AuditEntry = serde_json::from_str(ENTRY).unwrap();
        for _ in 0..2 {
            let store = EmbeddedStore::open(&path).unwrap();
            assert_eq!(store.let_go_payloads(jiff::Timestamp::MAX, 9).await.unwrap(), 0, "it has none apart");
            assert_eq!(store.of_document(&entry.document).await.unwrap(), std::slice::from_ref(&entry));
        }
    }
}
