//! What expires of the audit trail is signed before it goes.

use crate::rig::{Rig, day_of, rig, signing_key};
use certificate::{DayLetGo, Key};
use jiff::SignedDuration;
use model::{AuditEntry, AuditHead, Clock as _, Code, DocumentKey, ObjectKind};
use pipeline::audit_chain::{self, Broken, LetGo, Run, let_go_until};
use serde_json::json;
use simulators::sap::{Field, Record};
use std::time::Duration;
use store::StateStore as _;

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Rig {
    /// Suppliers whose attempts are of three days, each kept for a month.
    async fn of_three_days() -> Self {
        let rig = rig(2, Duration::ZERO).await;
        *rig.trail.kept.lock().unwrap() = Some(SignedDuration::from_hours(24 * 30));
        for day in 1..=2 {
            rig.world.time.pass(DAY);
            let rename = |partner: &mut Record| {
                partner.set("CardName", Field::Text(format!("Name {day}")));
            };
            rig.world.sap.change_supplier("V0001", rename).unwrap();
            rig.reconciler.pipeline.poll(ObjectKind::Supplier).await.unwrap();
            while rig.reconciler.pipeline.work(50).await.unwrap().received > 0 {}
        }
        assert_eq!(rig.of_supplier().await.len(), 3);
        rig
    }

    fn supplier(&self) -> DocumentKey {
        DocumentKey::supplier(&self.world.company(), "V0001")
    }

    async fn of_supplier(&self) -> Vec<AuditEntry> {
        let supplier = self.supplier();
        self.trail.entries().await.into_iter().filter(|entry| entry.document == supplier).collect()
    }

    async fn nights(&self, count: u32) {
        for _ in 0..count {
            self.world.time.pass(DAY);
            self.compare(json!("all")).await.unwrap();
        }
    }

    /// What was signed about the supplier, by all checkpoints.
    fn runs(&self) -> Vec<Run> {
        let (key, name) = (Key::read(&signing_key()).unwrap().public(), self.supplier().to_string());
        let checkpoints = self.kept.checkpoints.lock().unwrap();
        let days = checkpoints.values().map(|text| DayLetGo::open(text, &key).unwrap());
        days.flat_map(|day| day.runs.get(&name).cloned().unwrap_or_default()).collect()
    }

    /// As `audit verify` does.
    async fn verify(&self) -> Result<(), Broken> {
        let items = self.world.store.items(&[self.supplier()]).await.unwrap();
        let head = items[0].as_ref().unwrap().audit.clone();
        let let_go = LetGo { until: let_go_until(&self.runs()), payloads_before: None };
        audit_chain::verify(&self.of_supplier().await, head.as_ref(), &let_go)
    }

    /// DynamoDB has removed what is due.
    async fn expire(&self) {
        let now = self.world.time.now();
        for entry in self.trail.entries().await {
            if entry.at + SignedDuration::from_hours(24 * 30) <= now {
                self.trail.lose(&entry);
            }
        }
    }
}

#[tokio::test]
async fn a_day_is_signed_before_its_entries_go_and_the_chain_stays_whole() {
    let rig = Rig::of_three_days().await;
    let first = rig.of_supplier().await[0].clone();
    rig.nights(24).await;
    assert!(rig.kept.checkpoints.lock().unwrap().is_empty(), "nothing is due yet");
    rig.nights(1).await;
    let names: Vec<_> = rig.kept.checkpoints.lock().unwrap().keys().cloned().collect();
    assert_eq!(names, [format!("audit-{}.json", day_of(&first))]);
    let chain = first.chain.clone().unwrap();
    let until = AuditHead { count: 1, hash: chain.hash };
    assert_eq!(rig.runs(), [Run { after: AuditHead::default(), until }]);
    for night in 0..9 {
        rig.nights(1).await;
        rig.expire().await;
        assert_eq!(rig.verify().await, Ok(()), "night {night}");
    }
    assert_eq!(rig.of_supplier().await, []);
    assert_eq!(rig.kept.checkpoints.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_was_taken_out_before_it_was_due_is_named_also_when_all_has_expired() {
    let rig = Rig::of_three_days().await;
    let entries = rig.of_supplier().await;
    rig.trail.lose(&entries[0]);
    assert_eq!(rig.verify().await, Err(Broken::Beheaded(1)));
    rig.nights(40).await;
    assert_eq!(rig.verify().await, Err(Broken::Beheaded(1)), "signing the rest does not cover it");
    rig.expire().await;
    assert_eq!(rig.verify().await, Err(Broken::Truncated { count: 3, missing: 3 }));
}

#[tokio::test]
async fn a_day_is_looked_at_once_and_what_is_kept_of_it_is_never_less() {
    let rig = Rig::of_three_days().await;
    rig.nights(40).await;
    let before = rig.kept.checkpoints.lock().unwrap().clone();
    assert_eq!(
        rig.trail.looked_at.lock().unwrap().len(),
        3,
        "no night looks at what an earlier one has signed"
    );
    rig.expire().await;
    // Somebody removed the record: every day is looked at anew, and there is less to be seen.
    rig.world.store.save_record("audit/let-go", None).await.unwrap();
    rig.nights(2).await;
    assert_eq!(*rig.kept.checkpoints.lock().unwrap(), before);
    assert_eq!(rig.verify().await, Ok(()));
}

#[tokio::test]
async fn a_failure_is_told_after_the_comparison_and_the_next_night_tries_again() {
    let rig = Rig::of_three_days().await;
    rig.nights(24).await;
    *rig.trail.away.lock().unwrap() = true;
    rig.world.time.pass(DAY);
    let compared = rig.counted("Comparisons");
    assert_eq!(rig.compare(json!("all")).await, Err(Code::TrailNotSigned));
    assert_eq!(rig.counted("Comparisons"), compared + 1, "both sides were compared all the same");
    assert!(rig.record().await.is_some());
    *rig.trail.away.lock().unwrap() = false;
    rig.nights(1).await;
    rig.expire().await;
    assert_eq!((rig.verify().await, rig.runs().len()), (Ok(()), 2));
}

#[tokio::test]
async fn what_expires_unsigned_is_named() {
    let rig = Rig::of_three_days().await;
    rig.world.time.pass(DAY * 57 / 2);
    rig.expire().await;
    assert_eq!(rig.of_supplier().await.len(), 2);
    rig.nights(1).await;
    assert_eq!(rig.verify().await, Err(Broken::Beheaded(1)));
}

#[tokio::test]
async fn an_entry_that_was_altered_is_not_signed() {
    let rig = Rig::of_three_days().await;
    let entries = rig.of_supplier().await;
    let forged = AuditEntry { message: "never".to_owned(), ..entries[1].clone() };
    *rig.trail.forged.lock().unwrap() = Some(forged);
    rig.nights(40).await;
    assert_eq!(rig.verify().await, Err(Broken::Altered(2)));
    rig.expire().await;
    assert_eq!(rig.verify().await, Err(Broken::Truncated { count: 3, missing: 2 }));
}

#[tokio::test]
async fn a_part_signs_nothing_and_neither_does_a_trail_that_is_kept_for_good() {
    let rig = Rig::of_three_days().await;
    rig.world.time.pass(DAY * 40);
    rig.compare(json!(["suppliers"])).await.unwrap();
    *rig.trail.kept.lock().unwrap() = None;
    rig.nights(1).await;
    assert!(rig.kept.checkpoints.lock().unwrap().is_empty());
}
