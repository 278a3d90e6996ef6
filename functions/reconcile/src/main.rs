//! Wires the function and runs it.

use async_trait::async_trait;
use aws_sdk_s3::{
    Client, error::ProvideErrorMetadata as _, operation::put_object::builders::PutObjectFluentBuilder,
};
use certificate::{CHECKPOINTS, File};
use reconcile::{Folder, Reconciler};
use std::sync::Arc;
use store::{SecretName, aws::explain};

/// The stack's bucket. Certificates and checkpoints each have a folder in it.
struct Bucket {
    client: Client,
    name: String,
}

#[async_trait]
impl Folder for Bucket {
    async fn keep(&self, file: &File, media_type: &str) -> Result<String, String> {
        let key = format!("certificates/{}", file.name);
        let put = self.put(&key, file).content_type(media_type);
        put.send().await.map_err(|error| explain(&error))?;
        Ok(format!("s3://{}/{key}", self.name))
    }

    async fn keep_once(&self, file: &File) -> Result<bool, String> {
        let put = self.put(&format!("{CHECKPOINTS}{}", file.name), file).content_type("application/json");
        match put.if_none_match("*").send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(explain(&error)),
        }
    }
}

impl Bucket {
    fn put(&self, key: &str, file: &File) -> PutObjectFluentBuilder {
        self.client.put_object().bucket(&self.name).key(key).body(file.text.clone().into_bytes().into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), functions::Error> {
    let stack = functions::start().await?;
    let name = stack.names.certificates_bucket.clone();
    let name = name.ok_or("no bucket is named: deploy the template of this version anew")?;
    let bucket = Bucket { client: Client::new(stack.aws.config()), name };
    let reconciler = Reconciler {
        pipeline: stack.pipeline()?,
        signing_key: stack.secret(SecretName::SigningKey.name()),
        folder: Box::new(bucket),
        trail: Arc::clone(&stack.store) as _,
        figures: stack.figures(),
        config: stack.config,
    };
    functions::serve(|event, deadline| reconciler.handle(event, deadline)).await
}
