//! Passwords in Secrets Manager, which may be rotated while we run.

use super::{Aws, dynamo::explain};
use crate::SecretName;
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, Credential, CredentialError};
use secrecy::SecretString;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Mutex;

/// Many who are refused at once ask Secrets Manager once. So long after that, its answer is still news.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// The version that counts, while a rotation prepares another.
const CURRENT: &str = "AWSCURRENT";

/// Where each secret is kept: its name or ARN in Secrets Manager.
#[derive(Clone)]
pub struct SecretsManager {
    client: Client,
    ids: BTreeMap<SecretName, String>,
    clock: Arc<dyn Clock>,
}

impl SecretsManager {
    /// Asks nothing yet.
    pub fn new(aws: &Aws, ids: BTreeMap<SecretName, String>, clock: Arc<dyn Clock>) -> Self {
        Self { client: aws.secrets(), ids, clock }
    }

    /// The secret's current version.
    pub async fn fetch(&self, name: SecretName) -> Result<SecretString, CredentialError> {
        let id = self
            .ids
            .get(&name)
            .ok_or_else(|| CredentialError(format!("no secret of Secrets Manager is named for {name}")))?;
        let request = self.client.get_secret_value().secret_id(id).version_stage(CURRENT);
        let output = request.send().await.map_err(|error| {
            CredentialError(format!("Secrets Manager did not give {name}: {}", explain(&error)))
        })?;
        let value = output.secret_string.filter(|value| !value.trim().is_empty());
        value.map(SecretString::from).ok_or_else(|| {
            CredentialError(format!(
                "{name} is empty in Secrets Manager: put its text there with put-secret-value"
            ))
        })
    }

    /// The secret, kept in memory once it has been read.
    pub fn credential(&self, name: SecretName) -> StoredSecret {
        StoredSecret { manager: self.clone(), name, read: Mutex::new(None) }
    }
}

/// One secret, read when first needed, and again when it turns out to be old.
pub struct StoredSecret {
    manager: SecretsManager,
    name: SecretName,
    read: Mutex<Option<(Timestamp, SecretString)>>,
}

impl StoredSecret {
    /// The lock is held while Secrets Manager is asked, so that those who come meanwhile wait for its answer.
    async fn not_older_than(&self, age: SignedDuration) -> Result<SecretString, CredentialError> {
        let mut read = self.read.lock().await;
        let now = self.manager.clock.now();
        if let Some((at, secret)) = read.as_ref()
            && now.duration_since(*at) < age
        {
            return Ok(secret.clone());
        }
        let secret = self.manager.fetch(self.name).await?;
        *read = Some((now, secret.clone()));
        Ok(secret)
    }
}

#[async_trait]
impl Credential for StoredSecret {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        self.not_older_than(SignedDuration::MAX).await
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        self.not_older_than(FRESH).await
    }
}
