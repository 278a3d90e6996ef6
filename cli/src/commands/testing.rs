//! A small world for the tests of commands.

use super::App;
use crate::books::Books;
use crate::{
    config::template,
    output::{Look, Output},
};
use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use model::{
    AuditEntry, AuditOutcome, Cause, CompanyDb, CorrelationId, DocumentItem, DocumentKey, ObjectKind, Owner,
    Step,
};
use std::{fs, path::Path, sync::Arc, time::Duration};
use store::{EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest};
use tempfile::TempDir;

struct Noon;

#[async_trait]
impl model::Clock for Noon {
    fn now(&self) -> Timestamp {
        noon()
    }

    async fn sleep(&self, _: Duration) {}
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Minutes before noon.
pub(crate) fn before_noon(minutes: i64) -> Timestamp {
    noon() - jiff::SignedDuration::from_mins(minutes)
}

/// It is noon on 23 November 2026, and the environment is empty.
pub(crate) fn app(config_file: &Path) -> App {
    App {
        output: Output::of_process(false),
        clock: Arc::new(Noon),
        zone: TimeZone::UTC,
        config_file: config_file.to_owned(),
        stack: None,
        variable: |_| None,
    }
}

/// A folder with a config file in it.
pub(crate) fn configured() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b1-coupa.toml"), template(2026)).unwrap();
    folder
}

pub(crate) fn invoice(doc_entry: i64) -> DocumentKey {
    DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::Invoice, doc_entry)
}

/// An attempt that created invoice 2301, number 100237.
pub(crate) fn attempt() -> AuditEntry {
    AuditEntry {
        document: invoice(2301),
        number: Some("100237".to_owned()),
        at: before_noon(10),
        noticed_at: None,
        chain: None,
        duration_ms: 412,
        cause: Cause::Poll,
        step: Step::Document,
        sap_stamp: None,
        attempt: 1,
        outcome: AuditOutcome::Created,
        code: None,
        class: None,
        message: "created as invoice 100237 (Coupa id 7)".to_owned(),
        direction: None,
        sent: vec![serde_json::json!({
            "method": "POST", "path": "/api/invoices", "body": {"invoice-number": "100237"},
            "reply": {"status": 201, "body": {"id": 7, "status": "draft"}},
        })],
        coupa_calls: 2,
        correlation: CorrelationId("c1".to_owned()),
    }
}

/// Text at noon, in UTC, without colour.
pub(crate) fn look() -> Look {
    Look { colour: false, zone: TimeZone::UTC, now: noon() }
}

/// Books in memory with nothing in them.
pub(crate) fn empty() -> Books {
    EmbeddedStore::open_in_memory().unwrap().into()
}

/// Books in memory where invoice 2301 has been worked on.
pub(crate) async fn filled(attempts: Vec<AuditEntry>, item: DocumentItem) -> Books {
    let books = empty();
    let request = LeaseRequest {
        document: invoice(2301),
        owner: Owner("test".to_owned()),
        now: before_noon(60),
        until: before_noon(1),
        correlation: CorrelationId("c1".to_owned()),
    };
    let replies = books.state.take_leases(&[request]).await.unwrap();
    let LeaseReply::Taken(lease, _) = replies.into_iter().next().unwrap() else { panic!("held") };
    let documents = vec![FinishedDocument { lease, item }];
    books.state.finish(Finish { documents, audit: attempts }).await.unwrap();
    books
}
