//! How many documents a second the embedded store carries from queue to ack, as the pipeline uses it:
//!
//! ```sh
//! cargo run --release -p store --example throughput -- 20000 2
//! ```
//!
//! The second figure counts workers. The changes are sent in pages of 100 first. Then each worker takes batches of 50:
//! receives them, leases them with one call, ends them by 50 calls side by side, and acks them with one.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, and reads the clock"
)]
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "figures for people")]

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use model::{
    AuditEntry, AuditOutcome, Cause, Change, CompanyDb, CorrelationId, CoupaId, DocumentItem, DocumentKey,
    InvoiceLink, InvoiceStage, Lane, Lease, Link, ObjectKind, Owner, Step,
};
use serde_json::{Value, json};
use std::{
    error::Error,
    time::{Duration, Instant},
};
use store::{EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest, Queue, StateStore};

const PAGE: usize = 100;
const BATCH: usize = 50;
const LINES: usize = 5;

type Done<T> = Result<T, Box<dyn Error>>;

/// How long the steps took.
type Spent = Vec<(&'static str, Duration)>;

async fn timed<T>(spent: &mut Spent, step: &'static str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let result = work.await;
    spent.push((step, begun.elapsed()));
    result
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done<()> {
    let mut arguments = std::env::args().skip(1);
    let documents: usize = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let workers: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("throughput.db");
    let store = EmbeddedStore::open(&path)?;
    for round in ["created", "updated"] {
        let begun = Instant::now();
        let mut spent = send(&store, documents).await?;
        for worker in try_join_all((0..workers).map(|_| work(&store))).await? {
            spent.extend(worker);
        }
        let took = begun.elapsed().as_secs_f64();
        let rate = documents as f64 / took;
        println!("{round}: {documents} documents by {workers} in {took:.2} s, {rate:.0} a second");
        for step in ["send", "receive", "take_leases", "finish", "ack"] {
            let time: Duration = spent.iter().filter(|(of, _)| *of == step).map(|(_, time)| *time).sum();
            println!("    {step:<12} {:>7.1} µs a document", time.as_secs_f64() * 1e6 / documents as f64);
        }
    }
    println!("links {:?}, file {} kB", store.link_counts().await?, std::fs::metadata(&path)?.len() / 1024);
    Ok(())
}

async fn send(store: &EmbeddedStore, documents: usize) -> Done<Spent> {
    let mut spent = Spent::new();
    for first in (0..documents).step_by(PAGE) {
        let now = Timestamp::now();
        let page = first..documents.min(first + PAGE);
        let changes = page.map(|entry| change(entry, now)).collect::<Result<Vec<_>, _>>()?;
        timed(&mut spent, "send", store.send(&changes, now)).await?;
    }
    Ok(spent)
}

async fn work(store: &EmbeddedStore) -> Done<Spent> {
    let mut spent = Spent::new();
    loop {
        let now = Timestamp::now();
        let lasts = SignedDuration::from_mins(5);
        let received = timed(&mut spent, "receive", store.receive(BATCH, lasts, now)).await?;
        if received.is_empty() {
            return Ok(spent);
        }
        let requests = received.iter().map(|received| LeaseRequest {
            document: received.change.document.clone(),
            owner: Owner("benchmark".to_owned()),
            now,
            until: now + lasts,
            correlation: received.change.correlation.clone(),
        });
        let requests: Vec<LeaseRequest> = requests.collect();
        let replies = timed(&mut spent, "take_leases", store.take_leases(&requests)).await?;
        let finishes = replies.into_iter().map(|reply| match reply {
            LeaseReply::Taken(lease, item) => Ok(store.finish(finish(lease, *item, now))),
            LeaseReply::Held { until } => Err(format!("held until {until}")),
        });
        let finishes = finishes.collect::<Result<Vec<_>, _>>()?;
        timed(&mut spent, "finish", try_join_all(finishes)).await?;
        let receipts: Vec<_> = received.into_iter().map(|received| received.receipt).collect();
        timed(&mut spent, "ack", store.ack(&receipts)).await?;
    }
}

fn change(entry: usize, now: Timestamp) -> Result<Change, std::num::TryFromIntError> {
    let company = CompanyDb("SBODEMOUS".to_owned());
    Ok(Change {
        document: DocumentKey::entry(&company, ObjectKind::Invoice, entry.try_into()?),
        step: Step::Document,
        cause: Cause::Poll,
        lane: Lane::Backfill,
        whatever_date: false,
        seen_at: now,
        correlation: CorrelationId(format!("benchmark-{entry}")),
    })
}

/// An invoice as it goes to Coupa, some 2 kB.
fn invoice() -> serde_json::Map<String, Value> {
    let line = |number: usize| {
        json!({
            "line-num": number, "type": "InvoiceQuantityLine", "description": "Rainbow printer 7.5 with cable",
            "quantity": "12.000", "price": "123.4500", "order-line-id": 100_000 + number,
            "account": {"code": "5100-01-20", "account-type": {"name": "Main COA"}},
            "uom": {"code": "EA"}, "tax-rate": "7.5", "tax-amount": "111.11", "external-reference": number
        })
    };
    let lines: Vec<Value> = (1..=LINES).map(line).collect();
    let whole = json!({
        "invoice-number": "100237", "invoice-date": "2026-11-03", "currency": {"code": "USD"},
        "supplier": {"number": "V10000"}, "internal-note": "SAP SBODEMOUS/invoice/2301",
        "payment-term": {"code": "Net30"}, "gross-total": "7962.55", "invoice-lines": lines
    });
    whole.as_object().cloned().unwrap_or_default()
}

fn finish(lease: Lease, item: DocumentItem, now: Timestamp) -> Finish {
    let number = lease.document.key.to_string();
    let sent = invoice();
    let created = item.link.is_none();
    let audit = AuditEntry {
        document: lease.document.clone(),
        number: Some(number.clone()),
        at: now,
        noticed_at: None,
        chain: None,
        duration_ms: 12,
        cause: Cause::Poll,
        step: Step::Document,
        sap_stamp: None,
        attempt: 1,
        outcome: if created { AuditOutcome::Created } else { AuditOutcome::Updated },
        code: None,
        class: None,
        message: "created and submitted".to_owned(),
        direction: None,
        sent: vec![json!({"method": "POST", "path": "/api/invoices", "body": sent})],
        coupa_calls: 2,
        correlation: CorrelationId("benchmark".to_owned()),
    };
    let link = Link::Invoice(InvoiceLink {
        coupa_id: CoupaId(123_456),
        number: number.clone(),
        stage: InvoiceStage::Submitted,
        paid: None,
        sent,
    });
    let item = DocumentItem { link: Some(link), number: Some(number), ..item };
    Finish { documents: vec![FinishedDocument { lease, item }], audit: vec![audit] }
}
