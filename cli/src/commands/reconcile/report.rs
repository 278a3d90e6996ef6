use crate::output::{Look, Report, Table};
use pipeline::reconcile::{Balance, Difference};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::path::PathBuf;

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
        let rows = sides.rows();
        for (at, row) in rows.iter().enumerate() {
            let sum = |sum: Decimal| row.currency.map_or(String::new(), |_| sum.to_string());
            table.row([
                object.clone(),
                row.status.to_owned(),
                row.currency.unwrap_or_default().to_owned(),
                row.sap.0.to_string(),
                row.coupa.0.to_string(),
                sum(row.sap.1),
                sum(row.coupa.1),
                if at == 0 { sides.not_ours.to_string() } else { String::new() },
            ]);
        }
        if rows.is_empty() {
            table.row([object, "", "", "0", "0", "", "", &sides.not_ours.to_string()]);
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
            difference.kind.words().to_owned(),
            difference.object.clone(),
            difference.supplier.clone(),
            difference.number.clone(),
            values.collect::<Vec<_>>().join("; "),
        ]);
    }
    table.text()
}
