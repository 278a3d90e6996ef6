//! The passwords that the connector needs, and where they come from.

#[cfg(feature = "embedded")]
mod file;

#[cfg(feature = "embedded")]
pub use file::SecretFile;

use secrecy::SecretString;
use std::{collections::BTreeMap, fmt};

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// The password of SAP's user.
    SapPassword,
    /// The secret of Coupa's OAuth client.
    CoupaClientSecret,
    /// What SAP's webhooks are signed with.
    WebhookKey,
    /// The key that takes its place, while both are good.
    WebhookKeyNext,
    /// What certificates and checkpoints are signed with: base64 of 32 bytes.
    SigningKey,
    /// The password of the user that logs in at the mail server.
    SmtpPassword,
    /// What our own notifications are signed with.
    NotificationKey,
}

impl SecretName {
    /// Every secret that there is.
    pub const ALL: [Self; 7] = [
        Self::SapPassword,
        Self::CoupaClientSecret,
        Self::WebhookKey,
        Self::WebhookKeyNext,
        Self::SigningKey,
        Self::SmtpPassword,
        Self::NotificationKey,
    ];

    /// Those without which nothing works.
    pub const NEEDED: [Self; 2] = [Self::SapPassword, Self::CoupaClientSecret];

    /// As in `b1-coupa secrets set sap-password`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SapPassword => "sap-password",
            Self::CoupaClientSecret => "coupa-client-secret",
            Self::WebhookKey => "webhook-key",
            Self::WebhookKeyNext => "webhook-key-next",
            Self::SigningKey => "signing-key",
            Self::SmtpPassword => "smtp-password",
            Self::NotificationKey => "notification-key",
        }
    }

    /// The environment variable that wins over the file.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::SapPassword => "B1_COUPA_SAP_PASSWORD",
            Self::CoupaClientSecret => "B1_COUPA_COUPA_CLIENT_SECRET",
            Self::WebhookKey => "B1_COUPA_WEBHOOK_KEY",
            Self::WebhookKeyNext => "B1_COUPA_WEBHOOK_KEY_NEXT",
            Self::SigningKey => "B1_COUPA_SIGNING_KEY",
            Self::SmtpPassword => "B1_COUPA_SMTP_PASSWORD",
            Self::NotificationKey => "B1_COUPA_NOTIFICATION_KEY",
        }
    }

    /// Reads [`Self::name`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|secret| secret.name() == text)
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why there is no secret. Never says a word of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A file can't be read or written.
    #[error("{file} can't be read or written: {reason}")]
    Io {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// Others than its owner can read the key.
    #[error("the key file {file} is open to others than its owner: run `chmod 600 '{file}'`")]
    KeyOpenToOthers {
        /// Which file.
        file: String,
    },
    /// The secrets are there, but not what decrypts them.
    #[error(
        "the secrets {file} can't be read without their key file {key}: put it back, or remove {file} and set the secrets anew"
    )]
    KeyMissing {
        /// The encrypted file.
        file: String,
        /// Where its key should be.
        key: String,
    },
    /// There is no key in the key file.
    #[error("the key file {file} holds no age identity")]
    KeyUnreadable {
        /// Which file.
        file: String,
    },
    /// The file isn't what we wrote, or belongs to another key.
    #[error(
        "the secrets {file} can't be decrypted with the key beside them: the file is damaged, or the key is another's"
    )]
    Undecipherable {
        /// Which file.
        file: String,
    },
    /// An empty secret is a slip.
    #[error("{0} is empty")]
    Empty(SecretName),
    /// Nobody has set it.
    #[error("{name} is not set: run `b1-coupa secrets set`, or set the environment variable {}", name.variable())]
    Missing {
        /// Which.
        name: SecretName,
    },
}

/// The secrets at hand. Shown with `{:?}`, only their names appear.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeMap<SecretName, SecretString>,
}

impl Secrets {
    /// The environment's secrets and, where one that is needed is missing there, those of the file at `path`. A file that isn't
    /// needed isn't touched; neither is an empty variable counted as a secret.
    #[cfg(feature = "embedded")]
    pub fn load(
        path: impl AsRef<std::path::Path>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SecretError> {
        let mut secrets = Self::from_env(env);
        let complete = SecretName::NEEDED.iter().all(|name| secrets.values.contains_key(name));
        if !complete && let Some(file) = SecretFile::open(path)? {
            for name in SecretName::ALL {
                if let (false, Some(value)) = (secrets.values.contains_key(&name), file.get(name)) {
                    secrets.values.insert(name, value.clone());
                }
            }
        }
        Ok(secrets)
    }

    /// The environment's secrets alone.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: SecretName| env(name.variable()).filter(|value| !value.is_empty());
        let values =
            SecretName::ALL.into_iter().filter_map(|name| Some((name, SecretString::from(value(name)?))));
        Self { values: values.collect() }
    }

    /// The secret, if anybody has set it.
    pub fn get(&self, name: SecretName) -> Option<&SecretString> {
        self.values.get(&name)
    }

    /// The secret, or an error that says how to set it.
    pub fn require(&self, name: SecretName) -> Result<&SecretString, SecretError> {
        self.get(name).ok_or(SecretError::Missing { name })
    }
}
