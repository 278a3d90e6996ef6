//! The file of the embedded store: who may read it, what it refuses, and that it survives being killed.
#![cfg(all(feature = "embedded", unix))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use jiff::{SignedDuration, Timestamp};
use model::{
    AuditEntry, AuditOutcome, Cause, Change, CompanyDb, CorrelationId, DocumentItem, DocumentKey, Lane,
    ObjectKind, Owner, Step,
};
use rusqlite::Connection;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};
use store::{
    AuditTrail, EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest, OpenError, Queue,
    StateStore,
};
use tempfile::tempdir;

fn invoice(entry: i64) -> DocumentKey {
    DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::Invoice, entry)
}

fn change(entry: i64, now: Timestamp) -> Change {
    Change {
        document: invoice(entry),
        step: Step::Document,
        cause: Cause::Poll,
        lane: Lane::Live,
        whatever_date: false,
        seen_at: now,
        correlation: CorrelationId("c".to_owned()),
    }
}

#[test]
fn only_the_owner_can_read_what_it_makes() {
    let dir = tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path().join("b1 coupa.db")).unwrap();
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    drop(store);
}

#[test]
fn what_is_no_store_is_refused_by_name_and_left_alone() {
    let dir = tempdir().unwrap();
    let text = dir.path().join("text.db");
    fs::write(&text, "no database at all, but longer than SQLite's header is. ".repeat(20)).unwrap();
    let foreign = dir.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    for path in [text, foreign] {
        let before = fs::read(&path).unwrap();
        let error = EmbeddedStore::open(&path).unwrap_err();
        assert_eq!(error, OpenError::NotOurs { file: path.display().to_string() });
        assert!(error.to_string().contains(&path.display().to_string()));
        assert!(fs::read(&path).unwrap() == before, "{path:?}");
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    drop(EmbeddedStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = EmbeddedStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("use a newer b1-coupa"), "{error}");
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("missing").join("store.db");
    let error = EmbeddedStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }));
    assert!(error.to_string().contains("missing/store.db"), "{error}");
    assert!(EmbeddedStore::open(dir.path()).is_err(), "a directory");
}

#[test]
fn an_empty_file_becomes_a_store() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    fs::write(&path, "").unwrap();
    drop(EmbeddedStore::open(&path).unwrap());
    drop(EmbeddedStore::open(&path).unwrap());
}

#[tokio::test]
async fn a_damaged_row_is_corrupt_and_not_silently_empty() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    let store = EmbeddedStore::open(&path).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    work_on(&store, 1, now).await;
    Connection::open(&path).unwrap().execute_batch("UPDATE document SET item = '{'").unwrap();
    let error = store.items(&[invoice(1)]).await.unwrap_err();
    assert!(matches!(&error, store::StoreError::Corrupt(what) if what.contains("invoice/1")), "{error}");
}

