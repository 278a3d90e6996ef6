//! What an undisturbed document asks of DynamoDB, by the store's calls alone.

use crate::Tables;
use model::{AuditOutcome, DocumentItem};
use store::{
    Finish, FinishedDocument, LeaseReply, StateStore as _,
    contract::{
        Harness as _, Place as _,
        fixtures::{ending, entry, invoice, request},
        run,
    },
};

const COUNT: i64 = 50;

/// The lease, then its end and the audit entry in one transaction; who waits for it is the one question. Besides, the
/// first entry of a day and outcome makes these known.
#[test]
fn an_undisturbed_document_takes_three_writes_and_one_query() {
    run(async {
        let Some(tables) = Tables::new().await else { return };
        let store = tables.handle().await;
        let requests: Vec<_> = (0..COUNT).map(|entry| request(&tables, &invoice(entry), "a")).collect();
        for reply in store.take_leases(&requests).await.unwrap() {
            let LeaseReply::Taken(lease, _) = reply else { panic!("{reply:?}") };
            let item = DocumentItem { number: Some("100237".to_owned()), ..DocumentItem::default() };
            let audit = vec![entry(&lease.document, tables.now(), AuditOutcome::Created)];
            let documents = vec![FinishedDocument {
                item,
                ..ending(&lease, DocumentItem::default()).documents.remove(0)
            }];
            store.finish(Finish { documents, audit }).await.unwrap();
            store.waiting_for(&lease.document).await.unwrap();
        }
        let usage = store.usage();
        println!("{COUNT} documents: {usage:?}");
        let count = u64::try_from(COUNT).unwrap();
        assert_eq!((usage.item_writes, usage.queries, usage.item_reads), (3 * count + 1, count, 0));
    });
}
