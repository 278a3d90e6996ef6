use crate::Deadline;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use model::{Code, Failure};
use serde_json::Value;
use std::fmt::Display;

/// A failed invocation, as Lambda reports it: the type is the code.
#[derive(Debug)]
struct Coded(Failure);

impl From<Coded> for Diagnostic {
    fn from(Coded(failure): Coded) -> Self {
        Self { error_type: failure.code.number().to_owned(), error_message: failure.to_string() }
    }
}

/// The store did not do what it was asked.
pub fn store_failed(error: &dyn Display) -> Failure {
    Failure::new(Code::StoreFailed, error.to_string())
}

/// Asks Lambda for events for ever, and answers each.
pub async fn serve<F>(handle: impl Fn(Value, Deadline) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Value, Failure>>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let answer = handle(event.payload, Deadline::from_millis(event.context.deadline));
        async {
            answer.await.map_err(|failure| {
                tracing::error!(
                    code = failure.code.number(),
                    class = failure.class().name(),
                    reason = failure.message,
                    "the event was not worked off"
                );
                Coded(failure)
            })
        }
    }))
    .await
}
