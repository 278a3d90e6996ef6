//! What comes to the webhook. A line with a proof, then the body: nobody gets in by a proof that they found, nor with a body that
//! is not the signed one; and a signed body, whatever it holds, becomes changes of the documents that its events are about.
#![no_main]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fuzz::{COMPANY, KEY, USER, post, signature};
use libfuzzer_sys::fuzz_target;
use model::{Cause, ObjectKind, SapKey};
use pipeline::receive::{Hash, Scheme};
use serde_json::Value;
use std::str::from_utf8;

const SCHEME: Scheme = Scheme::Hmac(Hash::Sha256);

fn refused(scheme: Scheme, proof: &str, body: &[u8]) {
    let (status, _, changes) = post(scheme, proof, body);
    assert!(status == 401 && changes.is_empty(), "{status} to {proof:?}");
}

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (proof, body) =
        (from_utf8(&input[..end]).unwrap_or_default(), input.get(end + 1..).unwrap_or_default());
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        if proof.trim() != signature(hash, body) {
            refused(Scheme::Hmac(hash), proof, body);
        }
    }
    if !proof.contains(KEY) && !proof.contains(&STANDARD.encode(format!("{USER}:{KEY}"))) {
        refused(Scheme::Basic { user: USER.to_owned() }, proof, body);
        refused(Scheme::Bearer, proof, body);
    }
    // Under the right signature: altered in a bit that the proof chooses, cut short there, and grown.
    let right = signature(Hash::Sha256, body);
    let place = end % body.len().max(1);
    let mut altered = body.to_vec();
    altered.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << (end % 8));
    for other in [&altered, &body[..place], &[body, b" "].concat()] {
        if other != body {
            refused(SCHEME, &right, other);
        }
    }
    let (status, taken, changes) = post(SCHEME, &right, body);
    assert!(matches!(status, 200 | 400 | 413), "{status}");
    let passed_over = taken.folded + taken.unknown + taken.foreign + taken.unreadable;
    assert_eq!(taken.events, passed_over + changes.len());
    let events: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    for change in changes {
        assert!(status == 200 && change.document.company.0 == COMPANY && change.cause == Cause::Webhook);
        let object = format!("sap.b1.{}.", sap::entity_set(change.document.kind).0).to_lowercase();
        let about = |event: &Value| {
            event["type"].as_str().is_some_and(|kind| kind.to_lowercase().starts_with(&object))
        };
        assert!(events.iter().any(about), "{:?}", change.document);
        let by_code = matches!(change.document.key, SapKey::CardCode(_));
        assert_eq!(by_code, change.document.kind == ObjectKind::Supplier);
    }
});
