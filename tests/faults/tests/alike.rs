//! Leases, ends of attempts, cursors and the budget as state machines: whatever sequence of calls comes from several owners,
//! the fake and SQLite answer alike.
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
use std::{array, collections::BTreeMap, sync::Arc};
use store::{EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore};

/// Each with a way of its own to what is kept.
const OWNERS: [&str; 3] = ["one", "two", "three"];
/// One is the beginning of another.
const CURSORS: [&str; 3] = ["invoices", "invoices of Coupa", "orders"];

#[derive(Clone, Debug)]
enum Command {
    /// Who, documents and how long the leases last.
    Take(usize, Vec<i64>, i64),
    /// One of the leases ever given, prolonged by so much.
    Renew(usize, i64),
    /// Attempts on these leases end, with a dead letter or without.
    Finish(Vec<usize>, bool),
    Release(Vec<usize>),
    Pass(i64),
    Look(i64),
    /// Who reads which.
    ReadCursor(usize, usize),
    /// Who moves which, from where they read it last.
    MoveCursor(usize, usize),
    /// Who draws, from a revision that was read so many reads ago.
    Draw(usize, u64),
}

fn command() -> impl Strategy<Value = Command> {
    let leases = || proptest::collection::vec(0..12_usize, 1..3);
    let owner = || 0..OWNERS.len();
    let cursor = || 0..CURSORS.len();
    prop_oneof![
        4 => (owner(), proptest::collection::vec(1..4_i64, 1..4), 1..20_i64)
            .prop_map(|(who, which, lasts)| Command::Take(who, which, lasts)),
        2 => (0..12_usize, 1..20_i64).prop_map(|(lease, by)| Command::Renew(lease, by)),
        3 => (leases(), any::<bool>()).prop_map(|(which, dead)| Command::Finish(which, dead)),
        1 => leases().prop_map(Command::Release),
        3 => (1..15_i64).prop_map(Command::Pass),
        2 => (1..5_i64).prop_map(Command::Look),
        1 => (owner(), cursor()).prop_map(|(who, which)| Command::ReadCursor(who, which)),
        2 => (owner(), cursor()).prop_map(|(who, which)| Command::MoveCursor(who, which)),
        1 => (owner(), 0..3_u64).prop_map(|(who, back)| Command::Draw(who, back)),
    ]
}

fn key(entry: i64) -> DocumentKey {
    DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::Invoice, entry)
}

/// What one side has given, and its answers as text.
struct Side<'a, S> {
    stores: [&'a S; OWNERS.len()],
    leases: Vec<Lease>,
    /// What each owner read last of each cursor.
    read: BTreeMap<(usize, usize), (Cursor, u64)>,
}

