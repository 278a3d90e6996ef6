//! Wires the poller and runs it.

use async_trait::async_trait;
use aws_sdk_lambda::{Client, primitives::Blob, types::InvocationType};
use notify::{System, Watch};
use poller::{Again, Poller};
use serde_json::Value;

/// This function, invoked over the API.
struct Itself {
    client: Client,
    name: String,
}

#[async_trait]
impl Again for Itself {
    async fn invoke(&self, payload: &Value) -> Result<(), String> {
        let invoke = self.client.invoke().function_name(&self.name).invocation_type(InvocationType::Event);
        let sent = invoke.payload(Blob::new(payload.to_string())).send().await;
        sent.map(drop).map_err(|error| format!("{:?}", error.into_service_error()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let client = Client::new(stack.aws.config());
    let again = Itself { client, name: stack.names.poller_function.clone() };
    let figures = stack.figures();
    let poller = Poller {
        pipeline: stack.pipeline()?,
        again: Box::new(again),
        figures,
        config: stack.config,
        sap: Watch::over(System::Sap),
        coupa: Watch::over(System::Coupa),
    };
    functions::serve(|event, deadline| poller.handle(event, deadline)).await
}
