use async_trait::async_trait;
use model::{Credential, CredentialError};
use secrecy::SecretString;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use store::{SecretError, SecretFile, SecretName};

/// A secret of the environment, or else of the encrypted file. The file is read again when asked to: so a key can be changed
/// while the process runs.
pub struct StoredKey {
    name: SecretName,
    file: PathBuf,
    variable: fn(&str) -> Option<String>,
    /// As last read.
    held: Mutex<Option<SecretString>>,
}

impl StoredKey {
    /// Not read yet.
    pub fn new(name: SecretName, file: &Path, variable: fn(&str) -> Option<String>) -> Self {
        Self { name, file: file.to_owned(), variable, held: Mutex::default() }
    }

    fn read(&self) -> Result<SecretString, SecretError> {
        if let Some(value) = (self.variable)(self.name.variable()).filter(|value| !value.is_empty()) {
            return Ok(SecretString::from(value));
        }
        let file = SecretFile::open(&self.file)?;
        file.as_ref()
            .and_then(|file| file.get(self.name))
            .cloned()
            .ok_or(SecretError::Missing { name: self.name })
    }

    fn held(&self) -> Option<SecretString> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Credential for StoredKey {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        match self.held() {
            Some(secret) => Ok(secret),
            None => self.read_again().await,
        }
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        let read = self.read();
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = read.as_ref().ok().cloned();
        read.map_err(|error| CredentialError(error.to_string()))
    }
}
