//! Documents that fail for good, and their way back.

use super::{POLLED, Run, SOON};
use crate::{Failure, wait};
use serde_json::{Value, json};
use std::time::Duration;

impl Run {
    pub(super) fn poison(&mut self) -> Result<String, Failure> {
        self.listen()?;
        let supplier = self.any_supplier()?;
        for _ in 0..3 {
            self.poison.push(self.world.order(&supplier, "$$")?.0);
        }
        let (_, fine) = self.world.order(&supplier, "EUR")?;
        self.world.supplier("V-AFTER")?;
        self.order_arrives(&fine, POLLED)?;
        let dead = self.dead_letter()?;
        let attributes = &dead["MessageAttributes"];
        for name in ["error_code", "class", "document", "attempts"] {
            if !attributes[name]["StringValue"].is_string() {
                return Err(Failure::new(format!("the dead letter has no attribute {name}: {dead}")));
            }
        }
        let text = |name: &str| attributes[name]["StringValue"].as_str().unwrap_or_default();
        let ours = |poison: &i64| text("document").ends_with(&format!("/{poison}"));
        if text("error_code") != "BC-0303" || !self.poison.iter().any(ours) {
            return Err(Failure::new(format!("the dead letter is another's: {dead}")));
        }
        Ok(format!("{} {} {}", text("error_code"), text("class"), text("document")))
    }

    /// No poll comes near: since the update, they are an hour apart.
    pub(super) fn redrive(&mut self) -> Result<String, Failure> {
        for poison in &self.poison {
            self.world.in_currency(*poison, "EUR")?;
        }
        let source = self.stack()?.output("DeadLetterQueueArn")?.to_owned();
        let without = self.move_messages(&json!({"SourceArn": source}))?;
        if without["FailureReason"] != "CouldNotDetermineMessageSource" {
            return Err(Failure::new(format!("a redrive without destination went through: {without}")));
        }
        let destination = self.stack()?.output("LiveQueueArn")?;
        let moved = self.move_messages(&json!({"SourceArn": source, "DestinationArn": destination}))?;
        if moved["Status"] != "COMPLETED" {
            return Err(Failure::new(format!("the redrive failed: {moved}")));
        }
        self.in_step_within(SOON)?;
        Ok(format!("{} messages moved", moved["ApproximateNumberOfMessagesMoved"]))
    }

    fn dead_letter(&self) -> Result<Value, Failure> {
        let receive = json!({
            "QueueUrl": self.stack()?.output("DeadLetterQueueUrl")?, "MessageAttributeNames": ["All"],
            "VisibilityTimeout": 0, "MaxNumberOfMessages": 10,
        });
        let receive = receive.to_string();
        let one = || self.emulator.call("sqs", "receive_message", &receive).ok()?["Messages"].get(0).cloned();
        wait::at_most(SOON, Duration::from_millis(500), || one().is_some());
        one().ok_or_else(|| Failure::new("the dead-letter queue stayed empty"))
    }

    fn move_messages(&self, request: &Value) -> Result<Value, Failure> {
        self.emulator.call("sqs", "start_message_move_task", &request.to_string())?;
        let list = json!({"SourceArn": request["SourceArn"]}).to_string();
        Ok(self.emulator.call("sqs", "list_message_move_tasks", &list)?["Results"][0].clone())
    }
}
