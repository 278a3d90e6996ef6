use super::*;
use model::{AuditOutcome, Cause, CompanyDb, CorrelationId, DocumentKey, ObjectKind, Step};
use serde_json::json;

fn chain(length: u32) -> (Vec<AuditEntry>, AuditHead) {
    let mut item = DocumentItem::default();
    let entries = (0..length).map(|attempt| {
        let entry = AuditEntry {
            document: DocumentKey::entry(&CompanyDb("ACME".to_owned()), ObjectKind::Invoice, 7),
            number: Some("100237".to_owned()),
            at: jiff::Timestamp::from_second(1_800_000_000 + i64::from(attempt)).unwrap(),
            noticed_at: None,
            duration_ms: 12,
            cause: Cause::Poll,
            step: Step::Document,
            sap_stamp: None,
            attempt,
            outcome: AuditOutcome::Updated,
            code: None,
            class: None,
            message: "updated".to_owned(),
            direction: None,
            sent: vec![json!({"method": "PUT", "body": {"a": attempt}})],
            coupa_calls: 1,
            correlation: CorrelationId("c".to_owned()),
            chain: None,
        };
        append(entry, &mut item)
    });
    let entries = entries.collect();
    (entries, item.audit.unwrap())
}

const NOTHING: LetGo = LetGo { until: AuditHead { count: 0, hash: String::new() }, payloads_before: None };

#[test]
fn a_whole_chain_is_whole_and_what_was_sent_may_be_let_go() {
    let (mut entries, head) = chain(4);
    assert_eq!(verify(&entries, Some(&head), &NOTHING), Ok(()));
    let read: Vec<AuditEntry> = serde_json::from_str(&serde_json::to_string(&entries).unwrap()).unwrap();
    assert_eq!(verify(&read, Some(&head), &NOTHING), Ok(()));
    assert_eq!(verify(&[], None, &NOTHING), Ok(()));
    entries[1].sent = vec![];
    let until = |entry: &AuditEntry| LetGo { payloads_before: Some(entry.at), ..NOTHING };
    assert_eq!(verify(&entries, Some(&head), &until(&entries[2])), Ok(()));
    assert_eq!(verify(&entries, Some(&head), &until(&entries[1])), Err(Broken::Emptied(2)), "too early");
    assert_eq!(verify(&entries, Some(&head), &NOTHING), Err(Broken::Emptied(2)));
}

#[test]
fn a_clock_that_is_behind_moves_no_entry() {
    let mut item = DocumentItem::default();
    let (plain, _) = chain(2);
    let at = [plain[1].at, plain[0].at];
    let mut entries: Vec<AuditEntry> =
        at.map(|at| append(AuditEntry { at, chain: None, ..plain[0].clone() }, &mut item)).into();
    let head = item.audit;
    // The store has them by their times.
    entries.reverse();
    assert_eq!(verify(&entries, head.as_ref(), &NOTHING), Ok(()));
    entries.reverse();
    assert_eq!(verify(&entries, head.as_ref(), &NOTHING), Err(Broken::Moved(2)));
    let unchained = AuditEntry { chain: None, ..entries[0].clone() };
    entries.reverse();
    entries.push(unchained);
    assert!(verify(&entries, head.as_ref(), &NOTHING).is_err(), "one that was added");
}

#[test]
fn the_digest_of_what_was_let_go_cannot_be_replaced() {
    let (mut entries, head) = chain(2);
    entries[1].sent = vec![];
    entries[1].chain.as_mut().unwrap().payload = digest(&[json!({"a": 9})]);
    let all = LetGo { payloads_before: Some(Timestamp::MAX), ..NOTHING };
    assert_eq!(verify(&entries, Some(&head), &all), Err(Broken::Altered(2)));
}

#[test]
fn each_way_to_tamper_is_named_with_its_place() {
    let (whole, head) = chain(4);
    let tampered = |change: fn(&mut Vec<AuditEntry>)| {
        let mut entries = whole.clone();
        change(&mut entries);
        verify(&entries, Some(&head), &NOTHING).unwrap_err()
    };
    assert_eq!(tampered(|all| all[2].message = "never".to_owned()), Broken::Altered(3));
    assert_eq!(tampered(|all| all[0].sent = vec![json!({"a": 9})]), Broken::Altered(1));
    assert_eq!(tampered(|all| all[1].chain = None), Broken::Altered(2));
    assert_eq!(tampered(|all| drop(all.remove(1))), Broken::Gap(3));
    assert_eq!(tampered(|all| all.swap(1, 2)), Broken::Moved(2));
    assert_eq!(tampered(|all| drop(all.pop())), Broken::Truncated { count: 4, missing: 1 });
    assert_eq!(tampered(Vec::clear), Broken::Truncated { count: 4, missing: 4 });
    assert_eq!(tampered(|all| drop(all.remove(0))), Broken::Beheaded(1));
    let more = |all: &mut Vec<AuditEntry>| {
        let mut item = DocumentItem {
            audit: Some(AuditHead { count: 4, hash: all[3].chain.clone().unwrap().hash }),
            ..DocumentItem::default()
        };
        let forged = append(AuditEntry { chain: None, ..all[3].clone() }, &mut item);
        all.push(forged);
    };
    assert_eq!(tampered(more), Broken::Added(5));
    // Hashed anew from there on, it no longer fits what the item says.
    let anew = |all: &mut Vec<AuditEntry>| {
        let mut item = DocumentItem {
            audit: Some(AuditHead { count: 3, hash: all[2].chain.clone().unwrap().hash }),
            ..DocumentItem::default()
        };
        let forged = AuditEntry { chain: None, message: "forged".to_owned(), ..all.remove(3) };
        let forged = append(forged, &mut item);
        all.push(forged);
    };
    assert_eq!(tampered(anew), Broken::Altered(4));
}

