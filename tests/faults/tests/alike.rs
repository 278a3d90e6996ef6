//! Leases, ends of attempts, cursors and the budget as state machines: whatever sequence of calls comes, the fake and SQLite
//! answer alike.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use coupa::{BudgetLedger, BudgetState};
use faults::{
    cloud::{Cloud, Edition, Store},
    exec::Time,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Code, CompanyDb, CorrelationId, Cursor, DeadLetter, DocumentItem, DocumentKey, Lease, ObjectKind, Owner,
};
use proptest::prelude::*;
use std::sync::Arc;
use store::{EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore};

#[derive(Clone, Debug)]
enum Command {
    /// Documents and how long the leases last.
    Take(Vec<i64>, i64),
    /// One of the leases ever given, prolonged by so much.
    Renew(usize, i64),
    /// Attempts on these leases end, with a dead letter or without.
    Finish(Vec<usize>, bool),
    Release(Vec<usize>),
    Pass(i64),
    Look(i64),
    /// From a revision that was read so many reads ago.
    MoveCursor(u64),
    Draw(u64),
}

fn command() -> impl Strategy<Value = Command> {
    let leases = || proptest::collection::vec(0..12_usize, 1..3);
    prop_oneof![
        4 => (proptest::collection::vec(1..4_i64, 1..4), 1..20_i64).prop_map(|(which, lasts)| Command::Take(which, lasts)),
        2 => (0..12_usize, 1..20_i64).prop_map(|(lease, by)| Command::Renew(lease, by)),
        3 => (leases(), any::<bool>()).prop_map(|(which, dead)| Command::Finish(which, dead)),
        1 => leases().prop_map(Command::Release),
        3 => (1..15_i64).prop_map(Command::Pass),
        2 => (1..5_i64).prop_map(Command::Look),
        1 => (0..3_u64).prop_map(Command::MoveCursor),
        1 => (0..3_u64).prop_map(Command::Draw),
    ]
}

fn key(entry: i64) -> DocumentKey {
    DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::Invoice, entry)
}

/// What one side has given, and its answers as text.
struct Side<S> {
    store: S,
    leases: Vec<Lease>,
}

impl<S: StateStore + BudgetLedger> Side<S> {
    async fn answer(&mut self, command: &Command, now: Timestamp) -> String {
        match command {
            Command::Take(which, lasts) => {
                let request = |entry: &i64| LeaseRequest {
                    document: key(*entry),
                    owner: Owner("one".to_owned()),
                    now,
                    until: now + SignedDuration::from_secs(*lasts),
                    correlation: CorrelationId(format!("{now}")),
                };
                let requests: Vec<_> = which.iter().map(request).collect();
                let replies = self.store.take_leases(&requests).await.unwrap();
                for reply in &replies {
                    if let LeaseReply::Taken(lease, _) = reply {
                        self.leases.push(lease.clone());
                    }
                }
                format!("{replies:?}")
            }
            Command::Renew(at, by) => {
                let Some(lease) = self.leases.get(*at).cloned() else { return String::new() };
                let renewed = self.store.renew_lease(&lease, now + SignedDuration::from_secs(*by)).await;
                format!("{renewed:?}")
            }
            Command::Finish(which, dead) => {
                let mut finished = Vec::new();
                for at in which {
                    let Some(lease) = self.leases.get(*at).cloned() else { continue };
                    if finished.iter().any(|other: &FinishedDocument| other.lease.document == lease.document)
                    {
                        continue;
                    }
                    let letter = DeadLetter { code: Code::GaveUp, message: "no".to_owned(), at: now };
                    let item = DocumentItem {
                        dead_letter: dead.then_some(letter),
                        number: Some(format!("{now}")),
                        ..DocumentItem::default()
                    };
                    finished.push(FinishedDocument { lease, item });
                }
                let done = self.store.finish(Finish { documents: finished, audit: vec![] }).await;
                // Those of one moment come in any order.
                let mut dead = self.store.dead_letters().await.unwrap();
                dead.sort_by_key(|row| (row.letter.at, row.document.clone()));
                format!("{done:?} {dead:?}")
            }
            Command::Release(which) => {
                let leases: Vec<Lease> =
                    which.iter().filter_map(|at| self.leases.get(*at).cloned()).collect();
                format!("{:?}", self.store.release(&leases).await)
            }
            Command::Pass(_) => String::new(),
            Command::Look(entry) => format!("{:?}", self.store.items(&[key(*entry)]).await),
            Command::MoveCursor(back) => {
                let (cursor, revision) = self.store.cursor("invoices").await.unwrap();
                let moved = Cursor { last_entry: cursor.last_entry + 1, ..cursor };
                let from = revision.saturating_sub(*back);
                format!("{:?}", self.store.save_cursor("invoices", &moved, from).await)
            }
            Command::Draw(back) => {
                let (state, revision) = self.store.load().await.unwrap();
                let drawn = BudgetState { halvings: state.halvings.wrapping_add(1), ..state };
                let saved = self.store.save(&drawn, revision.saturating_sub(*back)).await;
                format!("{saved:?} {:?}", self.store.load().await)
            }
        }
    }
}

async fn play(commands: &[Command]) {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let time = Time::new(start);
    let fake: Store = Cloud::at_once(Edition::Aws, Arc::clone(&time)).handle(0);
    let mut fake = Side { store: fake, leases: vec![] };
    let mut file = Side { store: EmbeddedStore::open_in_memory().unwrap(), leases: vec![] };
    for (at, command) in commands.iter().enumerate() {
        if let Command::Pass(seconds) = command {
            time.set(time.now() + SignedDuration::from_secs(*seconds));
        }
        let (one, other) = (fake.answer(command, time.now()).await, file.answer(command, time.now()).await);
        assert_eq!(one, other, "at {at} of {commands:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_fake_and_sqlite_answer_alike(commands in proptest::collection::vec(command(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(&commands));
    }
}
