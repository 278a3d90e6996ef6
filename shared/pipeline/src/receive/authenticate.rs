use super::{Call, proof};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

/// How SAP proves who it is, as set up in its `EventSubscriptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A signature over the raw bytes.
    Hmac(Hash),
    /// This user, with the key as password.
    Basic {
        /// Who.
        user: String,
    },
    /// The key is the token.
    Bearer,
}

/// SAP's `Algorithm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `HMACSha256`
    Sha256,
    /// `HMACSha384`
    Sha384,
    /// `HMACSha512`
    Sha512,
}

/// Whether any of the keys fits. Every key is tried, however early one fits, and each in constant time, so that how long
/// it takes says nothing.
pub(super) fn fits(scheme: &Scheme, keys: &[SecretString], call: &Call<'_>, signed: &[u8]) -> bool {
    let Some(proof) = proof(scheme, call) else { return false };
    let one = |key: &SecretString| -> Choice {
        let key = key.expose_secret();
        match scheme {
            Scheme::Hmac(hash) => signature_fits(*hash, key.as_bytes(), signed, proof),
            Scheme::Basic { user } => {
                let wanted = STANDARD.encode(format!("{user}:{key}"));
                authorization_fits("Basic", &wanted, proof)
            }
            Scheme::Bearer => authorization_fits("Bearer", key, proof),
        }
    };
    // An empty key would let everybody in.
    let usable = keys.iter().filter(|key| !key.expose_secret().is_empty());
    usable.map(one).fold(Choice::from(0), |any, this| any | this).into()
}

fn signature_fits(hash: Hash, key: &[u8], signed: &[u8], proof: &str) -> Choice {
    let Ok(proof) = STANDARD.decode(proof.trim()) else { return Choice::from(0) };
    match hash {
        Hash::Sha256 => mac(Hmac::<Sha256>::new_from_slice(key), signed, &proof),
        Hash::Sha384 => mac(Hmac::<Sha384>::new_from_slice(key), signed, &proof),
        Hash::Sha512 => mac(Hmac::<Sha512>::new_from_slice(key), signed, &proof),
    }
}

fn mac<M: Mac, E>(mac: Result<M, E>, signed: &[u8], proof: &[u8]) -> Choice {
    // A key of any length will do for an HMAC, so that this never fails.
    let Ok(mac) = mac else { return Choice::from(0) };
    // Compared in constant time.
    Choice::from(u8::from(mac.chain_update(signed).verify_slice(proof).is_ok()))
}

/// By digest, so that not even the length of the right one shows.
fn authorization_fits(scheme: &str, wanted: &str, proof: &str) -> Choice {
    let Some((name, given)) = proof.trim().split_once(' ') else { return Choice::from(0) };
    if !name.eq_ignore_ascii_case(scheme) {
        return Choice::from(0);
    }
    Sha256::digest(given.trim()).as_slice().ct_eq(Sha256::digest(wanted).as_slice())
}
