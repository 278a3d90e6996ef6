//! Wires the function and runs it.

use async_trait::async_trait;
use aws_sdk_sns::{Client, types::MessageAttributeValue};
use notifier::{Attribute, Notification, Notifier, Topic};
use std::sync::Arc;
use store::aws::explain;

/// The stack's topic.
struct StackTopic {
    client: Client,
    arn: String,
}

#[async_trait]
impl Topic for StackTopic {
    async fn publish(&self, notification: &Notification) -> Result<(), String> {
        let Notification { subject, body, attributes } = notification;
        let mut publish = self.client.publish().topic_arn(&self.arn).subject(subject).message(body);
        publish = publish.message_structure("json");
        for Attribute { name, data_type, value } in attributes {
            let value = MessageAttributeValue::builder().data_type(*data_type).string_value(value).build();
            publish = publish.message_attributes(*name, value.map_err(|error| error.to_string())?);
        }
        publish.send().await.map(drop).map_err(|error| explain(&error))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let arn =
        stack.names.topic_arn.clone().ok_or("no topic is named: deploy the template of this version anew")?;
    let notifier = Notifier {
        state: Arc::clone(&stack.store) as _,
        session: Arc::new(stack.store.shared_secret(&setup::session_cell(&stack.config))),
        company: stack.company(),
        pause: stack.config.notifications.pause.to_signed(),
        clock: Arc::clone(&stack.clock),
        topic: Box::new(StackTopic { client: Client::new(stack.aws.config()), arn }),
    };
    functions::serve(|event, _deadline| notifier.handle(event)).await
}
