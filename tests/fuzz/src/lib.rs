//! A call to the [`Webhook`], with as little about it as will do: time that stands still, and a queue that only remembers.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::FutureExt as _;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use model::{Change, Clock, CompanyDb, ObjectKind, Random};
use pipeline::receive::{Call, Hash, ReadAgain, Scheme, Taken, Webhook};
use secrecy::SecretString;
use sha2::{Sha256, Sha384, Sha512};
use std::{
    mem::take,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError};

/// Whose events the webhook takes.
pub const COMPANY: &str = "SBODEMOUS";
/// The key that it knows.
pub const KEY: &str = "s3cret";
/// The user that it knows.
pub const USER: &str = "sap";

/// The signature that the body should have, with the right key.
pub fn signature(hash: Hash, body: &[u8]) -> String {
    fn made<M: Mac + hmac::digest::KeyInit>(body: &[u8]) -> String {
        let mac = <M as Mac>::new_from_slice(KEY.as_bytes()).expect("a key of any length will do");
        STANDARD.encode(mac.chain_update(body).finalize().into_bytes())
    }
    match hash {
        Hash::Sha256 => made::<Hmac<Sha256>>(body),
        Hash::Sha384 => made::<Hmac<Sha384>>(body),
        Hash::Sha512 => made::<Hmac<Sha512>>(body),
    }
}

/// Posts to a webhook about all five objects: its status, what it says of the body, and what it has put into the queue.
pub fn post(scheme: Scheme, proof: &str, body: &[u8]) -> (u16, Taken, Vec<Change>) {
    let kept = Arc::new(Kept::default());
    let webhook = Webhook {
        company: CompanyDb(COMPANY.to_owned()),
        objects: ObjectKind::ALL.into_iter().collect(),
        scheme,
        keys: vec![Arc::new(SecretString::from(KEY))],
        queue: Arc::clone(&kept) as _,
        clock: Arc::new(Still),
        random: Arc::new(Still),
        read_again_at: ReadAgain::default(),
    };
    let (signature, authorization) = (Some(proof), Some(proof));
    let call = Call { method: "POST", token: None, signature, authorization, body };
    let (answer, taken) = webhook.receive(&call).now_or_never().expect("nothing about it waits");
    let changes = take(&mut *kept.0.lock().unwrap_or_else(PoisonError::into_inner));
    (answer.status, taken, changes)
}

struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {}
}

impl Random for Still {
    fn next_u64(&self) -> u64 {
        0
    }
}

/// A queue that only takes in.
#[derive(Default)]
struct Kept(Mutex<Vec<Change>>);

#[async_trait]
impl Queue for Kept {
    async fn send(&self, changes: &[Change], _: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(changes);
        Ok(())
    }

    async fn receive(&self, _: usize, _: SignedDuration, _: Timestamp) -> Result<Vec<Received>, StoreError> {
        Ok(vec![])
    }

    async fn ack(&self, _: &[Receipt]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn put_back(&self, _: &Receipt, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn copy_dead_letter(&self, _: &DeadLetterCopy) -> Result<(), StoreError> {
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        Ok(Depth::default())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}
