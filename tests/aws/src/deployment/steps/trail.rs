//! What expires of the audit trail is signed before it goes, and the program tells it from what somebody took out.

use super::Run;
use crate::Failure;
use serde_json::{Value, json};

/// A day whose attempts would expire any moment, had there been any.
const DAY: &str = "2026-01-05";

impl Run {
    pub(super) fn trail(&mut self) -> Result<String, Failure> {
        let (due, other) = (self.poison_of(0)?, self.poison_of(1)?);
        let entries = self.entries(&due)?;
        self.move_to(DAY, &due, &entries)?;
        self.compare_all()?;
        let bucket = self.stack()?.output("CertificatesBucket")?;
        let get = json!({"Bucket": bucket, "Key": format!("checkpoints/audit-{DAY}.json")});
        let checkpoint: Value = self.emulator.call("s3", "get_object", &get.to_string())?;
        if !checkpoint["Body"].as_str().is_some_and(|text| text.contains(&due)) {
            return Err(Failure::new(format!("{due} is not in the checkpoint: {checkpoint}")));
        }
        self.is_whole()?;
        for entry in &entries {
            self.remove(&due, entry)?;
        }
        if !self.entries(&due)?.is_empty() {
            return Err(Failure::new(format!("attempts on {due} are there still")));
        }
        self.is_whole()?;
        let first = self.entries(&other)?;
        self.remove(&other, first.first().ok_or_else(|| Failure::new("it had no attempts"))?)?;
        let said = self.program(&["audit", "verify"]).err().map(|failure| failure.to_string());
        let said = said.ok_or_else(|| Failure::new("an attempt that was taken out is not missed"))?;
        if !said.contains(&format!("\"{other}\""))
            || !said.contains("1 entries at the beginning were taken out")
        {
            return Err(Failure::new(format!("it is not named: {said}")));
        }
        Ok(format!("{} attempts signed, expired and not missed", entries.len()))
    }

    fn poison_of(&self, place: usize) -> Result<String, Failure> {
        let order = self.poison.get(place).ok_or_else(|| Failure::new("there was no poison"))?;
        Ok(format!("SBODEMO_ACME/purchase_order/{order}"))
    }

    fn is_whole(&self) -> Result<(), Failure> {
        let verified = self.program(&["audit", "verify"])?;
        if verified["whole"] == true { Ok(()) } else { Err(Failure::new(format!("not whole: {verified}"))) }
    }

    /// What there is of the attempts on a document, oldest first.
    fn entries(&self, document: &str) -> Result<Vec<Value>, Failure> {
        let query = json!({
            "TableName": self.stack()?.output("AuditTable")?, "KeyConditionExpression": "#document = :document",
            "ExpressionAttributeNames": {"#document": "document"}, "ExpressionAttributeValues": {":document": {"S": document}},
        });
        let found = self.emulator.call("dynamodb", "query", &query.to_string())?;
        Ok(found["Items"].as_array().cloned().unwrap_or_default())
    }

    /// Makes them attempts of another day. The day is known at once with all of them, because a comparison may run meanwhile.
    fn move_to(&self, day: &str, document: &str, entries: &[Value]) -> Result<(), Failure> {
        let stack = self.stack()?;
        let mut known = Vec::new();
        for entry in entries {
            let outcome = entry["day"]["S"].as_str().and_then(|day| day.split_once('#'));
            let (_, outcome) = outcome.ok_or_else(|| Failure::new(format!("no day: {entry}")))?;
            known.push(format!("{day}#{outcome}"));
            let update = json!({
                "TableName": stack.output("AuditTable")?, "Key": {"document": {"S": document}, "at": entry["at"]},
                "UpdateExpression": "SET #day = :day", "ExpressionAttributeNames": {"#day": "day"},
                "ExpressionAttributeValues": {":day": {"S": known.last()}},
            });
            self.emulator.call("dynamodb", "update_item", &update.to_string())?;
        }
        known.sort();
        known.dedup();
        let month = format!("audit-days/{}", &day[..7]);
        let update = json!({
            "TableName": stack.output("StateTable")?, "Key": {"pk": {"S": month}}, "UpdateExpression": "ADD #days :days",
            "ExpressionAttributeNames": {"#days": "days"}, "ExpressionAttributeValues": {":days": {"SS": known}},
        });
        self.emulator.call("dynamodb", "update_item", &update.to_string()).map(drop)
    }

    fn remove(&self, document: &str, entry: &Value) -> Result<(), Failure> {
        let key = json!({"document": {"S": document}, "at": entry["at"]});
        let delete = json!({"TableName": self.stack()?.output("AuditTable")?, "Key": key});
        self.emulator.call("dynamodb", "delete_item", &delete.to_string()).map(drop)
    }
}
