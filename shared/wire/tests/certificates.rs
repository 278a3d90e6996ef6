//! Which certificates are accepted, by roots and by pin.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use support::{HELLO, Identity, LIMITS, get, issued, issued_until, self_signed, tls_server};
use wire::{
    CertificateSeen, HttpTransport, Problem, Roots, SpkiPin, Tls, Transport as _, TransportError, check_url,
    probe_certificate,
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn serve(identity: Identity) -> u16 {
    tls_server(identity.certificate, identity.key, HELLO).await.port()
}

async fn ask(tls: &Tls, port: u16) -> Result<String, TransportError> {
    let transport = HttpTransport::new(tls).unwrap();
    let reply = transport.send(get(&format!("https://localhost:{port}/?secret=1")), LIMITS).await?;
    Ok(String::from_utf8(reply.body().to_vec()).unwrap())
}

async fn probe(port: u16) -> CertificateSeen {
    probe_certificate(&check_url(&format!("https://localhost:{port}")).unwrap(), None).await.unwrap()
}

fn by_ca(pem: &str) -> Tls {
    Tls::Roots(Roots::CaFile(pem.as_bytes().to_vec()))
}

fn not_sent(result: Result<String, TransportError>) -> String {
    match result {
        Err(TransportError::NotSent(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_leaf_of_the_given_ca_is_accepted_and_others_are_not() {
    let identity = issued("localhost");
    let ca = identity.root_pem.clone();
    let port = serve(identity).await;
    assert_eq!(ask(&by_ca(&ca), port).await.unwrap(), "hello");

    let text = not_sent(ask(&by_ca(&issued("localhost").root_pem), port).await);
    assert!(text.contains("invalid peer certificate"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_clean_self_signed_leaf_is_accepted_as_its_own_root() {
    let identity = self_signed("localhost", false);
    let own = identity.root_pem.clone();
    assert_eq!(ask(&by_ca(&own), serve(identity).await).await.unwrap(), "hello");
}

#[tokio::test]
async fn saps_own_certificate_needs_a_pin() {
    let identity = self_signed("localhost", true);
    let own = identity.root_pem.clone();
    let port = serve(identity).await;
    let text = not_sent(ask(&by_ca(&own), port).await);
    assert!(text.contains("CaUsedAsEndEntity"), "{text}");

    let seen = probe(port).await;
    assert!(seen.holds_key);
    assert_eq!(ask(&Tls::Pins(vec![seen.spki_pin]), port).await.unwrap(), "hello");
}

#[tokio::test]
async fn another_key_than_the_pinned_one_is_refused_and_named() {
    let port = serve(self_signed("localhost", true)).await;
    let met = probe(port).await.spki_pin;
    let wrong: SpkiPin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap();
    let text = not_sent(ask(&Tls::Pins(vec![wrong]), port).await);
    assert!(text.contains(&met.to_string()), "{text}");
    assert_eq!(ask(&Tls::Pins(vec![wrong, met]), port).await.unwrap(), "hello", "the second pin counts too");
}

#[tokio::test]
async fn a_name_that_does_not_match_passes_by_pin_only() {
    let identity = issued("sap.example.local");
    let ca = identity.root_pem.clone();
    let port = serve(identity).await;
    let text = not_sent(ask(&by_ca(&ca), port).await);
    assert!(text.contains("NotValidForName") || text.contains("not valid for name"), "{text}");
    let pin = probe(port).await.spki_pin;
    assert_eq!(ask(&Tls::Pins(vec![pin]), port).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_copied_certificate_without_its_key_is_refused() {
    let real = self_signed("localhost", true);
    let thief = self_signed("localhost", true);
    let port = tls_server(real.certificate, thief.key, HELLO).await.port();
    let seen = probe(port).await;
    assert!(!seen.holds_key);
    not_sent(ask(&Tls::Pins(vec![seen.spki_pin]), port).await);
}

#[tokio::test]
async fn the_fingerprint_is_spelled_as_browsers_do() {
    let seen = probe(serve(issued("localhost")).await).await;
    assert_eq!(seen.fingerprint_sha256.split(':').count(), 32);
    assert_eq!(seen.intermediates, 0);
}

#[tokio::test]
async fn a_probe_of_nobody_says_why() {
    let error = probe_certificate(&check_url("https://127.0.0.1:1").unwrap(), None).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error}");
}

#[tokio::test]
async fn every_kind_passes_by_its_own_pin_and_by_no_other() {
    let wrong: SpkiPin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap();
    for (kind, identity) in [
        ("self-signed, marked as a CA", self_signed("localhost", true)),
        ("self-signed leaf", self_signed("localhost", false)),
        ("another name", issued("sap.example.local")),
        ("private CA with the name", issued("localhost")),
        ("expired", issued_until("localhost", (2020, 1, 1))),
    ] {
        let port = serve(identity).await;
        let pin = probe(port).await.spki_pin;
        assert_eq!(ask(&Tls::Pins(vec![pin]), port).await.unwrap(), "hello", "{kind}");
        let text = not_sent(ask(&Tls::Pins(vec![wrong]), port).await);
        assert!(text.contains("OtherKey"), "{kind}: {text}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_its_authority() {
    let identity = issued_until("localhost", (2020, 1, 1));
    let ca = identity.root_pem.clone();
    let text = not_sent(ask(&by_ca(&ca), serve(identity).await).await);
    assert!(text.contains("expired"), "{text}");
}

#[tokio::test]
async fn what_is_wrong_with_each_kind_is_said() {
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let seen = probe(serve(self_signed("localhost", true)).await).await;
    let details = seen.details.clone().unwrap();
    assert!(details.is_ca && details.names == ["localhost"] && details.subject == details.issuer);
    assert_eq!(seen.problems("localhost", now), [Problem::AuthorityAsServer, Problem::SelfSigned]);

    let seen = probe(serve(issued("sap.example.local")).await).await;
    assert!(seen.details.clone().unwrap().subject.contains("the leaf"), "{seen:?}");
    assert_eq!(seen.problems("localhost", now), [Problem::OtherNames("localhost".to_owned())]);
    assert_eq!(seen.problems("SAP.example.local", now), []);

    let seen = probe(serve(issued_until("localhost", (2020, 1, 1))).await).await;
    assert!(matches!(seen.problems("localhost", now)[..], [Problem::Expired(_)]), "{seen:?}");
    let before = "1970-01-02T00:00:00Z".parse().unwrap();
    assert!(matches!(seen.problems("localhost", before)[..], [Problem::NotYetValid(_)]), "{seen:?}");

    let thief = self_signed("localhost", false);
    let port = tls_server(issued("localhost").certificate, thief.key, HELLO).await.port();
    assert_eq!(probe(port).await.problems("localhost", now), [Problem::KeyNotHeld]);
}

#[tokio::test]
async fn a_name_can_be_reached_at_another_address_and_stays_what_is_checked() {
    let identity = issued("sap.example.local");
    let tls = by_ca(&identity.root_pem);
    let port = serve(identity).await;
    let there = async |name: &str| {
        let url = check_url(&format!("https://{name}:{port}")).unwrap();
        let transport = HttpTransport::new(&tls).unwrap().connecting_to(&url, HERE).unwrap();
        let reply = transport.send(get(&format!("{url}/")), LIMITS).await?;
        Ok(String::from_utf8(reply.body().to_vec()).unwrap())
    };
    assert_eq!(there("sap.example.local").await.unwrap(), "hello");
    let text = not_sent(there("other.example.local").await);
    assert!(text.contains("not valid for name"), "{text}");
    let url = check_url(&format!("https://sap.example.local:{port}")).unwrap();
    let seen = probe_certificate(&url, Some(HERE)).await.unwrap();
    assert_eq!(seen.details.unwrap().names, ["sap.example.local"]);
}

#[tokio::test]
async fn plain_http_stays_home_whatever_its_name_is_said_to_be() {
    let url = check_url("http://localhost:1").unwrap();
    let away = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let transport = HttpTransport::loopback().unwrap().connecting_to(&url, away).unwrap();
    let error = transport.send(get("http://localhost:1/"), LIMITS).await.unwrap_err();
    assert!(error.to_string().contains("only https"), "{error}");
}
