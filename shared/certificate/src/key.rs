use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt, str::FromStr};

/// What certificates and checkpoints are signed with. It can't be printed.
pub struct Key(SigningKey);

/// What a signature is checked with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey(VerifyingKey);

/// A text that is no key. Never says a word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Ed25519 key is base64 of 32 bytes, such as `openssl rand -base64 32` prints")]
pub struct KeyError;

impl Key {
    /// From base64 of its 32 bytes.
    pub fn read(secret: &SecretString) -> Result<Self, KeyError> {
        Ok(Self(SigningKey::from_bytes(&bytes(secret.expose_secret())?)))
    }

    /// The text that [`Self::read`] takes, of 32 random bytes.
    pub fn text(random: [u8; 32]) -> SecretString {
        SecretString::from(STANDARD.encode(random))
    }

    /// Signs some bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// What others check with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public())
    }
}

impl PublicKey {
    /// Whether `signature` is good for `message`.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        VerifyingKey::from_bytes(&bytes(text)?).map(Self).map_err(|_| KeyError)
    }
}

fn bytes(text: &str) -> Result<[u8; 32], KeyError> {
    STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError)
}
