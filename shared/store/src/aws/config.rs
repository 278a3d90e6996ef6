//! The SDK's settings, made once and shared by all clients.

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One try. Items are small, and a try that hangs costs a lease its time.
const TRY_TIMEOUT: Duration = Duration::from_secs(6);
/// All tries together.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Credentials, region, endpoint and HTTP client, as the environment says (`AWS_REGION`, `AWS_ENDPOINT_URL` and the
/// like).
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    /// Reads the environment, or the files under `~/.aws`.
    pub async fn from_env() -> Self {
        // The library of TLS that everything else here uses: a second one would be patched by nobody.
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(TRY_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .load()
            .await;
        Self { config }
    }

    /// These settings, in place of the environment's.
    pub fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    /// For further clients of the SDK.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of DynamoDB.
    pub fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// A client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// A client of Secrets Manager.
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }
}
