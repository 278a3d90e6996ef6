use crate::{Away, Counting, clock, company, invoice, noon, queued};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use model::{Cause, Credential, CredentialError, DocumentKey, Lane, ObjectKind};
use pipeline::receive::{Answer, Call, Hash, MOST_BYTES, ReadAgain, Scheme, Webhook};
use secrecy::SecretString;
use simulators::clock::ManualClock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::EmbeddedStore;

const KEY: &str = "s3cret";
const TOKEN: &str = "5ac18923-cfce-40d3-a31e-7154ca4d5191";

struct Rig {
    webhook: Webhook,
    store: Arc<EmbeddedStore>,
    clock: ManualClock,
}

fn rig(scheme: Scheme, keys: Vec<Arc<dyn Credential>>) -> Rig {
    let (store, clock) = (Arc::new(EmbeddedStore::open_in_memory().unwrap()), clock());
    let webhook = Webhook {
        company: company(),
        objects: ObjectKind::ALL.into_iter().collect(),
        scheme,
        keys,
        queue: Arc::clone(&store) as _,
        clock: Arc::new(clock.clone()),
        random: Arc::new(Counting::default()),
        read_again_at: ReadAgain::default(),
    };
    Rig { webhook, store, clock }
}

fn key(text: &str) -> Arc<dyn Credential> {
    Arc::new(SecretString::from(text.to_owned()))
}

fn signed() -> Rig {
    rig(Scheme::Hmac(Hash::Sha256), vec![key(KEY)])
}

fn signature(key: &str, signed: &[u8]) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(signed);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn event(kind: &str, member: &str, key: &str) -> String {
    format!(
        r#"{{"id":"{TOKEN}","specversion":"1.0","source":"/default/sap.b1/SBODEMOUS","type":"{kind}",
        "subject":"2301","time":"2026-11-10T23:10:22.917Z","data":{{"{member}":{key}}}}}"#
    )
}

async fn post(rig: &Rig, body: &str) -> Answer {
    post_signed(rig, body, Some(&signature(KEY, body.as_bytes()))).await
}

async fn post_signed(rig: &Rig, body: &str, signature: Option<&str>) -> Answer {
    let call = Call { method: "POST", signature, body: body.as_bytes(), ..Call::default() };
    rig.webhook.receive(&call).await.0
}

#[tokio::test]
async fn the_handshake_gives_the_token_back_to_those_who_signed_it() {
    let rig = signed();
    let signature = signature(KEY, TOKEN.as_bytes());
    let call = Call { method: "GET", token: Some(TOKEN), signature: Some(&signature), ..Call::default() };
    let (answer, taken) = rig.webhook.receive(&call).await;
    assert_eq!((answer.status, answer.body), (200, format!(r#"{{"Challenge":"{TOKEN}"}}"#)));
    assert!(!taken.refused);

    let forged = Call { token: Some("another"), ..call };
    let (answer, taken) = rig.webhook.receive(&forged).await;
    assert_eq!((answer.status, taken.refused), (401, true));
    assert_eq!(rig.webhook.receive(&Call { signature: None, ..call }).await.0.status, 401);
    assert_eq!(rig.webhook.receive(&Call { token: None, ..call }).await.0.status, 400);
    assert_eq!(rig.webhook.receive(&Call { method: "PUT", ..call }).await.0.status, 405);
}

#[tokio::test]
async fn a_signed_event_is_in_the_queue_when_the_answer_is_200() {
    let rig = signed();
    let body = format!("[{}]", event("sap.b1.PurchaseInvoices.Created.v1", "DocEntry", "\"2301\""));
    let answer = post(&rig, &body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    let changes = queued(&rig.store).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].document, changes[0].cause, changes[0].lane),
        (&invoice(2301), Cause::Webhook, Lane::Live)
    );
    assert!(!changes[0].whatever_date);
    assert_eq!((changes[0].seen_at, changes[0].correlation.0.as_str()), (noon(), TOKEN));
}

#[tokio::test]
async fn a_queue_that_is_away_is_a_503() {
    let mut rig = signed();
    rig.webhook.queue = Arc::new(Away);
    let body = format!("[{}]", event("sap.b1.PurchaseInvoices.Created.v1", "DocEntry", "1"));
    let signature = signature(KEY, body.as_bytes());
    let call = Call { method: "POST", signature: Some(&signature), body: body.as_bytes(), ..Call::default() };
    let (answer, taken) = rig.webhook.receive(&call).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "{}"));
    assert!(taken.changes.is_empty(), "{taken:?}");
}

