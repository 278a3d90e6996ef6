use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::{Mutex, PoisonError};

/// A small secret that all workers of one company share, such as SAP's session. Anybody reads it; it changes only from
/// the revision that was read, so that of two who want to change it one learns that the other was quicker.
#[async_trait]
pub trait SharedSecret: Send + Sync {
    /// What stands there, and its revision: 0 as long as nothing was ever saved.
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError>;

    /// Puts `value` in the place of what had this revision. `false` if somebody was quicker.
    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError>;

    /// Whether others than this process may be using what stands there, so that it must not be ended with the process.
    fn is_shared(&self) -> bool {
        true
    }
}

/// Where the shared secret is kept can't be reached. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what all workers share can't be read or written: {0}")]
pub struct SharedSecretError(pub String);

/// Shared by nobody but the tasks of this process, and gone with it.
#[derive(Default)]
pub struct LocalSecret(Mutex<(Option<SecretString>, u64)>);

#[async_trait]
impl SharedSecret for LocalSecret {
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.1 != revision {
            return Ok(false);
        }
        *held = (Some(value.clone()), revision + 1);
        Ok(true)
    }

    fn is_shared(&self) -> bool {
        false
    }
}

/// Where a password comes from. It may change while we run: whoever rotates it need not stop us.
#[async_trait]
pub trait Credential: Send + Sync {
    /// The password as last read.
    async fn get(&self) -> Result<SecretString, CredentialError>;

    /// The password as it is now, read anew: for when the other side has refused what [`Self::get`] gave.
    async fn read_again(&self) -> Result<SecretString, CredentialError>;
}

/// The place that keeps a password can't be reached, or has none. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// A password that stays as it is for as long as the process lives.
#[async_trait]
impl Credential for SecretString {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        Ok(self.clone())
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        Ok(self.clone())
    }
}
