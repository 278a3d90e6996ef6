//! Wires the function and runs it.

use std::sync::Arc;
use sync::Sync;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let pipeline = stack.pipeline()?;
    let coupa = notify::Watch::over(notify::System::Coupa);
    let sync = Sync { pipeline, queue: Arc::clone(&stack.queue), figures: stack.figures(), coupa };
    functions::serve(|event, deadline| sync.handle(event, deadline)).await
}
