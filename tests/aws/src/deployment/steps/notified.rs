//! Who subscribes to the topic is told what people must mend: once, and one message for one cause.

use super::{POLLED, Run, SOON};
use crate::{Failure, wait};
use serde_json::{Value, json};
use std::time::Duration;

impl Run {
    /// Subscribes a queue to what the notifier tells, and to nothing else that comes by the topic.
    pub(super) fn listen(&mut self) -> Result<(), Failure> {
        let topic = self.stack()?.output("AlarmTopic")?.to_owned();
        let allowed = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }],
        });
        let create = json!({"QueueName": "told", "Attributes": {"Policy": allowed.to_string()}});
        let created = self.emulator.call("sqs", "create_queue", &create.to_string())?;
        created["QueueUrl"].as_str().unwrap_or_default().clone_into(&mut self.told);
        let ask = json!({"QueueUrl": self.told, "AttributeNames": ["QueueArn"]}).to_string();
        let queue = self.emulator.call("sqs", "get_queue_attributes", &ask)?;
        let filter = json!({"kind": ["digest"]}).to_string();
        let subscribe = json!({
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue["Attributes"]["QueueArn"],
            "Attributes": {"FilterPolicy": filter, "RawMessageDelivery": "true"},
        });
        self.emulator.call("sns", "subscribe", &subscribe.to_string()).map(drop)
    }

    /// The schedule fires every minute.
    pub(super) fn told(&mut self) -> Result<String, Failure> {
        // As alarms come.
        let plain = json!({"TopicArn": self.stack()?.output("AlarmTopic")?, "Message": "an alarm"});
        self.emulator.call("sns", "publish", &plain.to_string())?;
        let message = self.next_told(POLLED)?;
        let digest: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
        let codes = digest["codes"].as_array().cloned().unwrap_or_default();
        let count = self.poison.len();
        if codes.len() != 1 || codes[0]["code"] != "BC-0303" || codes[0]["count"] != count {
            return Err(Failure::new(format!("not one message of {count} documents: {digest}")));
        }
        if message["MessageAttributes"]["causes"]["StringValue"] != r#"["BC-0303"]"# {
            return Err(Failure::new(format!("nobody could filter by the cause: {message}")));
        }
        let known = || self.program(&["status"]).is_ok_and(|status| status["notified"]["sns"].is_string());
        if !wait::at_most(SOON, Duration::from_secs(1), known) {
            return Err(Failure::new("status does not say when people were told"));
        }
        if self.look_for_news()? || self.look_for_news()? {
            return Err(Failure::new("it was told again"));
        }
        match self.receive_told()? {
            None => Ok(digest["subject"].as_str().unwrap_or_default().to_owned()),
            Some(again) => Err(Failure::new(format!("it was told again: {again}"))),
        }
    }

    /// What a comparison found is told once it has settled; there is no schedule of looks any more since the update.
    pub(super) fn drift_is_told(&self) -> Result<(), Failure> {
        let told = || self.look_for_news().unwrap_or_default();
        if !wait::at_most(POLLED, Duration::from_secs(5), told) {
            return Err(Failure::new("no look found the drift to be news"));
        }
        let causes = self.next_told(SOON)?["MessageAttributes"]["causes"]["StringValue"].clone();
        if causes != r#"["drift"]"# {
            return Err(Failure::new(format!("{causes} was told, not the drift")));
        }
        Ok(())
    }

    /// Whether anything was told.
    fn look_for_news(&self) -> Result<bool, Failure> {
        let function = self.stack()?.output("NotifierFunction")?;
        let invoke = json!({"FunctionName": function, "Payload": json!({"tell": "news"}).to_string()});
        let answer = self.emulator.call("lambda", "invoke", &invoke.to_string())?;
        let told = answer["Payload"]["told"].as_bool();
        told.ok_or_else(|| Failure::new(format!("a look for news ended with {answer}")))
    }

    fn next_told(&self, longest: Duration) -> Result<Value, Failure> {
        let mut found = None;
        let there = || {
            found = self.receive_told().ok().flatten();
            found.is_some()
        };
        wait::at_most(longest, Duration::from_secs(1), there);
        found.ok_or_else(|| Failure::new("nobody was told"))
    }

    fn receive_told(&self) -> Result<Option<Value>, Failure> {
        let receive =
            json!({"QueueUrl": self.told, "MessageAttributeNames": ["All"], "VisibilityTimeout": 600});
        let received = self.emulator.call("sqs", "receive_message", &receive.to_string())?;
        Ok(received["Messages"].get(0).cloned())
    }
}
