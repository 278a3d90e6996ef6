//! Bodies of any size: compressed where that pays, split where even that is too large for an item, never cut.

use super::value::{Item, get_text};
use crate::{
    StoreError,
    packed::{pack, unpack},
};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Smaller ones are a unit of capacity each way, and stay readable in the console.
const COMPRESS_OVER: usize = 1_000;
/// DynamoDB's limit is 400 kB for an item with everything in it.
const PART_BYTES: usize = 350_000;
/// Room is what is paid for there.
const LEVEL: u8 = 6;

pub(super) const BODY: &str = "body";
pub(super) const PARTS: &str = "parts";

/// A body, ready to be written.
pub(super) struct Body {
    /// The attribute of the main item and its value.
    pub(super) name: &'static str,
    pub(super) value: AttributeValue,
    /// To be written before the main item, under [`Parts`].
    pub(super) parts: Vec<Vec<u8>>,
}

impl Body {
    /// `salt` sets the parts of two writers apart who write the same.
    pub(super) fn new(json: String, salt: &str) -> Self {
        if json.len() <= COMPRESS_OVER {
            return Self { name: BODY, value: AttributeValue::S(json), parts: vec![] };
        }
        let packed = pack(&json, LEVEL);
        if packed.len() <= PART_BYTES {
            return Self { name: BODY, value: AttributeValue::B(Blob::new(packed)), parts: vec![] };
        }
        let parts: Vec<Vec<u8>> = packed.chunks(PART_BYTES).map(<[u8]>::to_vec).collect();
        let named = Parts { generation: format!("{salt}-{}", digest(&packed)), count: parts.len() };
        Self { name: PARTS, value: AttributeValue::S(named.to_string()), parts }
    }

    /// The attribute that the other kind of body stands in, to be removed.
    pub(super) fn other_name(&self) -> &'static str {
        if self.name == BODY { PARTS } else { BODY }
    }

    /// Where the parts go; nothing where there are none.
    pub(super) fn named_parts(&self) -> Option<Parts> {
        Parts::parse(self.value.as_s().ok()?).filter(|_| self.name == PARTS)
    }

    /// What it takes of a transaction's size.
    pub(super) fn bytes(&self) -> usize {
        match &self.value {
            AttributeValue::B(blob) => blob.as_ref().len(),
            AttributeValue::S(text) => text.len(),
            _ => 0,
        }
    }
}

/// The parts of one body. A generation is written once and never changed: whoever reads the main item finds the parts that
/// belong to it, or none, but never those of another moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) generation: String,
    pub(super) count: usize,
}

impl Parts {
    pub(super) fn of(item: &Item) -> Option<Self> {
        Self::parse(get_text(item, PARTS)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (generation, count) = text.rsplit_once('#')?;
        Some(Self { generation: generation.to_owned(), count: count.parse().ok()? })
    }
}

impl std::fmt::Display for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.generation, self.count)
    }
}

/// The JSON of a body that stands whole in its item; `None` where it has none.
pub(super) fn whole(what: &str, item: &Item) -> Result<Option<String>, StoreError> {
    match item.get(BODY) {
        None => Ok(None),
        Some(AttributeValue::S(json)) => Ok(Some(json.clone())),
        Some(AttributeValue::B(packed)) => unpack(what, packed.as_ref()).map(Some),
        Some(_) => Err(StoreError::Corrupt(format!("{what}: its body is of a strange type"))),
    }
}

/// Half of a SHA-256, in hex: also as long as a transaction's token may be.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not compressible, as far as text can be.
    fn noise(len: usize) -> String {
        let mut state = 1_u64;
        let mut text = String::new();
        while text.len() < len {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let _ = write!(text, "{state:016x}");
        }
        text
    }

    fn read(body: &Body) -> String {
        match body.named_parts() {
            Some(parts) => {
                assert_eq!(parts.count, body.parts.len());
                unpack("it", &body.parts.concat()).unwrap()
            }
            None => whole("it", &Item::from([(BODY.to_owned(), body.value.clone())])).unwrap().unwrap(),
        }
    }

    #[test]
    fn a_body_of_any_size_reads_back() {
        for (len, parts) in [(0, 0), (1_000, 0), (100_000, 0), (2_000_000, 3)] {
            let json = noise(len);
            let body = Body::new(json.clone(), "1");
            assert!(body.parts.len() >= parts, "{len}: {}", body.parts.len());
            assert!(body.parts.iter().all(|part| part.len() <= PART_BYTES));
            assert_eq!(read(&body), json);
        }
    }

    #[test]
    fn a_damaged_body_is_an_error() {
        let mut packed = pack(&noise(5_000), LEVEL);
        packed.truncate(100);
        assert!(matches!(unpack("it", &packed), Err(StoreError::Corrupt(_))));
    }
}