#[tokio::test]
async fn nobody_rewrites_the_audit_trail() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    let store = EmbeddedStore::open(&path).unwrap();
    work_on(&store, 1, Timestamp::UNIX_EPOCH).await;
    let other = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE audit SET body = ''",
        "UPDATE audit SET body = '', payload = NULL",
        "UPDATE audit SET payload = x'00'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ] {
        assert!(other.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(store.of_document(&invoice(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_sent_is_let_go_in_its_time_and_the_attempt_stays() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    let store = EmbeddedStore::open(&path).unwrap();
    for entry in [1, 2] {
        work_on(&store, entry, Timestamp::UNIX_EPOCH).await;
    }
    let before = store.of_document(&invoice(1)).await.unwrap();
    assert!(!before[0].sent.is_empty(), "{before:#?}");
    assert_eq!(store.let_go_payloads(before[0].at, 9).await.unwrap(), 0, "not yet");
    let later = before[0].at + jiff::SignedDuration::from_secs(1);
    assert_eq!(store.let_go_payloads(later, 1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(store.let_go_payloads(later, 9).await.unwrap(), 1, "once each");
    assert_eq!(store.let_go_payloads(later, 9).await.unwrap(), 0);
    let expected = model::AuditEntry { sent: vec![], ..before[0].clone() };
    assert_eq!(store.of_document(&invoice(1)).await.unwrap(), [expected]);
}

#[tokio::test]
async fn what_was_asked_for_is_written_though_the_asker_went_away() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    let store = EmbeddedStore::open(&path).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let changes = [change(1, now)];
    let mut sending = store.send(&changes, now);
    // One poll hands it over; then its asker is gone, and so is the store.
    assert!(futures::poll!(&mut sending).is_pending());
    drop(sending);
    drop(store);
    let again = EmbeddedStore::open(&path).unwrap();
    assert_eq!(again.depth().await.unwrap().by_lane, [(Lane::Live, 1)].into());
}

#[tokio::test]
async fn documents_are_counted_by_kind_and_code() {
    let store = EmbeddedStore::open_in_memory().unwrap();
    let now = Timestamp::UNIX_EPOCH;
    for entry in 0..5 {
        let (lease, mut item) = take(&store, entry, now).await;
        if entry < 3 {
            let link = model::SupplierLink::new(model::CoupaId(1));
            item.link = Some(model::Link::Supplier(link));
        } else {
            let code = model::Code::ALL[usize::try_from(entry).unwrap()];
            item.dead_letter = Some(model::DeadLetter { code, message: String::new(), at: now });
        }
        let documents = vec![FinishedDocument { lease, item }];
        store.finish(Finish { documents, audit: Vec::new() }).await.unwrap();
    }
    assert_eq!(store.link_counts().await.unwrap(), [(ObjectKind::Invoice, 3)].into());
    let codes = [(model::Code::ALL[3], 1), (model::Code::ALL[4], 1)];
    assert_eq!(store.dead_letter_counts().await.unwrap(), codes.into());
}

async fn take(store: &EmbeddedStore, entry: i64, now: Timestamp) -> (model::Lease, DocumentItem) {
    let request = LeaseRequest {
        document: invoice(entry),
        owner: Owner("o".to_owned()),
        now,
        until: now + SignedDuration::from_secs(60),
        correlation: CorrelationId("c".to_owned()),
    };
    match store.take_leases(&[request]).await.unwrap().remove(0) {
        LeaseReply::Taken(lease, item) => (lease, *item),
        held @ LeaseReply::Held { .. } => panic!("{held:?}"),
    }
}

/// One attempt from the queue to the ack, counted in `tries`.
async fn work_on(store: &EmbeddedStore, entry: i64, now: Timestamp) {
    store.send(&[change(entry, now)], now).await.unwrap();
    let (lease, mut item) = take(store, entry, now).await;
    item.tries += 1;
    let audit = AuditEntry {
        document: invoice(entry),
        number: Some(entry.to_string()),
        at: now,
        noticed_at: None,
        chain: None,
        duration_ms: 1,
        cause: Cause::Poll,
        step: Step::Document,
        sap_stamp: None,
        attempt: item.tries,
        outcome: AuditOutcome::Retry,
        code: None,
        class: None,
        message: "x".repeat(3000),
        direction: None,
        sent: vec![serde_json::json!({"method": "POST", "body": {"total": "1.10"}})],
        coupa_calls: 1,
        correlation: CorrelationId("c".to_owned()),
    };
    let documents = vec![FinishedDocument { lease, item }];
    store.finish(Finish { documents, audit: vec![audit] }).await.unwrap();
    let received = store.receive(10, SignedDuration::from_secs(60), now).await.unwrap();
    store.ack(&received.into_iter().map(|received| received.receipt).collect::<Vec<_>>()).await.unwrap();
}

const STORE: &str = "B1_COUPA_TEST_STORE";
const FIRST: &str = "B1_COUPA_TEST_FIRST";

/// The process that gets killed: works on ten documents round and round, and says which attempt it knows to be written.
/// Does nothing when it runs as an ordinary test.
#[tokio::test]
async fn child_that_works_until_it_is_killed() {
    let (Ok(path), Ok(first)) = (std::env::var(STORE), std::env::var(FIRST)) else { return };
    let store = EmbeddedStore::open(path).unwrap();
    let first: i64 = first.parse().unwrap();
    // Leases of a child killed before must have run out.
    let mut now = Timestamp::from_second(first).unwrap();
    for round in 0.. {
        let documents = (first..first + 10).map(|entry| work_on(&store, entry, now));
        futures::future::join_all(documents).await;
        println!("written {round}");
        now += SignedDuration::from_secs(61);
    }
}

fn child(path: &Path, first: i64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_works_until_it_is_killed", "--nocapture"])
        .env(STORE, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets it write some rounds, kills it in the midst of the next, and tells how many it knew to be written.
fn kill_after(mut child: Child, rounds: usize) -> u32 {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    while seen.matches("written").count() < rounds {
        assert_ne!(output.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut seen).unwrap();
    u32::try_from(seen.lines().filter(|line| line.contains("written")).count()).unwrap()
}

/// Two processes on one file, both killed again and again: nothing that was answered is lost, nothing is half written.
#[tokio::test]
async fn nothing_answered_is_lost_when_processes_are_killed() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("store.db");
    for round in 0..4 {
        let firsts = [round * 100, round * 100 + 50];
        let children = firsts.map(|first| child(&path, first));
        let mut written = Vec::new();
        for (child, rounds) in children.into_iter().zip([3 + usize::try_from(round).unwrap(), 8]) {
            written.push(kill_after(child, rounds));
        }
        let healthy: String = Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(healthy, "ok");
        let store = EmbeddedStore::open(&path).unwrap();
        for (first, written) in firsts.into_iter().zip(written) {
            for entry in first..first + 10 {
                let item = store.items(&[invoice(entry)]).await.unwrap().remove(0).unwrap();
                assert!(item.tries >= written, "{entry}: {} of {written}", item.tries);
                let attempts = store.of_document(&invoice(entry)).await.unwrap();
                let counted: Vec<u32> = attempts.iter().map(|entry| entry.attempt).collect();
                assert_eq!(counted, (1..=item.tries).collect::<Vec<_>>(), "item and audit trail agree");
            }
        }
    }
}

/// Whoever comes first makes the tables; nobody is turned away.
#[test]
fn many_can_open_a_new_file_at_once() {
    for _ in 0..20 {
        let dir = tempdir().unwrap();
        let path = dir.path().join("store.db");
        let open = || EmbeddedStore::open(&path).map(drop);
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results, vec![Ok(()); 8]);
    }
}
