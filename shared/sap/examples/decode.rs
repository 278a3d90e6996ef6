//! How fast documents are decoded: `cargo run --release -p sap --example decode [LINES]`.
//!
//! One batch of orders, their lines with all the members that SAP sends, is taken from the simulator and then answered
//! again and again from memory. So the figures hold the client's whole way of a reply, and nothing of the network.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use async_trait::async_trait;
use jiff::SignedDuration;
use model::{Clock as _, CompanyDb, LocalSecret, ObjectKind};
use sap::{Client, Settings};
use secrecy::SecretString;
use simulators::{
    sap::{DocumentSpec, LineSpec, Settings as World, Simulator, SupplierSpec},
    serve::InProcess,
};
use std::{
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use wire::{Limits, Request, Response, SystemClock, SystemRandom, Transport, TransportError};

const DOCUMENTS: usize = 50;
const FOR: SignedDuration = SignedDuration::from_secs(3);

/// Asks the simulator once, and answers from memory from then on.
struct Replayed {
    simulator: InProcess<Simulator>,
    kept: Mutex<Option<Response>>,
    bytes: AtomicUsize,
}

impl Replayed {
    fn kept(&self) -> Option<Response> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for Replayed {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        if request.uri().path().ends_with("/Login") {
            return self.simulator.send(request, limits).await;
        }
        let reply = match self.kept() {
            Some(reply) => reply,
            None => self.simulator.send(request, limits).await?,
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply.clone());
        self.bytes.fetch_add(reply.body().len(), Ordering::Relaxed);
        Ok(reply)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines: usize = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let clock = Arc::new(SystemClock);
    let world = World::default();
    let password = Arc::new(SecretString::from(world.password.clone()));
    let simulator = Simulator::new(world, clock.clone());
    let supplier = simulator.add_supplier(SupplierSpec::default())?;
    let mut entries = vec![];
    for _ in 0..DOCUMENTS {
        let spec = DocumentSpec {
            supplier: supplier.clone(),
            lines: vec![LineSpec::default(); lines],
            ..DocumentSpec::default()
        };
        entries.push(simulator.add_purchase_order(spec)?);
    }
    let transport = Arc::new(Replayed {
        simulator: InProcess::new(simulator, clock.clone()),
        kept: Mutex::new(None),
        bytes: AtomicUsize::new(0),
    });
    let mut settings =
        Settings::new("https://sap.example:50000", CompanyDb("SBODEMO_ACME".to_owned()), "coupa_sync");
    settings.max_body_bytes = 64 << 20;
    let (random, session) = (Arc::new(SystemRandom), Arc::new(LocalSecret::default()));
    let client = Client::new(settings, transport.clone(), clock.clone(), random, password, session)?;
    client.documents(ObjectKind::PurchaseOrder, &entries).await?;

    transport.bytes.store(0, Ordering::Relaxed);
    let (began, mut documents) = (clock.now(), 0);
    while clock.now().duration_since(began) < FOR {
        let found = client.documents(ObjectKind::PurchaseOrder, &entries).await?;
        documents += found.values().filter(|document| document.is_ok()).count();
    }
    let micros = usize::try_from(clock.now().duration_since(began).as_micros())?;
    let bytes = transport.bytes.load(Ordering::Relaxed);
    println!("{lines} lines each, {} bytes per document", bytes / documents.max(1));
    println!(
        "{} MB/s, {} documents/s, on one core",
        bytes / micros,
        documents.saturating_mul(1_000_000) / micros
    );
    Ok(())
}
