use super::{Look, Report, Table};
use crate::commands::Exit;
use model::{AuditOutcome, ObjectKind};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a run did to the documents of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SummaryRow {
    /// Coupa has a new document.
    pub created: u64,
    /// Coupa's document was changed.
    pub updated: u64,
    /// Coupa showed it already.
    pub unchanged: u64,
    /// It has no place in Coupa.
    pub not_applicable: u64,
    /// It changed in SAP where Coupa no longer lets it change.
    pub not_applied: u64,
    /// It ended in the dead letters.
    pub failed: u64,
    /// It waits, or is in the queue still.
    pub pending: u64,
    /// Calls to Coupa, those that look up many documents at once included.
    pub coupa_calls: u64,
}

impl SummaryRow {
    /// Documents that reached an end.
    pub const fn ended(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.not_applicable + self.not_applied + self.failed
    }

    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.not_applicable += other.not_applicable;
        self.not_applied += other.not_applied;
        self.failed += other.failed;
        self.pending += other.pending;
        self.coupa_calls += other.coupa_calls;
    }

    /// To two places; `None` where nothing ended.
    fn calls_per_document(&self) -> Option<Decimal> {
        let per = Decimal::from(self.coupa_calls).checked_div(Decimal::from(self.ended()))?;
        let mut per = per.round_dp(2);
        per.rescale(2);
        Some(per)
    }

    fn json(&self) -> Value {
        json!({
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "not_applicable": self.not_applicable,
            "not_applied": self.not_applied,
            "failed": self.failed,
            "pending": self.pending,
            "coupa_calls": self.coupa_calls,
            "coupa_calls_per_document": self.calls_per_document().and_then(|calls| calls.to_f64()),
        })
    }
}

/// What a run did, object by object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryTable {
    rows: BTreeMap<ObjectKind, SummaryRow>,
    duplicates: Option<u64>,
    /// Why the guardrail holds changes back, if it does.
    pub held_back: Option<String>,
}

impl SummaryTable {
    /// An empty table with a row for each of `objects`.
    pub fn new(objects: impl IntoIterator<Item = ObjectKind>) -> Self {
        let rows = objects.into_iter().map(|kind| (kind, SummaryRow::default())).collect();
        Self { rows, duplicates: None, held_back: None }
    }

    /// The row of an object.
    pub fn row(&mut self, kind: ObjectKind) -> &mut SummaryRow {
        self.rows.entry(kind).or_default()
    }

    /// Counts an attempt that ended. What will be tried again is counted only by its calls until it has ended.
    pub fn count(&mut self, kind: ObjectKind, outcome: AuditOutcome, coupa_calls: u32) {
        let row = self.row(kind);
        row.coupa_calls += u64::from(coupa_calls);
        match outcome {
            AuditOutcome::Created => row.created += 1,
            AuditOutcome::Updated => row.updated += 1,
            AuditOutcome::Unchanged => row.unchanged += 1,
            AuditOutcome::NotApplicable => row.not_applicable += 1,
            AuditOutcome::NotApplied => row.not_applied += 1,
            AuditOutcome::Failed => row.failed += 1,
            AuditOutcome::Retry
            | AuditOutcome::Waiting
            | AuditOutcome::Unknown
            | AuditOutcome::Superseded => {}
        }
    }

    /// Calls that belong to no attempt that is counted: lookups of many documents, closes of orders.
    pub fn add_calls(&mut self, kind: ObjectKind, coupa_calls: u32) {
        self.row(kind).coupa_calls += u64::from(coupa_calls);
    }

    /// So many documents are twice in Coupa. Shown only where somebody has counted.
    pub fn set_duplicates(&mut self, duplicates: u64) {
        self.duplicates = Some(duplicates);
    }

    /// All rows together.
    pub fn total(&self) -> SummaryRow {
        self.rows.values().fold(SummaryRow::default(), |mut total, row| {
            total.add(row);
            total
        })
    }

    /// What `sync --once` and `backfill` end with.
    pub fn exit(&self) -> Exit {
        match self.total() {
            SummaryRow { failed: 1.., .. } => Exit::Failed,
            SummaryRow { pending: 1.., .. } => Exit::Pending,
            _ => Exit::Done,
        }
    }

    fn verdict(&self, look: &Look) -> String {
        let total = self.total();
        let mut lines = Vec::new();
        if total.failed > 0 {
            lines.push(look.bad(&format!(
                "{} failed. See `b1-coupa dead-letters list`; after mending the cause, `b1-coupa dead-letters redrive`.",
                total.failed
            )));
        }
        if total.pending > 0 {
            let text = format!("{} still waiting. See `b1-coupa status`.", total.pending);
            lines.push(look.warn(&text));
        }
        if let Some(duplicates @ 1..) = self.duplicates {
            lines.push(look.bad(&format!("{duplicates} documents are in Coupa twice.")));
        }
        if lines.is_empty() {
            lines.push(look.good("Coupa is in step with SAP."));
        }
        lines.join("\n")
    }
}

