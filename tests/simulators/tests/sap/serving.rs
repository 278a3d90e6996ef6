//! The two ways to reach a simulator, with and without sockets.

use crate::client::{credentials, simulator};
use bytes::Bytes;
use http::Request;
use model::Clock;
use simulators::clock::SystemClock;
use simulators::sap::{Fault, FaultKind, Settings, Simulator};
use simulators::serve::{InProcess, serve};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use wire::{Limits, Transport, TransportError};

const LIMITS: Limits = Limits { timeout: Duration::from_secs(30), max_body_bytes: 10_000 };

fn login() -> Request<Bytes> {
    let body = Bytes::from(credentials("correct horse"));
    Request::post("http://sap.example/b1s/v2/Login").body(body).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn in_process_replies_arrive_late_broken_or_not_at_all() {
    let (sap, clock) = simulator(Settings::default());
    let transport = InProcess::new(sap.clone(), Arc::new(clock.clone()));
    let send = |fault: Option<FaultKind>, limits: Limits| {
        if let Some(fault) = fault {
            sap.inject(Fault::new(fault));
        }
        block_on(transport.send(login(), limits))
    };
    let before = clock.now();
    assert_eq!(send(None, LIMITS).unwrap().status(), 200);
    assert_eq!(clock.now(), before);

    let late = FaultKind::Delay(Duration::from_secs(20));
    assert_eq!(send(Some(late), LIMITS).unwrap().status(), 200);
    assert_eq!(clock.now().duration_since(before).as_secs(), 20);

    let too_late = FaultKind::Delay(Duration::from_secs(31));
    assert!(matches!(send(Some(too_late), LIMITS), Err(TransportError::NoReply(_))));
    assert_eq!(clock.now().duration_since(before).as_secs(), 50, "it waited as long as it may");

    assert!(matches!(send(Some(FaultKind::DropAfterWork), LIMITS), Err(TransportError::NoReply(_))));
    assert!(matches!(send(Some(FaultKind::Truncate(5)), LIMITS), Err(TransportError::NoReply(_))));
    let narrow = Limits { max_body_bytes: 20, ..LIMITS };
    assert_eq!(send(None, narrow).unwrap_err(), TransportError::TooLarge(20));
    assert_eq!(sap.logins(), 6, "the work was done each time");
}

/// Sends a login over a plain socket, and answers all bytes that come back.
fn exchange(base_url: &str) -> String {
    let mut stream = TcpStream::connect(base_url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let body = credentials("correct horse");
    let length = body.len();
    write!(stream, "POST /b1s/v2/Login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut reply = Vec::new();
    // A reset connection counts as its end.
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

fn served<T>(work: impl FnOnce(&Simulator, &str) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (sap, _) = simulator(Settings::default());
    let server = runtime.block_on(serve(sap.clone(), Arc::new(SystemClock))).unwrap();
    work(&sap, &server.base_url())
}

#[test]
fn a_socket_carries_whole_replies() {
    served(|sap, url| {
        let reply = exchange(url);
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
        assert!(reply.contains("set-cookie: B1SESSION="), "{reply}");
        assert!(reply.ends_with("\"SessionTimeout\":30}"), "{reply}");
        assert_eq!(sap.most_concurrent_requests(), 1);
    });
}

#[test]
fn a_socket_really_closes_without_a_reply() {
    served(|sap, url| {
        sap.inject(Fault::new(FaultKind::DropAfterWork));
        assert_eq!(exchange(url), "");
        assert_eq!(sap.logins(), 1);
    });
}

#[test]
fn a_socket_really_breaks_off() {
    served(|sap, url| {
        sap.inject(Fault::new(FaultKind::Truncate(12)));
        let reply = exchange(url);
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        assert!(announced.parse::<usize>().unwrap() > 100, "{announced}");
        assert_eq!(body.len(), 12);
    });
}

#[test]
fn a_socket_really_waits_and_counts_who_waits() {
    served(|sap, url| {
        sap.inject(Fault::new(FaultKind::Delay(Duration::from_secs(2))).times(3));
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| exchange(url))).collect();
            for one in waiting {
                assert!(one.join().unwrap().starts_with("HTTP/1.1 200 OK"));
            }
        });
        assert_eq!(sap.most_concurrent_requests(), 3);
    });
}

#[test]
fn a_server_stops_when_dropped() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (sap, _) = simulator(Settings::default());
    let server = runtime.block_on(serve(sap, Arc::new(SystemClock))).unwrap();
    let address = server.base_url().trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(server);
    let gone = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect(&address).is_err()
    });
    assert!(gone);
}