impl<'a, S: StateStore + BudgetLedger> Side<'a, S> {
    fn new(stores: [&'a S; OWNERS.len()]) -> Self {
        Self { stores, leases: vec![], read: BTreeMap::new() }
    }

    /// One of the leases ever given, and its owner's store.
    fn lease(&self, at: usize) -> Option<(&'a S, Lease)> {
        let lease = self.leases.get(at)?.clone();
        let owner = OWNERS.iter().position(|owner| *owner == lease.owner.0).unwrap();
        Some((self.stores[owner], lease))
    }

    async fn answer(&mut self, command: &Command, now: Timestamp) -> String {
        match command {
            Command::Take(who, which, lasts) => self.take(*who, which, *lasts, now).await,
            Command::Renew(at, by) => {
                let Some((store, lease)) = self.lease(*at) else { return String::new() };
                format!("{:?}", store.renew_lease(&lease, now + SignedDuration::from_secs(*by)).await)
            }
            Command::Finish(which, dead) => self.finish(which, *dead, now).await,
            Command::Release(which) => {
                let leases: Vec<_> = which.iter().filter_map(|at| self.lease(*at)).collect();
                let Some((store, _)) = leases.first() else { return String::new() };
                let leases: Vec<Lease> = leases.iter().map(|(_, lease)| lease.clone()).collect();
                format!("{:?}", store.release(&leases).await)
            }
            Command::Pass(_) => String::new(),
            Command::Look(entry) => format!("{:?}", self.stores[0].items(&[key(*entry)]).await),
            Command::ReadCursor(who, which) => {
                let read = self.stores[*who].cursor(CURSORS[*which]).await.unwrap();
                self.read.insert((*who, *which), read.clone());
                format!("{read:?}")
            }
            Command::MoveCursor(who, which) => self.move_cursor(*who, *which).await,
            Command::Draw(who, back) => {
                let (state, revision) = self.stores[*who].load().await.unwrap();
                let drawn = BudgetState { halvings: state.halvings.wrapping_add(1), ..state };
                let saved = self.stores[*who].save(&drawn, revision.saturating_sub(*back)).await;
                format!("{saved:?} {:?}", self.stores[0].load().await)
            }
        }
    }

    async fn take(&mut self, who: usize, which: &[i64], lasts: i64, now: Timestamp) -> String {
        let request = |entry: &i64| LeaseRequest {
            document: key(*entry),
            owner: Owner(OWNERS[who].to_owned()),
            now,
            until: now + SignedDuration::from_secs(lasts),
            correlation: CorrelationId(format!("{now}")),
        };
        let requests: Vec<_> = which.iter().map(request).collect();
        let replies = self.stores[who].take_leases(&requests).await.unwrap();
        for reply in &replies {
            if let LeaseReply::Taken(lease, _) = reply {
                self.leases.push(lease.clone());
            }
        }
        format!("{replies:?}")
    }

    async fn finish(&self, which: &[usize], dead: bool, now: Timestamp) -> String {
        let mut finished: Vec<FinishedDocument> = Vec::new();
        let mut by = self.stores[0];
        for at in which {
            let Some((store, lease)) = self.lease(*at) else { continue };
            if finished.iter().any(|other| other.lease.document == lease.document) {
                continue;
            }
            by = store;
            let letter = DeadLetter { code: Code::GaveUp, message: "no".to_owned(), at: now };
            let item = DocumentItem {
                dead_letter: dead.then_some(letter),
                number: Some(format!("{now}")),
                ..DocumentItem::default()
            };
            finished.push(FinishedDocument { lease, item });
        }
        let done = by.finish(Finish { documents: finished, audit: vec![] }).await;
        // Those of one moment come in any order.
        let mut dead = by.dead_letters().await.unwrap();
        dead.sort_by_key(|row| (row.letter.at, row.document.clone()));
        format!("{done:?} {dead:?}")
    }

    /// Goes through if nobody has moved this one since, whatever was moved besides; and moves no other.
    async fn move_cursor(&mut self, who: usize, which: usize) -> String {
        let (cursor, revision) = self.read.get(&(who, which)).cloned().unwrap_or_default();
        let before = self.cursors().await;
        let moved = Cursor { last_entry: cursor.last_entry + 1, ..cursor };
        let saved = self.stores[who].save_cursor(CURSORS[which], &moved, revision).await;
        let mut expected = before.clone();
        if before[which].1 == revision {
            expected[which] = (moved, revision + 1);
        }
        assert_eq!(saved.clone().ok(), (before[which].1 == revision).then_some(revision + 1));
        assert_eq!(self.cursors().await, expected);
        format!("{saved:?} {expected:?}")
    }

    async fn cursors(&self) -> Vec<(Cursor, u64)> {
        let mut cursors = Vec::new();
        for name in CURSORS {
            cursors.push(self.stores[0].cursor(name).await.unwrap());
        }
        cursors
    }
}

async fn play(commands: &[Command]) {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let time = Time::new(start);
    let cloud = Cloud::at_once(Edition::Aws, Arc::clone(&time));
    let fakes: [Store; OWNERS.len()] = array::from_fn(|owner| cloud.handle(owner));
    let file = EmbeddedStore::open_in_memory().unwrap();
    let mut fake = Side::new(fakes.each_ref());
    let mut file = Side::new([&file; OWNERS.len()]);
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