impl Report for SummaryTable {
    fn human(&self, look: &Look) -> String {
        let not_applied = self.total().not_applied > 0;
        let mut headings = vec!["", ">created", ">updated", ">unchanged", ">not applicable"];
        headings.extend(not_applied.then_some(">not applied"));
        headings.extend([">failed", ">pending", ">Coupa calls", ">per document"]);
        headings.extend(self.duplicates.map(|_| ">duplicates"));
        let mut table = Table::new(headings);
        let mut add = |name: &str, row: &SummaryRow, duplicates: Option<String>| {
            let number = |number: u64| number.to_string();
            let per = row.calls_per_document().map_or_else(|| "–".to_owned(), |per| per.to_string());
            let mut cells = vec![name.to_owned()];
            cells.extend([row.created, row.updated, row.unchanged, row.not_applicable].map(number));
            cells.extend(not_applied.then(|| number(row.not_applied)));
            cells.extend([row.failed, row.pending, row.coupa_calls].map(number));
            cells.push(per);
            cells.extend(duplicates);
            table.row(cells);
        };
        for (kind, row) in &self.rows {
            add(&kind.plural().replace('_', " "), row, self.duplicates.map(|_| String::new()));
        }
        add("all", &self.total(), self.duplicates.map(|count| count.to_string()));
        format!("{}\n\n{}", table.text(), self.verdict(look))
    }

    fn json(&self) -> Value {
        let objects: Map<_, _> =
            self.rows.iter().map(|(kind, row)| (kind.plural().to_owned(), row.json())).collect();
        let Value::Object(mut whole) = self.total().json() else { return Value::Null };
        whole.insert("objects".to_owned(), Value::Object(objects));
        if let Some(reason) = &self.held_back {
            whole.insert("held_back".to_owned(), reason.as_str().into());
        }
        if let Some(duplicates) = self.duplicates {
            whole.insert("duplicates".to_owned(), duplicates.into());
        }
        Value::Object(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, tz::TimeZone};

    fn look() -> Look {
        Look { colour: false, zone: TimeZone::UTC, now: Timestamp::UNIX_EPOCH }
    }

    fn table() -> SummaryTable {
        let mut table = SummaryTable::new([ObjectKind::Supplier, ObjectKind::Invoice]);
        table.count(ObjectKind::Supplier, AuditOutcome::Created, 1);
        table.count(ObjectKind::Invoice, AuditOutcome::Created, 2);
        table.count(ObjectKind::Invoice, AuditOutcome::Waiting, 1);
        table.count(ObjectKind::Invoice, AuditOutcome::Unchanged, 0);
        table.count(ObjectKind::Invoice, AuditOutcome::NotApplicable, 0);
        table.add_calls(ObjectKind::Invoice, 1);
        table
    }

    #[test]
    fn a_person_sees_columns_and_a_verdict() {
        let expected = "           \
             created  updated  unchanged  not applicable  failed  pending  Coupa calls  per document\n\
             ─────────  ───────  ───────  ─────────  ──────────────  ──────  ───────  ───────────  ────────────\n\
             suppliers        1        0          0               0       0        0            1          1.00\n\
             invoices         1        0          1               1       0        0            4          1.33\n\
             all              2        0          1               1       0        0            5          1.25\n\
             \n\
             Coupa is in step with SAP.";
        assert_eq!(table().human(&look()), expected);
    }

    #[test]
    fn a_machine_gets_objects_and_totals() {
        let mut table = table();
        table.row(ObjectKind::Invoice).pending = 3;
        table.set_duplicates(0);
        let json = table.json();
        let expected = json!({
            "created": 1, "updated": 0, "unchanged": 1, "not_applicable": 1, "not_applied": 0,
            "failed": 0, "pending": 3, "coupa_calls": 4, "coupa_calls_per_document": 1.33,
        });
        assert_eq!(json["objects"]["invoices"], expected);
        assert_eq!(
            (&json["pending"], &json["failed"], &json["duplicates"]),
            (&json!(3), &json!(0), &json!(0))
        );
        assert_eq!(SummaryTable::new([ObjectKind::Payment]).json()["coupa_calls_per_document"], Value::Null);
    }

    #[test]
    fn the_worst_decides_the_exit_code() {
        let mut table = table();
        assert_eq!(table.exit(), Exit::Done);
        table.row(ObjectKind::Invoice).pending = 1;
        assert_eq!(table.exit(), Exit::Pending);
        table.count(ObjectKind::Supplier, AuditOutcome::Failed, 1);
        assert_eq!(table.exit(), Exit::Failed);
        let text = table.human(&look());
        assert!(text.contains("1 failed. See `b1-coupa dead-letters list`"), "{text}");
        assert!(text.contains("1 still waiting"), "{text}");
    }

    #[test]
    fn rare_columns_come_when_needed() {
        assert!(!table().human(&look()).contains("duplicates"));
        let mut table = table();
        table.count(ObjectKind::Invoice, AuditOutcome::NotApplied, 0);
        table.set_duplicates(2);
        let text = table.human(&look());
        assert!(text.contains("not applied") && text.contains("2 documents are in Coupa twice"), "{text}");
    }
}
