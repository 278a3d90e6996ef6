//! Wires the function and runs it.

use pipeline::replay::Replay;
use std::sync::{Arc, atomic::AtomicBool};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let replay = Replay {
        company: stack.company(),
        queue: Arc::clone(&stack.queue) as _,
        state: Arc::clone(&stack.store) as _,
        audit: Arc::clone(&stack.store) as _,
        clock: Arc::clone(&stack.clock),
        random: Arc::clone(&stack.random),
        per_second: setup::documents_per_second(&stack.config),
        stopping: Arc::new(AtomicBool::new(false)),
    };
    functions::serve(|event, deadline| replay::handle(&replay, event, deadline)).await
}
