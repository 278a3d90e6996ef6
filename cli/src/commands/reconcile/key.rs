use crate::{CliError, CliResult, commands::App, config::Config};
use certificate::Key;
use secrecy::SecretString;
use store::{SecretFile, SecretName};
use wire::SystemRandom;

/// The key that certificates and checkpoints are signed with: the environment's, the stack's, or that of the encrypted file,
/// where one is made when there is none.
pub(crate) async fn signing_key(app: &App, config: &Config) -> CliResult<Key> {
    Key::read(&text(app, config).await?).map_err(|error| {
        CliError::new(format!("the secret {} can't be used: {error}", SecretName::SigningKey))
            .help("Set it with `b1-coupa secrets set signing-key`.")
    })
}

#[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "a stack is found over the network"))]
async fn text(app: &App, config: &Config) -> CliResult<SecretString> {
    let name = SecretName::SigningKey;
    if let Some(value) = (app.variable)(name.variable()).filter(|value| !value.is_empty()) {
        return Ok(SecretString::from(value));
    }
    #[cfg(feature = "aws")]
    if let Some(stack) = app.find_stack(config).await? {
        return stack.secret(name).get().await.map_err(|error| {
            CliError::new(format!("the stack has no key to sign with: {error}")).help(
                "Add \"signing-key\" to its secret in Secrets Manager; `openssl rand -base64 32` makes one.",
            )
        });
    }
    own(config)
}

fn own(config: &Config) -> CliResult<SecretString> {
    let name = SecretName::SigningKey;
    let held = SecretFile::open(config.secrets_file())?;
    if let Some(key) = held.as_ref().and_then(|file| file.get(name)) {
        return Ok(key.clone());
    }
    let mut random = [0; 32];
    SystemRandom::fill_secret(&mut random)
        .map_err(|error| CliError::new(format!("no key to sign with can be made: {error}")))?;
    let key = Key::text(random);
    SecretFile::create_or_open(config.secrets_file())?.set(name, key.clone())?;
    Ok(key)
}
