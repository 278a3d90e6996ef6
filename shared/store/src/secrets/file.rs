//! Secrets at rest: one file encrypted with `age`, and its key in a file beside it.

use super::{SecretError, SecretName};
use crate::private_file;
use age::x25519::Identity;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// The encrypted file. Its key is in a file of the same name with `.key` behind it, in the form that the `age`
/// program reads, too.
pub struct SecretFile {
    path: PathBuf,
    identity: Identity,
    /// By name; names that only a newer b1-coupa knows are kept as they are.
    values: BTreeMap<String, SecretString>,
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile")
            .field("path", &self.path)
            .field("names", &self.names())
            .finish_non_exhaustive()
    }
}

impl SecretFile {
    /// Opens the file. Where there is none yet, makes its key; the file itself comes with the first secret.
    pub fn create_or_open(path: impl AsRef<Path>) -> Result<Self, SecretError> {
        let path = path.as_ref();
        if let Some(file) = Self::open(path)? {
            return Ok(file);
        }
        let key = key_path(path);
        let identity = match read_key(&key)? {
            Some(identity) => identity,
            None => create_key(&key)?,
        };
        Ok(Self { path: path.to_owned(), identity, values: BTreeMap::new() })
    }

    /// Opens the file; `None` where there is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, SecretError> {
        let path = path.as_ref();
        let Some(encrypted) = read_if_there(path)? else { return Ok(None) };
        let key = key_path(path);
        let identity =
            read_key(&key)?.ok_or_else(|| SecretError::KeyMissing { file: show(path), key: show(&key) })?;
        let undecipherable = || SecretError::Undecipherable { file: show(path) };
        let plain = Zeroizing::new(age::decrypt(&identity, &encrypted).map_err(|_| undecipherable())?);
        // What serde has to say about the text might quote it.
        let values: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_| undecipherable())?;
        let values = values.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        Ok(Some(Self { path: path.to_owned(), identity, values }))
    }

    /// The secret, if it is in the file.
    pub fn get(&self, name: SecretName) -> Option<&SecretString> {
        self.values.get(name.name())
    }

    /// The names of the secrets in the file.
    pub fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    /// Keeps a secret. The file is replaced as a whole: a crash leaves the old one or the new one.
    pub fn set(&mut self, name: SecretName, value: SecretString) -> Result<(), SecretError> {
        if value.expose_secret().is_empty() {
            return Err(SecretError::Empty(name));
        }
        let mut values = self.values.clone();
        values.insert(name.name().to_owned(), value);
        self.write(&values)?;
        self.values = values;
        Ok(())
    }

    fn write(&self, values: &BTreeMap<String, SecretString>) -> Result<(), SecretError> {
        let exposed: BTreeMap<&str, &str> =
            values.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        let not_written = |reason: String| SecretError::Io { file: show(&self.path), reason };
        let plain = serde_json::to_vec(&exposed).map(Zeroizing::new);
        let plain = plain.map_err(|_| not_written("the secrets can't be put into words".to_owned()))?;
        let encrypted = age::encrypt(&self.identity.to_public(), &plain)
            .map_err(|_| not_written("the secrets can't be encrypted".to_owned()))?;
        private_file::replace(&self.path, &encrypted).map_err(|error| not_written(error.to_string()))
    }
}

fn key_path(path: &Path) -> PathBuf {
    let mut key = path.as_os_str().to_owned();
    key.push(".key");
    PathBuf::from(key)
}

/// The key, if there is one and nobody else can read it.
fn read_key(path: &Path) -> Result<Option<Identity>, SecretError> {
    match private_file::open_to_others(path) {
        Ok(true) => return Err(SecretError::KeyOpenToOthers { file: show(path) }),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path, &error)),
    }
    let Some(text) = read_if_there(path)?.map(Zeroizing::new) else { return Ok(None) };
    let identity = std::str::from_utf8(&text)
        .unwrap_or_default()
        .lines()
        .find(|line| !line.starts_with('#') && !line.trim().is_empty())
        .and_then(|line| line.trim().parse().ok());
    identity.map(Some).ok_or_else(|| SecretError::KeyUnreadable { file: show(path) })
}

/// Makes the key. It is never overwritten: without it, the secrets are gone.
fn create_key(path: &Path) -> Result<Identity, SecretError> {
    let identity = Identity::generate();
    let text = Zeroizing::new(format!(
        "# Decrypts the secrets of b1-coupa. Keep it private, and keep it.\n{}\n",
        identity.to_string().expose_secret()
    ));
    private_file::write_new(path, text.as_bytes()).map_err(|error| io_error(path, &error))?;
    Ok(identity)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, SecretError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path, &error)),
    }
}

fn io_error(path: &Path, error: &io::Error) -> SecretError {
    SecretError::Io { file: show(path), reason: error.to_string() }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
