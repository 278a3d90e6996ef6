//! What counts as not sent, as no reply, and as too large.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;
use support::{HELLO, LIMITS, get, plain_server, server_that_falls_silent};
use wire::{HttpTransport, Limits, Response, Transport as _, TransportError};

async fn ask(reply: &'static [u8], limits: Limits) -> Result<Response, TransportError> {
    let address = plain_server(reply).await;
    HttpTransport::loopback().unwrap().send(get(&format!("http://{address}/x?secret=1")), limits).await
}

#[tokio::test]
async fn a_reply_comes_back_whole() {
    let reply = ask(HELLO, LIMITS).await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (200, b"hello".as_slice()));
    assert_eq!(reply.headers()["content-length"], "5");
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_even_here() {
    let transport = HttpTransport::loopback().unwrap();
    for url in ["http://sap.example.local:50000/", "http://10.0.0.1/", "/relative"] {
        let error = transport.send(get(url), LIMITS).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_surely_not_sent() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let error = HttpTransport::loopback()
        .unwrap()
        .send(get(&format!("http://{address}/?secret=1")), LIMITS)
        .await
        .unwrap_err();
    let TransportError::NotSent(text) = error else { panic!("{error}") };
    assert!(!text.contains("secret"), "{text}");
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_connection_lost_after_sending_leaves_the_outcome_open() {
    let error = ask(b"", LIMITS).await.unwrap_err();
    assert!(matches!(error, TransportError::NoReply(_)), "{error}");
    let error = ask(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhel", LIMITS).await.unwrap_err();
    let TransportError::NoReply(text) = error else { panic!("{error}") };
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn silence_is_no_reply() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let limits = Limits { timeout: Duration::from_millis(200), ..LIMITS };
    let error = HttpTransport::loopback().unwrap().send(get(&url), limits).await.unwrap_err();
    assert!(matches!(error, TransportError::NoReply(_)), "{error}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let announced = ask(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", LIMITS).await;
    assert_eq!(announced.unwrap_err(), TransportError::TooLarge(1_000));
    let streamed =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n";
    let limits = Limits { max_body_bytes: 15, ..LIMITS };
    assert_eq!(ask(streamed, limits).await.unwrap_err(), TransportError::TooLarge(15));
    assert_eq!(ask(streamed, LIMITS).await.unwrap().body().len(), 16);
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let reply =
        ask(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", LIMITS)
            .await;
    assert_eq!(reply.unwrap().status().as_u16(), 302);
}

#[tokio::test]
async fn after_silence_no_old_connection_is_used_again() {
    let url = format!("http://{}/", server_that_falls_silent(3).await);
    let transport = HttpTransport::loopback().unwrap();
    let ask = || transport.send(get(&url), LIMITS);
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    // Three connections are open now, and all are as dead as through a tunnel that was replaced.
    let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
    let error = transport.send(get(&url), limits).await.unwrap_err();
    assert!(matches!(error, TransportError::NoReply(_)), "{error}");
    ask().await.unwrap();
}
