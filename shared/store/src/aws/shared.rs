//! Small values that change only from the revision that was read.

use super::{
    cursor::{REVISION, if_revision},
    dynamo::{Dynamo, unavailable},
    value::{get_number, get_text, number, text},
};
use crate::StoreError;
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use model::{SharedSecret, SharedSecretError};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;

const VALUE: &str = "value";

impl Dynamo {
    pub(super) async fn load_revised(&self, pk: &str) -> Result<(Option<String>, u64), StoreError> {
        let Some(item) = self.get(pk).await? else { return Ok((None, 0)) };
        let revision = get_number(&item, REVISION)?.unwrap_or_default();
        Ok((get_text(&item, VALUE).map(str::to_owned), revision))
    }

    /// `false` if somebody was quicker. So it is, too, where our own first try went through and its answer was lost: whoever
    /// reads again finds what it wanted to write.
    pub(super) async fn save_revised(
        &self,
        pk: &str,
        value: &str,
        revision: u64,
    ) -> Result<bool, StoreError> {
        let put = self.put(pk).item(VALUE, text(value)).item(REVISION, number(revision + 1));
        let put = if_revision(put, revision);
        self.meter.wrote(1);
        match self.patiently(|| put.clone().send()).await {
            Ok(output) => {
                self.meter.consumed(output.consumed_capacity());
                Ok(true)
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }
}

/// A [`SharedSecret`] in an item of its own.
pub struct StoredCell {
    dynamo: Arc<Dynamo>,
    pk: String,
}

impl StoredCell {
    pub(super) fn new(dynamo: Arc<Dynamo>, name: &str) -> Self {
        Self { dynamo, pk: format!("shared/{name}") }
    }
}

#[async_trait]
impl SharedSecret for StoredCell {
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError> {
        let (value, revision) = self.dynamo.load_revised(&self.pk).await.map_err(|error| failed(&error))?;
        Ok((value.map(SecretString::from), revision))
    }

    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError> {
        let saved = self.dynamo.save_revised(&self.pk, value.expose_secret(), revision).await;
        saved.map_err(|error| failed(&error))
    }
}

fn failed(error: &StoreError) -> SharedSecretError {
    SharedSecretError(error.to_string())
}
