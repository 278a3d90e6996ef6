//! What must hold when a history is over.

use crate::{
    coupa_people::{BORN, NEWCOMERS_TAX_ID},
    watch,
    world::{World, company},
};
use jiff::{SignedDuration, civil::date};
use model::{AuditEntry, AuditOutcome, DocumentItem, DocumentKey, Link, ObjectKind, Step};
use pipeline::audit_chain::{self, LetGo};
use simulators::{
    compare::differences,
    sap::{self, DocumentKind},
};
use std::collections::{BTreeMap, BTreeSet};

/// What SAP holds is in Coupa, unless it is excused, or the trail says that Coupa no longer takes it.
pub fn in_step(world: &World, when: &str, excused: &BTreeSet<String>, broken: &mut Vec<String>) {
    let closed = changed_while_closed(world);
    for difference in differences(&world.sap, &world.coupa, date(2026, 1, 1)) {
        if difference.strip_prefix("twice in Coupa: supplier ").is_some_and(|what| born_there(world, what)) {
            continue;
        }
        if !excused.iter().chain(&closed).any(|number| difference.contains(number.as_str())) {
            broken.push(format!("{when}: {difference}"));
        }
    }
}

/// Whether this is name or number of a partner that was made of a supplier of Coupa's. That supplier gets its number last: who
/// looked a moment before offers the partner to Coupa as a new one, and is refused. Nothing is there twice.
fn born_there(world: &World, name_or_number: &str) -> bool {
    let made_of_coupas = |partner: sap::Record| partner.text("FederalTaxID").starts_with(NEWCOMERS_TAX_ID);
    name_or_number.starts_with(BORN) || world.sap.supplier(name_or_number).is_some_and(made_of_coupas)
}

/// Numbers of orders that were opened, changed and closed in SAP between two looks: nothing is sent to a closed order, and the trail
/// says so.
fn changed_while_closed(world: &World) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for entry in world.sap.entries(DocumentKind::Order) {
        let Some(order) = world.sap.document(DocumentKind::Order, entry).filter(|order| order.closed) else {
            continue;
        };
        let document = DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, entry);
        let told = world.cloud.in_audit(|audit| {
            let mut attempts = audit.iter().rev().filter(|attempt| attempt.document == document);
            let last = attempts.find(|attempt| {
                matches!(attempt.step, Step::Document)
                    && matches!(attempt.outcome, AuditOutcome::NotApplied | AuditOutcome::Updated)
            });
            last.is_some_and(|last| last.outcome == AuditOutcome::NotApplied)
        });
        if told {
            world.faults.saw("changed while closed, told");
            numbers.insert(order.number.to_string());
        }
    }
    numbers
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
    for (key, item) in world.cloud.items() {
        let Some(letter) = item.dead_letter else { continue };
        let told = world.cloud.in_audit(|audit| {
            audit.iter().any(|entry| {
                entry.document == key
                    && entry.outcome == AuditOutcome::Failed
                    && entry.code == Some(letter.code)
            })
        });
        if !told {
            broken.push(format!("{key} is a dead letter, and no audit entry says why"));
        }
    }
}

/// Each supplier that was added in Coupa is one business partner, unless that has failed and is told.
pub fn suppliers_of_coupa(world: &World, failures: bool, broken: &mut Vec<String>) {
    if !world.setup.ways.creates {
        return;
    }
    let items = world.cloud.items();
    let told = |id: u64| {
        let fails = |item: &DocumentItem| item.dead_letter.is_some() || item.parked.is_some();
        items.iter().any(|(key, item)| key.new_supplier_id().is_some_and(|one| one.0 == id) && fails(item))
    };
    for supplier in world.coupa.suppliers().into_iter().filter(|one| one.number.is_empty()) {
        if !(failures && told(supplier.id)) {
            broken.push(format!("supplier {} `{}` of Coupa has no number", supplier.id, supplier.name));
        }
    }
    let mut partners: BTreeMap<String, u32> = BTreeMap::new();
    for partner in world.sap.supplier_codes().iter().filter_map(|code| world.sap.supplier(code)) {
        let tax_id = partner.text("FederalTaxID").to_owned();
        if tax_id.starts_with(NEWCOMERS_TAX_ID) {
            *partners.entry(tax_id).or_default() += 1;
        }
    }
    for (tax_id, times) in partners.into_iter().filter(|(_, times)| *times > 1) {
        broken.push(format!("{times} business partners were made of the supplier with tax id {tax_id}"));
    }
}

/// A name that was changed in Coupa alone is SAP's name too.
pub fn renamed(world: &World, renamed: Option<(String, String)>, broken: &mut Vec<String>) {
    let Some((number, name)) = renamed else { return };
    let in_sap = world.sap.supplier(&number).map(|partner| partner.text("CardName").to_owned());
    if in_sap.as_ref() != Some(&name) {
        broken.push(format!("supplier {number} was renamed to {name} in Coupa, and SAP shows {in_sap:?}"));
    }
}

/// The product's own comparison finds nothing either.
pub fn in_balance(world: &World, broken: &mut Vec<String>) {
    match world.balance() {
        None => broken.push("both sides could not be compared".to_owned()),
        Some(balance) => {
            let closed = changed_while_closed(world);
            let wrong = balance.differences.iter().filter(|one| !closed.contains(&one.number));
            broken.extend(wrong.map(|one| format!("the product's own comparison: {one:?}")));
        }
    }
}

/// What was told in Coupa of failures that are none any more is resolved there.
pub fn failures_are_resolved(world: &World, broken: &mut Vec<String>) {
    for key in world.cloud.documents_where(|item| item.alert.is_some() && item.dead_letter.is_none()) {
        broken.push(format!("{key} has not failed, and Coupa's people are told that it has"));
    }
}

/// The attempts on each document are chained, none missing.
fn chained(world: &World, broken: &mut Vec<String>) {
    let mut trail: BTreeMap<DocumentKey, Vec<AuditEntry>> = BTreeMap::new();
    world.cloud.in_audit(|audit| {
        for entry in audit {
            trail.entry(entry.document.clone()).or_default().push(entry.clone());
        }
    });
    for (key, item) in world.cloud.items() {
        let mut entries = trail.remove(&key).unwrap_or_default();
        // As the stores have them.
        entries.sort_by_key(|entry| entry.at);
        let nothing = LetGo::default();
        if let Err(place) = audit_chain::verify(&entries, item.audit.as_ref(), &nothing) {
            broken.push(format!("the audit trail of {key} is not whole: {place}"));
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
    chained(world, broken);
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
    world.cloud.in_audit(|audit| {
        for entry in audit {
            told.insert(entry.document.clone());
            if entry.outcome == AuditOutcome::Created {
                *created.entry(entry.document.clone()).or_default() += 1;
            }
        }
    });
    for (document, times) in created {
        if times > 1 {
            broken.push(format!("{document} is told as created {times} times"));
        }
    }
    for key in world.cloud.documents_where(|item| item.link.is_some()) {
        if !told.contains(&key) {
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
