//! Two simulated systems, what is kept of a comparison, and a trail whose entries expire when a test says so.

use async_trait::async_trait;
use certificate::{File, Key, LAST_COMPARISON};
use functions::testing::World;
use jiff::{SignedDuration, civil::Date, tz::Offset};
use model::{AuditEntry, Code, ObjectKind};
use reconcile::{Folder, Reconciler};
use secrecy::SecretString;
use serde_json::{Value, json};
use simulators::samples::{document, line, supplier};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{AuditFilter, AuditTrail as _, EmbeddedStore, ExpiringTrail, StateStore as _, StoreError};

/// Keeps files in memory, unless it is full.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    /// Certificates: name, media type, text.
    pub(crate) files: Arc<Mutex<Vec<(String, String, String)>>>,
    /// Checkpoints of the trail, by name.
    pub(crate) checkpoints: Arc<Mutex<BTreeMap<String, String>>>,
    pub(crate) full: bool,
}

#[async_trait]
impl Folder for Kept {
    async fn keep(&self, file: &File, media_type: &str) -> Result<String, String> {
        if self.full {
            return Err("AccessDenied".to_owned());
        }
        let kept = (file.name.clone(), media_type.to_owned(), file.text.clone());
        self.files.lock().unwrap().push(kept);
        Ok(format!("s3://bucket/{}", file.name))
    }

    async fn keep_once(&self, file: &File) -> Result<bool, String> {
        if self.full {
            return Err("AccessDenied".to_owned());
        }
        let mut checkpoints = self.checkpoints.lock().unwrap();
        let new = !checkpoints.contains_key(&file.name);
        checkpoints.entry(file.name.clone()).or_insert_with(|| file.text.clone());
        Ok(new)
    }
}

/// The world's trail, as one whose entries expire.
#[derive(Clone)]
pub(crate) struct Trail {
    store: Arc<EmbeddedStore>,
    pub(crate) kept: Arc<Mutex<Option<SignedDuration>>>,
    /// Hashes of entries that are no longer there.
    pub(crate) gone: Arc<Mutex<BTreeSet<String>>>,
    /// Stands in the place of the entry that it was made of.
    pub(crate) forged: Arc<Mutex<Option<AuditEntry>>>,
    /// Days that were looked at.
    pub(crate) looked_at: Arc<Mutex<Vec<Date>>>,
    /// DynamoDB is away.
    pub(crate) away: Arc<Mutex<bool>>,
}

impl Trail {
    /// What is there.
    pub(crate) async fn entries(&self) -> Vec<AuditEntry> {
        let all = AuditFilter { limit: usize::MAX, ..AuditFilter::default() };
        let mut entries = self.store.list(&all).await.unwrap();
        let (gone, forged) = (self.gone.lock().unwrap(), self.forged.lock().unwrap());
        for entry in &mut entries {
            if let Some(forged) = forged.as_ref().filter(|forged| forged.chain == entry.chain) {
                *entry = forged.clone();
            }
        }
        entries.retain(|entry| !gone.contains(&entry.chain.as_ref().unwrap().hash));
        entries
    }

    /// Takes one out.
    pub(crate) fn lose(&self, entry: &AuditEntry) {
        self.gone.lock().unwrap().insert(entry.chain.as_ref().unwrap().hash.clone());
    }
}

pub(crate) fn day_of(entry: &AuditEntry) -> Date {
    Offset::UTC.to_datetime(entry.at).date()
}

#[async_trait]
impl ExpiringTrail for Trail {
    fn kept_for(&self) -> Option<SignedDuration> {
        *self.kept.lock().unwrap()
    }

    /// Known from when there were entries.
    async fn days(&self) -> Result<Vec<Date>, StoreError> {
        let all = AuditFilter { limit: usize::MAX, ..AuditFilter::default() };
        let days: BTreeSet<Date> = self.store.list(&all).await?.iter().map(day_of).collect();
        Ok(days.into_iter().collect())
    }

    async fn of_day(&self, day: Date, take: &mut (dyn FnMut(AuditEntry) + Send)) -> Result<(), StoreError> {
        if *self.away.lock().unwrap() {
            return Err(StoreError::Unavailable("throttled".to_owned()));
        }
        self.looked_at.lock().unwrap().push(day);
        self.entries().await.into_iter().filter(|entry| day_of(entry) == day).for_each(take);
        Ok(())
    }
}

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) reconciler: Reconciler,
    pub(crate) kept: Kept,
    pub(crate) trail: Trail,
}

pub(crate) fn signing_key() -> SecretString {
    Key::text([7; 32])
}

/// Suppliers and an order each, all in Coupa, with a worker whose requests to SAP take their time.
pub(crate) async fn rig(suppliers: usize, sap_takes: Duration) -> Rig {
    let mut world = World::new();
    for number in 1..=suppliers {
        let code = format!("V{number:04}");
        world.sap.add_supplier(supplier(&code)).unwrap();
        world.sap.add_purchase_order(document(&code, vec![line("A1", 1, "10")])).unwrap();
    }
    let config = world.config(5, "");
    let pipeline = world.pipeline(&config);
    for kind in [ObjectKind::Supplier, ObjectKind::PurchaseOrder] {
        while pipeline.poll(kind).await.unwrap().more {}
        while pipeline.work(50).await.unwrap().received > 0 {}
    }
    world.sap_takes = sap_takes;
    let (kept, pipeline) = (Kept::default(), world.pipeline(&config));
    let trail = Trail {
        store: Arc::clone(&world.store),
        kept: Arc::default(),
        gone: Arc::default(),
        forged: Arc::default(),
        looked_at: Arc::default(),
        away: Arc::default(),
    };
    let reconciler = Reconciler {
        pipeline,
        config,
        signing_key: Arc::new(signing_key()),
        folder: Box::new(kept.clone()),
        trail: Arc::new(trail.clone()),
        figures: world.figures(),
    };
    Rig { world, reconciler, kept, trail }
}

impl Rig {
    pub(crate) async fn compare(&self, objects: Value) -> Result<Value, Code> {
        let event = json!({ "objects": objects });
        self.reconciler.handle(event, self.world.deadline(900)).await.map_err(|failure| failure.code)
    }

    /// `Differences` of the last comparison: in all, and by object.
    pub(crate) fn differences(&self) -> (Option<u64>, Vec<(String, u64)>) {
        let lines = self.world.lines.with("Differences");
        let count = |line: &Value| line["Differences"].as_u64().unwrap();
        let of_object = |line: &Value| Some((line["Object"].as_str()?.to_owned(), count(line)));
        let in_all = lines.iter().rfind(|line| line.get("Object").is_none()).map(count);
        (in_all, lines.iter().filter_map(of_object).filter(|(_, count)| *count > 0).collect())
    }

    pub(crate) fn counted(&self, metric: &str) -> usize {
        self.world.lines.with(metric).len()
    }

    pub(crate) async fn record(&self) -> Option<Value> {
        self.world.store.record(LAST_COMPARISON).await.unwrap()
    }
}