#[tokio::test]
async fn all_hashes_fit_and_none_stands_in_for_another() {
    let body = b"[]";
    let texts = [
        (Hash::Sha256, signature(KEY, body)),
        (Hash::Sha384, {
            let mac = Hmac::<sha2::Sha384>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }),
        (Hash::Sha512, {
            let mac = Hmac::<sha2::Sha512>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }),
    ];
    for (hash, _) in &texts {
        let rig = rig(Scheme::Hmac(*hash), vec![key(KEY)]);
        for (other, text) in &texts {
            let status = post_signed(&rig, "[]", Some(text)).await.status;
            assert_eq!(status, if hash == other { 200 } else { 401 }, "{hash:?} {other:?}");
        }
    }
}

#[tokio::test]
async fn what_is_altered_forged_or_unsigned_gets_the_same_401() {
    let rig = signed();
    let body = format!("[{}]", event("sap.b1.PurchaseInvoices.Created.v1", "DocEntry", "1"));
    let right = signature(KEY, body.as_bytes());
    let altered = body.replace('1', "2");
    let mut answers = vec![];
    for (body, signature) in [
        (&altered, Some(right.as_str())),
        (&body, Some("")),
        (&body, Some("no base64!")),
        (&body, Some(&right[..20])),
        (&body, None),
        (&format!("{body} "), Some(&right)),
    ] {
        answers.push(post_signed(&rig, body, signature).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((answers[0].status, answers[0].body.as_str()), (401, "{}"));
    assert!(queued(&rig.store).await.is_empty());
    // The same bytes, signed with a key that is empty: nobody gets in because nobody has set a key.
    let open = self::rig(Scheme::Hmac(Hash::Sha256), vec![key("")]);
    assert_eq!(post_signed(&open, "[]", Some(&signature("", b"[]"))).await.status, 401);
}

#[tokio::test]
async fn two_keys_are_good_at_once() {
    let rig = rig(Scheme::Hmac(Hash::Sha256), vec![key("old"), key("new")]);
    for (key, status) in [("old", 200), ("new", 200), ("older", 401)] {
        assert_eq!(post_signed(&rig, "[]", Some(&signature(key, b"[]"))).await.status, status, "{key}");
    }
}

#[tokio::test]
async fn basic_and_bearer() {
    let basic = rig(Scheme::Basic { user: "sap".to_owned() }, vec![key(KEY)]);
    let bearer = rig(Scheme::Bearer, vec![key(KEY)]);
    let right = format!("Basic {}", STANDARD.encode(format!("sap:{KEY}")));
    let other = format!("Basic {}", STANDARD.encode(format!("who:{KEY}")));
    let token = format!("bearer {KEY}");
    for (rig, header, status) in [
        (&basic, right.as_str(), 200),
        (&basic, other.as_str(), 401),
        (&basic, token.as_str(), 401),
        (&bearer, token.as_str(), 200),
        (&bearer, "Bearer s3cre", 401),
        (&bearer, KEY, 401),
        (&bearer, right.as_str(), 401),
    ] {
        let call =
            Call { method: "POST", authorization: Some(header), body: b"[]".as_slice(), ..Call::default() };
        assert_eq!(rig.webhook.receive(&call).await.0.status, status, "{header}");
    }
}

/// A key that was changed: `get` still gives the old one.
struct Rotated {
    reads: AtomicUsize,
    gone: bool,
}

#[async_trait]
impl Credential for Rotated {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        let new = self.reads.load(Ordering::SeqCst) > 0;
        Ok(SecretString::from(if new { "new" } else { "old" }))
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.gone { Err(CredentialError("away".to_owned())) } else { self.get().await }
    }
}

#[tokio::test]
async fn a_key_that_was_changed_is_read_again_and_not_too_often() {
    let key = Arc::new(Rotated { reads: 0.into(), gone: false });
    let rig = rig(Scheme::Hmac(Hash::Sha256), vec![Arc::clone(&key) as _]);
    let reads = || key.reads.load(Ordering::SeqCst);
    assert_eq!(post_signed(&rig, "[]", None).await.status, 401);
    assert_eq!(reads(), 0, "who proves nothing costs nothing");
    assert_eq!(post_signed(&rig, "[]", Some(&signature("new", b"[]"))).await.status, 200);
    for _ in 0..20 {
        assert_eq!(post_signed(&rig, "[]", Some(&signature("forged", b"[]"))).await.status, 401);
    }
    assert_eq!(reads(), 1);
    rig.clock.advance(Duration::from_secs(6));
    assert_eq!(post_signed(&rig, "[]", Some(&signature("forged", b"[]"))).await.status, 401);
    assert_eq!(reads(), 2);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_our_own_fault() {
    let key = Arc::new(Rotated { reads: 0.into(), gone: true });
    let rig = rig(Scheme::Hmac(Hash::Sha256), vec![key as _]);
    assert_eq!(post_signed(&rig, "[]", Some(&signature("new", b"[]"))).await.status, 503);
    let none = self::rig(Scheme::Hmac(Hash::Sha256), vec![]);
    assert_eq!(post_signed(&none, "[]", Some(&signature("new", b"[]"))).await.status, 503);
}

#[tokio::test]
async fn each_event_means_its_document_and_the_rest_is_counted() {
    let rig = signed();
    let mut events = vec![];
    let objects = [
        ("PurchaseOrders", "\"11\""),
        ("PurchaseInvoices", "12"),
        ("PurchaseCreditNotes", "\"13\""),
        ("VendorPayments", "14"),
    ];
    for (object, entry) in objects {
        events.push(event(&format!("sap.b1.{object}.Updated.v1"), "DocEntry", entry));
    }
    for (number, operation) in
        ["Created", "Deleted", "Closed", "Cancelled", "Canceled", "Reopened"].iter().enumerate()
    {
        let card_code = format!("\"V{number}\"");
        events.push(event(&format!("sap.b1.BusinessPartners.{operation}.v1"), "CardCode", &card_code));
    }
    // All have one id, which folds: give each its own.
    let mut events: Vec<String> = events
        .into_iter()
        .enumerate()
        .map(|(number, event)| event.replace(TOKEN, &format!("id-{number}")))
        .collect();
    events.push(events[1].clone());
    events.push(event("sap.b1.PurchaseInvoices.Updated.v1", "DocEntry", "12"));
    events.push(event("sap.b1.PurchaseInvoices.Archived.v1", "DocEntry", "15"));
    events.push(event("sap.b1.PurchaseInvoices.Updated.v2", "DocEntry", "15"));
    events.push(event("sap.b1.Items.Updated.v1", "ItemCode", "\"A\""));
    events.push(event("sap.b1.PurchaseInvoices.Updated.v1", "DocEntry", "\"x\""));
    events.push(event("sap.b1.PurchaseInvoices.Updated.v1", "DocEntry", "16").replace("SBODEMOUS", "OTHER"));
    events.push(event("sap.b1.BusinessPartners.Updated.v1", "CardCode", &format!("\"{}\"", "V".repeat(16))));
    events.push("7".to_owned());
    let body = format!("[{}]", events.join(","));
    let signature = signature(KEY, body.as_bytes());
    let call = Call { method: "POST", signature: Some(&signature), body: body.as_bytes(), ..Call::default() };
    let (answer, taken) = rig.webhook.receive(&call).await;
    assert_eq!(answer.status, 200);
    assert_eq!((taken.events, taken.folded, taken.unknown), (19, 2, 3), "{taken:?}");
    assert_eq!((taken.foreign, taken.unreadable), (1, 3), "{taken:?}");
    assert_eq!(taken.changes.values().sum::<usize>(), 10);
    let documents: Vec<DocumentKey> =
        queued(&rig.store).await.into_iter().map(|change| change.document).collect();
    assert_eq!(documents.len(), 10);
    for (kind, entry) in [
        (ObjectKind::PurchaseOrder, 11),
        (ObjectKind::Invoice, 12),
        (ObjectKind::CreditNote, 13),
        (ObjectKind::Payment, 14),
    ] {
        assert!(documents.contains(&DocumentKey::entry(&company(), kind, entry)), "{kind}");
    }
    assert!(documents.contains(&DocumentKey::supplier(&company(), "V5")));
}

#[tokio::test]
async fn a_key_may_stand_in_the_subject_alone() {
    let rig = signed();
    let body = format!("[{}]", event("sap.b1.PurchaseInvoices.Created.v1", "LineNum", "0"));
    assert_eq!(post(&rig, &body).await.status, 200);
    assert_eq!(queued(&rig.store).await[0].document, invoice(2301));
}

#[tokio::test]
async fn an_object_that_is_not_kept_in_step_is_acknowledged_and_left_alone() {
    let mut rig = signed();
    rig.webhook.objects.remove(&ObjectKind::Invoice);
    let body = format!("[{}]", event("sap.b1.PurchaseInvoices.Created.v1", "DocEntry", "1"));
    assert_eq!(post(&rig, &body).await.status, 200);
    assert!(queued(&rig.store).await.is_empty());
}

#[tokio::test]
async fn what_is_too_large_or_no_array_is_refused() {
    let rig = signed();
    for (body, status) in [
        (" ".repeat(MOST_BYTES + 1), 413),
        (format!("[{}0]", "0,".repeat(10_000)), 413),
        ("{}".to_owned(), 400),
        ("[".to_owned(), 400),
        (String::new(), 400),
        ("\u{feff}[]".to_owned(), 400),
    ] {
        assert_eq!(post(&rig, &body).await.status, status, "{}", &body[..body.len().min(20)]);
    }
    assert!(queued(&rig.store).await.is_empty());
}

#[test]
fn no_key_shows() {
    assert!(!format!("{:?}", signed().webhook).contains(KEY));
}
