//! A stack on AWS, as the operator's commands see it: its tables and queues in place of the file, its poller in place of ours.

mod bucket;
mod watch;

pub use watch::Watch;

use crate::{CliError, CliResult, books::Books};
use aws_sdk_lambda::{
    Client, operation::get_function_configuration::GetFunctionConfigurationOutput, primitives::Blob,
};
use model::{Clock, Credential, Random};
use serde_json::Value;
use setup::Config;
use std::{collections::BTreeMap, sync::Arc};
use store::{
    SecretName,
    aws::{Aws, AwsStore, SecretMember, SecretsManager, SqsQueue, StackNames},
};

/// A deployed stack.
pub struct Stack {
    name: String,
    aws: Aws,
    lambda: Client,
    names: StackNames,
    queue: Arc<SqsQueue>,
    store: Arc<AwsStore>,
    secret: Arc<dyn Credential>,
    /// Where its workers share the SAP session.
    session_cell: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Stack {
    /// Finds the stack's parts by what its poller was told about them: the template names that function after the stack.
    pub async fn find(
        name: &str,
        config: &Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> CliResult<Self> {
        let aws = Aws::from_env().await;
        let lambda = Client::new(aws.config());
        let names = names(&lambda, name).await?;
        let settings = names.store_settings(config.sap.company_db.clone());
        let urls = names.queue_urls();
        let ids = BTreeMap::from([(SecretName::SapPassword, names.secret_arn.clone())]);
        let secret = SecretsManager::new(&aws, ids, Arc::clone(&clock)).credential(SecretName::SapPassword);
        Ok(Self {
            queue: Arc::new(SqsQueue::new(&aws, urls, Arc::clone(&clock), Arc::clone(&random))),
            store: Arc::new(AwsStore::new(&aws, settings, Arc::clone(&clock), random)),
            secret: Arc::new(secret),
            session_cell: setup::session_cell(config),
            name: name.to_owned(),
            aws,
            lambda,
            names,
            clock,
        })
    }

    /// The stack's queues and tables.
    pub fn books(&self) -> Books {
        Books {
            queue: Arc::clone(&self.queue) as _,
            state: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.store) as _,
            ledger: Arc::clone(&self.store) as _,
            sap_session: Some(Arc::new(self.store.shared_secret(&self.session_cell))),
            file: None,
        }
    }

    /// The tables alone, with what all workers of the stack share.
    pub fn store(&self) -> &AwsStore {
        &self.store
    }

    /// One of the stack's passwords.
    pub fn secret(&self, name: SecretName) -> Arc<dyn Credential> {
        Arc::new(SecretMember::new(Arc::clone(&self.secret), name.name()))
    }

    /// Has the poller do what `event` says, and waits for its answer.
    pub async fn poll(&self, event: &Value) -> CliResult<Value> {
        let function = &self.names.poller_function;
        let payload = Blob::new(event.to_string());
        let answer = self.lambda.invoke().function_name(function).payload(payload).send().await;
        let answer = answer.map_err(|error| not_reached(function, &error))?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if answer.function_error.is_none() {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(CliError::new(format!("{function} failed: {} {}", text("errorType"), text("errorMessage"))).help(
            "Run `b1-coupa check` with the same --stack, which tries every part of the way. The function's log says more: \
             `sam logs`, or the saved queries in CloudWatch.",
        ))
    }

    /// Has SQS put the copies of dead letters back into the queue of changes. Those that a function itself has put there have no
    /// source queue, so the destination is always named.
    pub async fn move_copies_back(&self) -> CliResult<()> {
        Ok(self.queue.move_dead_letters_back().await?)
    }
}

async fn names(lambda: &Client, stack: &str) -> CliResult<StackNames> {
    let variables = told(lambda, format!("{stack}-poller")).await?;
    Ok(StackNames::read(|name| variables.get(name).cloned())?)
}

/// What the template has told this function.
async fn told(lambda: &Client, function: String) -> CliResult<BTreeMap<String, String>> {
    let answer = lambda.get_function_configuration().function_name(&function).send().await;
    answer.map(variables).map_err(|error| not_reached(&function, &error))
}

fn variables(answer: GetFunctionConfigurationOutput) -> BTreeMap<String, String> {
    let variables = answer.environment.and_then(|environment| environment.variables);
    variables.unwrap_or_default().into_iter().collect()
}

fn not_reached<E: std::error::Error + aws_sdk_lambda::error::ProvideErrorMetadata>(
    function: &str,
    error: &aws_sdk_lambda::error::SdkError<E>,
) -> CliError {
    use aws_sdk_lambda::error::ProvideErrorMetadata as _;
    let what = error.message().map_or_else(|| error.to_string(), str::to_owned);
    let help = match error.code() {
        Some("ResourceNotFoundException") => {
            "Give the name that the stack was deployed under, and check region and account (`aws sts get-caller-identity`)."
        }
        Some("AccessDeniedException") => "docs/aws.md lists the rights that the operator's commands need.",
        _ => "Check credentials, region and network: `aws sts get-caller-identity` must answer.",
    };
    CliError::new(format!("the function {function} can't be used: {what}")).help(help)
}

impl From<store::aws::NameError> for CliError {
    fn from(error: store::aws::NameError) -> Self {
        Self::new(error.to_string())
    }
}
