//! Wires the function and runs it.

use std::sync::Arc;
use store::SecretName;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let keys = [SecretName::WebhookKey, SecretName::WebhookKeyNext].map(|name| stack.secret(name.name()));
    let (clock, random) = (Arc::clone(&stack.clock), Arc::clone(&stack.random));
    let webhook = setup::webhook(&stack.config, keys.to_vec(), Arc::clone(&stack.queue) as _, clock, random);
    let figures = stack.figures();
    functions::serve(|event, deadline| webhook::handle(&webhook, &figures, event, deadline)).await
}
