//! Wires the function and runs it.

use std::sync::Arc;
use sync::Sync;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let pipeline = stack.pipeline()?;
    let sync = Sync { pipeline, queue: Arc::clone(&stack.queue), figures: stack.figures() };
    functions::serve(|event, deadline| sync.handle(event, deadline)).await
}
