//! What can go wrong, how often it does in one seed, and how often it did.

use crate::random::Random;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

macro_rules! faults {
    ($($name:ident $text:literal $rate:literal;)*) => {
        /// One kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $(#[doc = $text] $name),* }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As reports call it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How often it strikes where a seed has it, in a hundred thousand occasions, or in a day for what
            /// has no occasion.
            const fn usual(self) -> u64 {
                match self { $(Self::$name => $rate),* }
            }
        }
    };
}

faults! {
    // Times a day.
    Killed "worker killed" 10;
    Frozen "worker frozen" 6;
    Deadline "worker out of time" 5;
    SeveralWorkers "several workers" 1;
    ClockSkew "clocks apart" 1;
    Outage "schedule stands still" 2;
    SapDown "SAP away" 3;
    CoupaDown "Coupa away" 3;
    LoginRefused "SAP log-in refused" 2;
    SecretsRotated "secrets rotated" 1;
    SessionsEnded "SAP sessions ended" 8;
    TokensRevoked "Coupa tokens revoked" 4;
    TokenNotLive "Coupa token not live yet" 1;
    DaylightSaving "daylight saving ends or begins" 1;
    // In a hundred thousand.
    FiredTwice "schedule fires twice" 6_000;
    FiredLate "schedule fires late" 8_000;
    NotFired "schedule does not fire" 8_000;
    Duplicated "message delivered twice" 4_000;
    Reordered "messages in any order" 50_000;
    AckLost "batch results lost" 2_500;
    QueueFails "queue throttled" 900;
    QueueReplyLost "queue's reply lost" 900;
    ReceiveCount "receive count runs out" 1;
    StoreThrottled "store throttled" 500;
    StoreReplyLost "store's reply lost" 500;
    StoreConflict "transaction conflict" 700;
    StaleRead "stale read" 30_000;
    SameMinute "changed twice in a minute" 15_000;
    LateRow "row visible late" 12_000;
    LateChange "change visible late" 8_000;
    PageShifts "page shifts while read" 4_000;
    SapLost "SAP's reply lost" 900;
    SapGateway "SAP 502" 900;
    SapSlow "SAP slow" 1_500;
    SapOdd "SAP answers oddly" 700;
    SessionExpired "SAP session expires at a request" 900;
    CoupaSlowed "429 with Retry-After" 500;
    CoupaSlowedUnsaid "429 without Retry-After" 500;
    CoupaFailsBefore "Coupa 5xx before the commit" 700;
    CoupaFailsAfter "Coupa 5xx after the commit" 1_800;
    CoupaReplyLost "Coupa's reply lost" 1_800;
    CoupaNotReached "Coupa not reached" 700;
    CoupaSlow "Coupa slow" 900;
    CoupaOdd "Coupa's reply broken" 700;
    CoupaLate "request arrives late" 1_500;
    CoupaRefuses "Coupa 400 for a field" 500;
    CoupaTaken "Coupa says already taken" 300;
    CoupaIgnores "Coupa ignores a reference" 400;
    Poison "Coupa refuses a document until it is mended" 4_000;
    WebhookLost "webhook lost" 8_000;
    WebhookDoubled "webhook sent twice" 12_000;
    WebhookLate "webhook late and out of order" 15_000;
    BothSides "supplier changed on both sides" 30_000;
    KilledInWish "worker killed over a person's wish" 30_000;
}

struct Lot {
    rate: u64,
    random: Random,
    met: AtomicU64,
}

/// The faults of one seed.
pub struct Faults {
    lots: Vec<Lot>,
    on: AtomicBool,
    rare: Mutex<BTreeMap<&'static str, u64>>,
}

impl Faults {
    /// Every other kind, each at a strength of its own; none of those that are left out.
    pub fn draw(seed: u64, left_out: &[Fault], intensity: u64) -> Self {
        let draw = Random::of(seed, "which faults");
        let lot = |fault: Fault| {
            let strength = [0, 0, 40, 100, 250][draw.below(5)] * intensity / 100;
            let rate = if left_out.contains(&fault) { 0 } else { (fault.usual() * strength).div_ceil(100) };
            Lot { rate, random: Random::of(seed, fault.name()), met: AtomicU64::new(0) }
        };
        Self { lots: Fault::ALL.iter().copied().map(lot).collect(), on: true.into(), rare: Mutex::default() }
    }

    /// Nothing goes wrong.
    pub fn none() -> Self {
        let faults = Self::draw(0, Fault::ALL, 100);
        faults.on.store(false, Relaxed);
        faults
    }

    /// From here on nothing goes wrong, or things do again.
    pub fn turn(&self, on: bool) {
        self.on.store(on, Relaxed);
    }

    /// Whether things go wrong at present.
    pub fn are_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Whether it strikes on this occasion. Not counted yet.
    pub fn strikes(&self, fault: Fault) -> bool {
        let lot = &self.lots[fault as usize];
        lot.rate > 0 && self.are_on() && lot.random.next() % 100_000 < lot.rate
    }

    /// Whether it strikes on this occasion; counted.
    pub fn hits(&self, fault: Fault) -> bool {
        let hits = self.strikes(fault);
        if hits {
            self.met(fault);
        }
        hits
    }

    /// It happened.
    pub fn met(&self, fault: Fault) {
        self.lots[fault as usize].met.fetch_add(1, Relaxed);
    }

    /// How often in this seed, for what happens so many times a day.
    pub fn times(&self, fault: Fault) -> u64 {
        self.lots[fault as usize].rate
    }

    /// The numbers that belong to it.
    pub fn random(&self, fault: Fault) -> &Random {
        &self.lots[fault as usize].random
    }

    /// How often each was met.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        Fault::ALL.iter().zip(&self.lots).map(|(fault, lot)| (fault.name(), lot.met.load(Relaxed))).collect()
    }

    /// A rare state was met.
    pub fn saw(&self, what: &'static str) {
        *self.rare.lock().unwrap().entry(what).or_default() += 1;
    }

    /// How often each rare state was met.
    pub fn rare(&self) -> BTreeMap<&'static str, u64> {
        self.rare.lock().unwrap().clone()
    }
}
