//! What must hold when a history is over.

use crate::{watch, world::World};
use jiff::{SignedDuration, civil::date};
use model::{AuditOutcome, DocumentItem, DocumentKey, Link, ObjectKind};
use simulators::{compare::differences, sap::DocumentKind};
use std::collections::{BTreeMap, BTreeSet};

/// What SAP holds is in Coupa, unless it is excused.
pub fn in_step(world: &World, when: &str, excused: &BTreeSet<String>, broken: &mut Vec<String>) {
    for difference in differences(&world.sap, &world.coupa, date(2026, 1, 1)) {
        if !excused.iter().any(|number| difference.contains(number.as_str())) {
            broken.push(format!("{when}: {difference}"));
        }
    }
}

/// Numbers by which people know what is among the dead letters, what waits, and what is written by either.
pub fn excused(world: &World) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for (key, item) in world.cloud.items() {
        if item.dead_letter.is_none() && item.parked.is_none() {
            continue;
        }
        numbers.extend(numbers_of(&key, &item));
        let entry = key.doc_entry().filter(|_| key.kind == ObjectKind::Payment);
        let rows = entry.and_then(|entry| world.sap.payment(entry)).map(|payment| payment.rows);
        for row in rows.into_iter().flatten() {
            let invoice = world.sap.document(DocumentKind::Invoice, row.document);
            numbers.extend(invoice.map(|invoice| invoice.number.to_string()));
        }
    }
    numbers
}

fn numbers_of(key: &DocumentKey, item: &DocumentItem) -> Vec<String> {
    let linked = match &item.link {
        Some(Link::Order(order)) => Some(order.po_number.clone()),
        Some(Link::Invoice(invoice)) => Some(invoice.number.clone()),
        _ => None,
    };
    let own = (key.kind == ObjectKind::Supplier).then(|| key.key.to_string());
    [linked, own, item.number.clone()].into_iter().flatten().collect()
}

/// What neither failed for good nor waits is not still being tried when nothing goes wrong any more.
pub fn nothing_is_tried_for_ever(world: &World, broken: &mut Vec<String>) {
    for (key, item) in world.cloud.items() {
        let tried = item.parked.filter(|parked| parked.code.class() != model::ErrorClass::Waiting);
        if let Some(parked) = tried {
            broken.push(format!("{key} is still tried: {} {}", parked.code, parked.reason));
        }
    }
}

/// Every dead letter has an audit entry that says why.
pub fn dead_letters_are_told(world: &World, broken: &mut Vec<String>) {
    let audit = world.cloud.audit();
    for (key, item) in world.cloud.items() {
        let Some(letter) = item.dead_letter else { continue };
        let told = audit.iter().any(|entry| {
            entry.document == key && entry.outcome == AuditOutcome::Failed && entry.code == Some(letter.code)
        });
        if !told {
            broken.push(format!("{key} is a dead letter, and no audit entry says why"));
        }
    }
}

/// What holds of the whole history.
pub fn whole(world: &World, broken: &mut Vec<String>) {
    let seen = world.watch.seen();
    broken.extend(seen.violations.iter().cloned());
    broken.extend(watch::over_budget(&seen.arrivals, world.setup.requests_per_second));
    for (worker, logins) in &seen.logins {
        broken.extend(log_ins(*worker, logins));
    }
    drop(seen);
    for (what, found) in [
        ("attributes that Coupa does not know", world.coupa.unknown_attributes()),
        ("read-only attributes sent", world.coupa.read_only_sent()),
    ] {
        if !found.is_empty() {
            broken.push(format!("{what}: {found:?}"));
        }
    }
    audit(world, broken);
}

/// Never soon after a refusal.
fn log_ins(worker: usize, logins: &[(jiff::Timestamp, bool)]) -> Option<String> {
    let hasty = logins
        .windows(2)
        .find(|two| two[0].1 && two[1].0.duration_since(two[0].0) < SignedDuration::from_secs(595));
    hasty.map(|two| format!("worker {worker} logged in at {} soon after a refusal at {}", two[1].0, two[0].0))
}

/// Each document is told as created once at most, and what is in Coupa is told at all.
fn audit(world: &World, broken: &mut Vec<String>) {
    let mut created: BTreeMap<DocumentKey, u32> = BTreeMap::new();
    let mut told: BTreeSet<DocumentKey> = BTreeSet::new();
    for entry in world.cloud.audit() {
        told.insert(entry.document.clone());
        if entry.outcome == AuditOutcome::Created {
            *created.entry(entry.document).or_default() += 1;
        }
    }
    for (document, times) in created {
        if times > 1 {
            broken.push(format!("{document} is told as created {times} times"));
        }
    }
    for (key, item) in world.cloud.items() {
        if item.link.is_some() && !told.contains(&key) {
            broken.push(format!("{key} is in Coupa, and no audit entry tells of it"));
        }
    }
}

/// Nothing is left over.
pub fn nothing_left(world: &World, when: &str, broken: &mut Vec<String>) {
    for message in world.cloud.describe_messages() {
        broken.push(format!("{when}: left in the queue: {message}"));
    }
    for (key, item) in world.cloud.items() {
        if let Some(parked) = item.parked {
            broken.push(format!("{when}: {key} still waits: {} {}", parked.code, parked.reason));
        }
        if let Some(letter) = item.dead_letter {
            broken.push(format!("{when}: {key} is a dead letter: {} {}", letter.code, letter.message));
        }
    }
}
