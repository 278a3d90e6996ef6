//! WireGuard's keys: 32 bytes in base64, one of a pair kept in a file that only its owner can read.

use crate::{CliError, CliResult};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt, fs, path::Path, str::FromStr};
use x25519_dalek::{PublicKey as Point, StaticSecret};

/// The half of a key pair that may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        bytes(text).map(Self).ok_or_else(|| "a WireGuard key is 44 letters of base64".to_owned())
    }
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

fn public(private: [u8; 32]) -> PublicKey {
    PublicKey(Point::from(&StaticSecret::from(private)).to_bytes())
}

/// The public half of the private key in a file.
pub(super) fn read(file: &Path) -> CliResult<PublicKey> {
    let text = fs::read_to_string(file).map(SecretString::from).map_err(|error| {
        CliError::new(format!("the key file {} can't be read: {error}", file.display()))
            .help("Make one with `b1-coupa tunnel new-key FILE`.")
    })?;
    bytes(text.expose_secret()).map(public).ok_or_else(|| {
        CliError::new(format!("{} holds no WireGuard key", file.display()))
            .help("It must hold 44 letters of base64 and nothing else, as `b1-coupa tunnel new-key` or `wg genkey` write it.")
    })
}

/// Makes a pair, and writes its private half into a new file.
pub(super) fn make(file: &Path, random: [u8; 32]) -> CliResult<PublicKey> {
    // Without a line break: what is put into a secret manager is the key and nothing else.
    let private = SecretString::from(BASE64_STANDARD.encode(random));
    store::write_private_file(file, private.expose_secret().as_bytes()).map_err(|error| {
        CliError::new(format!("{} can't be written: {error}", file.display()))
            .help("Name a file that isn't there yet, in a folder that may be written to.")
    })?;
    Ok(public(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_the_one_that_wireguard_makes() {
        // RFC 7748, 6.1: Alice's.
        let private = [
            0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
            0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
        ];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.key");
        let made = make(&file, private).unwrap();
        assert_eq!(made.to_string(), "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
        assert_eq!(read(&file), Ok(made));
        assert_eq!(made.to_string().parse(), Ok(made));
        let error = make(&file, [1; 32]).unwrap_err().human();
        assert!(error.contains("isn't there yet"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_private_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.key");
        make(&file, [7; 32]).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.key");
        fs::write(&file, "something private").unwrap();
        let error = read(&file).unwrap_err().human();
        assert!(error.contains("holds no WireGuard key") && !error.contains("something"), "{error}");
    }
}