/// Where the chain stands after so many entries.
fn after(entries: &[AuditEntry], count: usize) -> AuditHead {
    let last = count.checked_sub(1).map(|last| entries[last].chain.as_ref().unwrap());
    last.map_or_else(AuditHead::default, |chain| AuditHead {
        count: chain.sequence,
        hash: chain.hash.clone(),
    })
}

fn let_go(until: AuditHead) -> LetGo {
    LetGo { until, ..NOTHING }
}

#[test]
fn what_was_let_go_may_be_missing_in_any_part_and_nothing_else() {
    let (all, head) = chain(6);
    let until = let_go(after(&all, 3));
    let left = |kept: &[usize]| -> Vec<AuditEntry> { kept.iter().map(|place| all[*place].clone()).collect() };
    for kept in [&[0, 1, 2, 3, 4, 5][..], &[3, 4, 5], &[1, 3, 4, 5], &[0, 2, 3, 4, 5], &[2, 3, 4, 5]] {
        assert_eq!(verify(&left(kept), Some(&head), &until), Ok(()), "{kept:?}");
    }
    for (kept, broken) in [
        (&[4, 5][..], Broken::Beheaded(1)),
        (&[1, 4, 5], Broken::Gap(5)),
        (&[0, 1, 2, 3, 5], Broken::Gap(6)),
        (&[0, 1], Broken::Truncated { count: 6, missing: 3 }),
        (&[], Broken::Truncated { count: 6, missing: 3 }),
    ] {
        assert_eq!(verify(&left(kept), Some(&head), &until), Err(broken), "{kept:?}");
    }
    assert_eq!(verify(&all[3..], Some(&head), &NOTHING), Err(Broken::Beheaded(3)), "nothing was signed");
}

#[test]
fn the_runs_of_several_documents_are_gathered_each_for_itself() {
    let (all, head) = chain(3);
    let mut of_another = all[0].clone();
    of_another.document = DocumentKey::entry(&CompanyDb("ACME".to_owned()), ObjectKind::Invoice, 8);
    let other = append(AuditEntry { chain: None, ..of_another }, &mut DocumentItem::default());
    let mut runs = Runs::default();
    for entry in [&all[2], &other, &all[0], &all[1]] {
        runs.add(entry).unwrap();
    }
    let altered = AuditEntry { message: "never".to_owned(), ..all[1].clone() };
    assert_eq!(runs.add(&altered), Err(Broken::Altered(2)));
    runs.add(&AuditEntry { chain: None, ..all[0].clone() }).unwrap();
    let by_document = runs.by_document();
    let until: Vec<_> =
        by_document.iter().map(|(key, runs)| (key.as_str(), let_go_until(runs).count)).collect();
    assert_eq!(until, [("ACME/invoice/7", 3), ("ACME/invoice/8", 1)]);
    assert_eq!(by_document["ACME/invoice/7"], [Run { after: AuditHead::default(), until: head }]);
}

#[test]
fn a_document_may_be_let_go_whole() {
    let (all, head) = chain(3);
    assert_eq!(verify(&[], Some(&head), &let_go(head.clone())), Ok(()));
    assert_eq!(verify(&all[1..2], Some(&head), &let_go(head.clone())), Ok(()));
    let more = AuditHead { count: 4, ..head.clone() };
    assert_eq!(
        verify(&[], Some(&more), &let_go(head.clone())),
        Err(Broken::Truncated { count: 4, missing: 1 })
    );
    let other = AuditHead { hash: "other".to_owned(), ..head.clone() };
    assert_eq!(verify(&[], Some(&other), &let_go(head.clone())), Err(Broken::Altered(3)));
    assert_eq!(verify(&[], Some(&after(&all, 2)), &let_go(head)), Err(Broken::Added(3)));
}

#[test]
fn what_is_left_must_be_what_was_signed() {
    let (all, head) = chain(4);
    let signed = |count: u64, hash: &str| let_go(AuditHead { count, hash: hash.to_owned() });
    assert_eq!(verify(&all[2..], Some(&head), &signed(2, "other")), Err(Broken::Gap(3)));
    assert_eq!(verify(&all[1..], Some(&head), &signed(2, "other")), Err(Broken::Altered(2)));
    let mut forged = all.clone();
    forged[1].message = "never".to_owned();
    assert_eq!(verify(&forged[1..], Some(&head), &let_go(after(&all, 3))), Err(Broken::Altered(2)));
}
