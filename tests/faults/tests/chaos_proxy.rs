//! The real HTTP clients over real connections that break in every way that a network knows: reset, stalled, half closed,
//! slow, cut short. A read comes through in the end; a write never counts as failed where it may have arrived.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use bytes::Bytes;
use simulators::{
    clock::SystemClock,
    company,
    coupa::{Settings, Simulator},
    serve::serve,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wire::{HttpTransport, Limits, Transport as _, TransportError};

/// What the proxy does to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chaos {
    /// Closed before anything was passed on.
    ResetBefore,
    /// The request is passed on, the reply is not.
    ResetAfter,
    /// The request is passed on, then silence.
    Stall,
    /// The reply's direction is closed, the request's is not.
    HalfClose,
    /// The reply drips.
    Slow,
    /// The reply ends early.
    Truncate,
    /// Passed on as it is.
    None,
}

const ALL: [Chaos; 7] = [
    Chaos::ResetBefore,
    Chaos::ResetAfter,
    Chaos::Stall,
    Chaos::HalfClose,
    Chaos::Slow,
    Chaos::Truncate,
    Chaos::None,
];

/// Listens, and does to each connection what `script` says next; answers its address.
async fn proxy(to: String, script: Vec<Chaos>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let next = AtomicUsize::new(0);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let chaos = script[next.fetch_add(1, SeqCst) % script.len()];
            let server = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(carry(client, server, chaos));
        }
    });
    format!("http://{address}")
}

async fn carry(mut client: TcpStream, mut server: TcpStream, chaos: Chaos) {
    if chaos == Chaos::ResetBefore {
        return;
    }
    if chaos == Chaos::None {
        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
        return;
    }
    let mut buffer = vec![0; 64 << 10];
    let read = client.read(&mut buffer).await.unwrap_or(0);
    server.write_all(&buffer[..read]).await.unwrap();
    let read = server.read(&mut buffer).await.unwrap_or(0);
    let reply = &buffer[..read];
    match chaos {
        Chaos::Stall => std::future::pending().await,
        Chaos::HalfClose => {
            drop(client.shutdown().await);
            std::future::pending::<()>().await;
        }
        Chaos::Slow => {
            for byte in reply.chunks(40) {
                if client.write_all(byte).await.is_err() {
                    return;
                }
                pause(10).await;
            }
        }
        Chaos::Truncate => drop(client.write_all(&reply[..reply.len() - 3]).await),
        Chaos::ResetAfter | Chaos::ResetBefore | Chaos::None => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the proxy is the network, which has its own time")]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn request(method: &str, url: &str) -> wire::Request {
    http::Request::builder()
        .method(method)
        .uri(format!("{url}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(
            b"grant_type=client_credentials&client_id=coupa-client&client_secret=coupa-secret",
        ))
        .unwrap()
}

#[tokio::test]
async fn no_break_is_taken_for_what_it_is_not() {
    let clock: Arc<dyn model::Clock> = Arc::new(SystemClock);
    let coupa = Simulator::new(Arc::clone(&clock), &company::master_data(), Settings::default());
    let server = serve(coupa.clone(), clock).await.unwrap();
    let to = server.base_url().replace("http://", "");
    let limits = Limits { timeout: Duration::from_millis(1_500), max_body_bytes: 1 << 20 };
    for chaos in ALL {
        let url = proxy(to.clone(), vec![chaos]).await;
        let before = coupa.tokens_minted();
        let transport = HttpTransport::loopback().unwrap();
        let reply = transport.send(request("POST", &url), limits).await;
        let arrived = coupa.tokens_minted() > before;
        match &reply {
            Ok(reply) => assert!(reply.status() == 200 && arrived, "{chaos:?}"),
            Err(TransportError::NotSent(_)) => {
                assert!(!arrived, "{chaos:?}: said to be not sent, and it arrived");
            }
            Err(_) => {}
        }
        let whole = matches!(chaos, Chaos::None | Chaos::Slow);
        assert_eq!(reply.is_ok(), whole, "{chaos:?}: {reply:?}");
        assert_eq!(arrived, chaos != Chaos::ResetBefore, "{chaos:?}");
    }
}

#[tokio::test]
async fn a_client_reads_through_all_of_them() {
    let clock: Arc<dyn model::Clock> = Arc::new(SystemClock);
    let sap = simulators::sap::Simulator::new(simulators::sap::Settings::default(), Arc::clone(&clock));
    sap.set_master_data(&company::master_data());
    sap.add_supplier(simulators::samples::supplier("V1")).unwrap();
    let server = serve(sap.clone(), Arc::clone(&clock)).await.unwrap();
    let to = server.base_url().replace("http://", "");
    for chaos in ALL {
        // The log-in passes, then comes the trouble, then calm.
        let url = proxy(to.clone(), vec![Chaos::None, chaos, Chaos::None, Chaos::None]).await;
        let mut settings = sap::Settings::new(&url, faults::world::company(), "coupa_sync");
        settings.request_timeout = Duration::from_millis(700);
        let random: Arc<dyn model::Random> = Arc::new(faults::random::Random::of(1, "proxy"));
        let transport = Arc::new(Fresh);
        let password = Arc::new(secrecy::SecretString::from("correct horse"));
        let session = Arc::new(model::LocalSecret::default());
        let client =
            sap::Client::new(settings, transport, Arc::clone(&clock), random, password, session).unwrap();
        let found = client.suppliers(&["V1".to_owned()]).await.unwrap();
        assert_eq!(found.len(), 1, "{chaos:?}");
    }
}

/// A connection for each request, so that the proxy's script goes on with each.
struct Fresh;

#[async_trait::async_trait]
impl wire::Transport for Fresh {
    async fn send(&self, request: wire::Request, limits: Limits) -> Result<wire::Response, TransportError> {
        HttpTransport::loopback().unwrap().send(request, limits).await
    }
}
