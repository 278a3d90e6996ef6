//! The nightly comparison: what drifted is told by certificate, figure and record, until it is mended.

use super::{POLLED, Run, SOON};
use crate::{Failure, program, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// A comparison as `status` tells of it.
fn compared(status: &Value) -> (Option<u64>, Option<String>) {
    let last = &status["reconciled"];
    (last["differences"].as_u64(), last["certificate"].as_str().map(str::to_owned))
}

impl Run {
    /// No poll sees it: it has no new stamp, and since the update polls are an hour apart.
    pub(super) fn drift(&mut self) -> Result<String, Failure> {
        let (order, number) = self.world.order(&self.any_supplier()?, "EUR")?;
        self.poll("purchase_orders")?;
        self.order_arrives(&number, SOON)?;
        self.queues_empty_within(SOON)?;
        self.world.in_currency(order, "USD")?;
        let found = || self.status().is_ok_and(|status| compared(&status).0 == Some(1));
        if !wait::at_most(POLLED, Duration::from_secs(2), found) {
            return Err(Failure::new(format!("no comparison found it: {}", self.status()?["reconciled"])));
        }
        let (_, kept) = compared(&self.status()?);
        let certificate = self.certificate(&kept.unwrap_or_default())?;
        let difference = &certificate["differences"][0];
        if difference["number"] != number || difference["object"] != "purchase_orders" {
            return Err(Failure::new(format!("the certificate tells of another: {difference}")));
        }
        self.counted("\"Differences\":1,\"Object\":\"purchase_orders\"")?;
        self.drift_is_told()?;
        self.world.in_currency(order, "EUR")?;
        Ok(format!("order {number}"))
    }

    pub(super) fn balance(&mut self) -> Result<String, Failure> {
        self.compare_all()?;
        let function = self.stack()?.output("ReconcileFunction")?;
        let (differences, kept) = compared(&self.status()?);
        if differences != Some(0) {
            return Err(Failure::new(format!("status still tells of {differences:?} differences")));
        }
        let certificate = self.certificate(&kept.unwrap_or_default())?;
        self.counted("\"Comparisons\":1")?;
        let strange =
            json!({"FunctionName": function, "Payload": json!({"objects": ["Orders"]}).to_string()});
        let refused = self.emulator.call("lambda", "invoke", &strange.to_string())?;
        if refused["Payload"]["errorType"] != "BC-0507" {
            return Err(Failure::new(format!("a strange event was answered {refused}")));
        }
        let objects = certificate["objects"].as_object().map_or(0, serde_json::Map::len);
        Ok(format!("{objects} objects, in balance"))
    }

    /// Both sides, which must be in balance.
    pub(super) fn compare_all(&self) -> Result<(), Failure> {
        let function = self.stack()?.output("ReconcileFunction")?;
        let event = json!({"objects": "all"}).to_string();
        let invoke = json!({"FunctionName": function, "Payload": event}).to_string();
        let answer = self.emulator.call("lambda", "invoke", &invoke)?;
        if answer["Payload"]["in_balance"] == true {
            return Ok(());
        }
        Err(Failure::new(format!("not in balance: {answer}")))
    }

    /// Downloads both files of a certificate, has the program verify them, and answers what is certified.
    fn certificate(&self, kept: &str) -> Result<Value, Failure> {
        let bucket = self.stack()?.output("CertificatesBucket")?;
        let key = kept.strip_prefix(&format!("s3://{bucket}/"));
        let key = key.ok_or_else(|| Failure::new(format!("{kept} is not in {bucket}")))?;
        let mut certificate = Value::Null;
        for ending in ["html", "json"] {
            let key = key.replace(".json", &format!(".{ending}"));
            let get = json!({"Bucket": bucket, "Key": key}).to_string();
            let object = self.emulator.call("s3", "get_object", &get)?;
            let text = object["Body"].as_str().unwrap_or_default();
            let file = self.folder.path().join(format!("certificate.{ending}"));
            std::fs::write(&file, text)?;
            let verdict = self.program(&["reconcile", "verify", &file.to_string_lossy()])?;
            if verdict["genuine"] != true || verdict["own_key"] != true {
                return Err(Failure::new(format!("{key} is not genuine: {verdict}")));
            }
            certificate = serde_json::from_str(text).unwrap_or_default();
        }
        Ok(certificate["certificate"].clone())
    }

    fn status(&self) -> Result<Value, Failure> {
        self.program(&["status"])
    }

    pub(super) fn program(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let mut command = program::on_stack(&self.tools, &self.folder.path().join("config"));
        self.emulator.prepare(&mut command);
        command.args(arguments);
        Ok(serde_json::from_str(&crate::tools::run(command, &arguments.join(" "))?)?)
    }

    /// Whether the function wrote a figure as CloudWatch reads it.
    fn counted(&self, figure: &str) -> Result<(), Failure> {
        let ask = json!({"logGroupName": "/aws/lambda/b1-coupa-test-reconcile"}).to_string();
        let there = || {
            let lines = self.emulator.call("logs", "filter_log_events", &ask).unwrap_or_default();
            let lines = lines["events"].as_array().cloned().unwrap_or_default();
            let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
            lines.iter().map(text).any(|line| line.contains("CloudWatchMetrics") && line.contains(figure))
        };
        if wait::at_most(SOON, Duration::from_secs(1), there) {
            return Ok(());
        }
        Err(Failure::new(format!("no line in the log holds {figure}")))
    }
}
