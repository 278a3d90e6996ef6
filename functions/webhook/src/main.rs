//! Wires the function and runs it.

use pipeline::receive::{ReadAgain, Webhook};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let webhook = Webhook {
        company: stack.company(),
        objects: stack.config.sync.objects.iter().copied().collect(),
        scheme: webhook::scheme(&stack.config.webhook),
        keys: vec![stack.secret("webhook-key"), stack.secret("webhook-key-next")],
        queue: Arc::clone(&stack.queue) as _,
        clock: Arc::clone(&stack.clock),
        random: Arc::clone(&stack.random),
        read_again_at: ReadAgain::default(),
    };
    let figures = stack.figures();
    functions::serve(|event, deadline| webhook::handle(&webhook, &figures, event, deadline)).await
}
