//! The stack's bucket, as far as commands look into it: the checkpoints of the audit trail.

use super::{Stack, told};
use crate::{CliError, CliResult};
use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use certificate::CHECKPOINTS;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::error::Error;
use store::aws::explain;

/// Requests under way at once.
const AT_ONCE: usize = 16;

impl Stack {
    /// What was signed of the audit trail before it expired: name and text of each file.
    pub async fn checkpoints(&self) -> CliResult<Vec<(String, String)>> {
        let variables = told(&self.lambda, format!("{}-reconcile", self.name)).await?;
        let Some(bucket) = variables.get("B1_COUPA_CERTIFICATES_BUCKET") else {
            return Err(
                CliError::new("the stack names no bucket").help("Deploy the template of this version.")
            );
        };
        let client = Client::new(self.aws.config());
        let mut names = Vec::new();
        let mut pages = client.list_objects_v2().bucket(bucket).prefix(CHECKPOINTS).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(bucket, &error))?;
            names.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        let read = names.into_iter().map(|name| read(&client, bucket, name));
        stream::iter(read).buffered(AT_ONCE).try_collect().await
    }
}

async fn read(client: &Client, bucket: &str, name: String) -> CliResult<(String, String)> {
    let object = client.get_object().bucket(bucket).key(&name).send().await;
    let object = object.map_err(|error| failed(bucket, &error))?;
    let body = object.body.collect().await;
    let body = body.map_err(|error| CliError::new(format!("{name} broke off: {error}")))?.into_bytes();
    Ok((name, String::from_utf8_lossy(&body).into_owned()))
}

fn failed<E: ProvideErrorMetadata + Error + 'static>(bucket: &str, error: &SdkError<E>) -> CliError {
    CliError::new(format!("the bucket {bucket} can't be read: {}", explain(error)))
        .help("The policy that the stack's output `OperatorPolicy` names has the rights.")
}
