//! Wires the function and runs it.

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata as _},
};
use certificate::File;
use reconcile::{Folder, Reconciler};
use store::SecretName;

/// The folder `certificates/` of the stack's bucket.
struct Bucket {
    client: Client,
    name: String,
}

#[async_trait]
impl Folder for Bucket {
    async fn keep(&self, file: &File, media_type: &str) -> Result<String, String> {
        let key = format!("certificates/{}", file.name);
        let put = self.client.put_object().bucket(&self.name).key(&key).content_type(media_type);
        let sent = put.body(file.text.clone().into_bytes().into()).send().await;
        sent.map_err(|error| match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => DisplayErrorContext(error).to_string(),
        })?;
        Ok(format!("s3://{}/{key}", self.name))
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
        figures: stack.figures(),
        config: stack.config,
    };
    functions::serve(|event, deadline| reconciler.handle(event, deadline)).await
}
