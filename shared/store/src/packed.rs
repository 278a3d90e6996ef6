//! JSON, compressed for keeping.

use crate::StoreError;
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};

/// Nothing of ours comes near it; it only bounds what damage can make us allocate.
const LARGEST: usize = 256 << 20;

/// `level` is zlib's: 1 is quick, 9 is small.
pub(crate) fn pack(json: &str, level: u8) -> Vec<u8> {
    compress_to_vec_zlib(json.as_bytes(), level)
}

/// `what` names the place for whoever has to look at it.
pub(crate) fn unpack(what: &str, packed: &[u8]) -> Result<String, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt(format!("{what}: {reason}"));
    let bytes =
        decompress_to_vec_zlib_with_limit(packed, LARGEST).map_err(|error| corrupt(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| corrupt(error.to_string()))
}
