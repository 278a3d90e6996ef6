use crate::output::{Look, Report, Table};
use pipeline::reconcile::{Balance, Bucket, Difference, DifferenceKind};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::PathBuf};

/// So many differences are told on a terminal; the certificate has all.
const TOLD: usize = 50;

/// What a comparison found, and where it is certified.
pub(super) struct Compared {
    pub balance: Balance,
    pub json_file: PathBuf,
    pub page: PathBuf,
    /// How many documents were enqueued, where that was asked for.
    pub enqueued: Option<usize>,
}

impl Report for Compared {
    fn human(&self, look: &Look) -> String {
        let differences = &self.balance.differences;
        let mut lines = vec![sums(&self.balance), String::new()];
        if differences.is_empty() {
            lines.push(look.good("In balance: both sides show the same."));
        } else {
            lines.push(told(differences));
            if differences.len() > TOLD {
                lines.push(format!("… and {} more, all in the certificate", differences.len() - TOLD));
            }
            lines.push(String::new());
            lines.push(look.bad(&format!("Not in balance: {} differences.", differences.len())));
        }
        match self.enqueued {
            Some(count) => lines.push(format!(
                "{count} documents are in the queue: `b1-coupa sync --once` mends what Coupa lets change."
            )),
            None if !differences.is_empty() => {
                lines.push("`b1-coupa reconcile --repair` has them looked at again.".to_owned());
            }
            None => {}
        }
        lines.push(format!("Certificate: {}", self.page.display()));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "in_balance": self.balance.differences.is_empty(),
            "objects": self.balance.objects,
            "differences": self.balance.differences,
            "coupa_calls": self.balance.coupa_calls,
            "enqueued": self.enqueued,
            "certificate": {"json": self.json_file, "html": self.page},
        })
    }
}

fn sums(balance: &Balance) -> String {
    let mut table = Table::new([
        "object",
        "status",
        "currency",
        ">SAP",
        ">Coupa",
        ">sum in SAP",
        ">sum in Coupa",
        ">not ours",
    ]);
    for (object, sides) in &balance.objects {
        let key = |bucket: &Bucket| (bucket.status.clone(), bucket.currency.clone());
        let keys: BTreeSet<_> = sides.sap.iter().chain(&sides.coupa).map(key).collect();
        let of = |side: &[Bucket], wanted: &(String, Option<String>)| {
            let bucket = side.iter().find(|bucket| key(bucket) == *wanted);
            let sum =
                |bucket: &Bucket| bucket.currency.as_ref().map_or(String::new(), |_| bucket.sum.to_string());
            bucket.map_or(("0".to_owned(), String::new()), |bucket| (bucket.count.to_string(), sum(bucket)))
        };
        for (at, wanted) in keys.iter().enumerate() {
            let (sap, coupa) = (of(&sides.sap, wanted), of(&sides.coupa, wanted));
            let not_ours = if at == 0 { sides.not_ours.to_string() } else { String::new() };
            let currency = wanted.1.clone().unwrap_or_default();
            table.row([object.clone(), wanted.0.clone(), currency, sap.0, coupa.0, sap.1, coupa.1, not_ours]);
        }
        if keys.is_empty() {
            let none = || "0".to_owned();
            let blank = String::new;
            table.row([
                object.clone(),
                blank(),
                blank(),
                none(),
                none(),
                blank(),
                blank(),
                sides.not_ours.to_string(),
            ]);
        }
    }
    table.text()
}

fn told(differences: &[Difference]) -> String {
    let mut table = Table::new(["difference", "object", "supplier", "number", "what"]);
    for difference in differences.iter().take(TOLD) {
        let values = difference
            .values
            .iter()
            .map(|value| format!("{}: SAP `{}`, Coupa `{}`", value.field, value.sap, value.coupa));
        table.row([
            words(difference.kind).to_owned(),
            difference.object.clone(),
            difference.supplier.clone(),
            difference.number.clone(),
            values.collect::<Vec<_>>().join("; "),
        ]);
    }
    table.text()
}

const fn words(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Missing => "missing in Coupa",
        DifferenceKind::Extra => "not in SAP",
        DifferenceKind::Doubled => "doubled",
        DifferenceKind::Different => "different",
    }
}
