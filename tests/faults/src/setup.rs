//! How the world of one seed is set up, besides what goes wrong in it.

use crate::{
    cloud::Edition,
    fault::{Fault, Faults},
    random::Random,
    ways::Ways,
};
use jiff::{SignedDuration, Timestamp};
use simulators::{coupa, sap};
use std::time::Duration;

/// What a run can be told.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Faults left out.
    pub without: Vec<Fault>,
    /// What people enter in SAP, in all.
    pub deeds: usize,
    /// How long things go wrong.
    pub hours: i64,
    /// How strong the faults are, in percent of the usual.
    pub intensity: u64,
    /// Keep lines for people.
    pub tell: bool,
    /// Only SAP's people and the workers: nobody in Coupa, no webhooks, no operators.
    pub plain: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { without: vec![], deeds: 200, hours: 24, intensity: 100, tell: false, plain: false }
    }
}

/// How it is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose stores.
    pub edition: Edition,
    /// Workers at once.
    pub workers: usize,
    /// Batches in the air in each.
    pub batches: usize,
    /// Changes in a batch.
    pub batch: usize,
    /// Of polls.
    pub interval: SignedDuration,
    /// Of SAP.
    pub page_size: usize,
    /// Of Coupa.
    pub requests_per_second: i64,
    /// When it begins.
    pub start: Timestamp,
    /// When SAP's clocks change, and to which offset in minutes.
    pub clocks_change: Option<(Timestamp, i32)>,
    /// What this Service Layer is like.
    pub sap: sap::Settings,
    /// What this Coupa is like.
    pub coupa: coupa::Settings,
    /// What goes on beside.
    pub ways: Ways,
}

impl Setup {
    /// As the seed says.
    pub fn draw(seed: u64, faults: &Faults, options: &RunOptions) -> Self {
        let (draw, ways) = (Random::of(seed, "setup"), Ways::draw(seed, options));
        let edition = if draw.percent(65) { Edition::Aws } else { Edition::Machine };
        let several = faults.times(Fault::SeveralWorkers) > 0;
        let workers = if several { draw.below(2) + 2 } else { 1 };
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let (start, clocks_change, offset) = match (faults.times(Fault::DaylightSaving), draw.below(2)) {
            (0, _) => (moment("2026-11-20T05:00:00Z"), None, 60),
            // Clocks go back, an hour is stamped twice; or they go forward, and an hour is missing.
            (_, 0) => (moment("2026-10-24T13:00:00Z"), Some((moment("2026-10-25T01:00:00Z"), 60)), 120),
            (_, _) => (moment("2027-03-27T13:00:00Z"), Some((moment("2027-03-28T01:00:00Z"), 120)), 60),
        };
        let flag = || draw.percent(50);
        let sap = sap::Settings {
            utc_offset_minutes: offset,
            times_with_seconds: flag(),
            stamp_on_create: flag(),
            payment_stamps_invoice: flag(),
            copy_stamps_base: flag(),
            cancellation_shows_cancelled: flag(),
            unstable_order: flag(),
            session_timeout: Duration::from_secs(if flag() { 30 * 60 } else { 3 * 60 }),
            lock_after: 1_000,
            ..sap::Settings::default()
        };
        let warm_up = if faults.times(Fault::TokenNotLive) > 0 {
            faults.met(Fault::TokenNotLive);
            draw.between(1, 8)
        } else {
            0
        };
        let coupa = coupa::Settings {
            token_warm_up: Duration::from_secs(warm_up.unsigned_abs()),
            token_lifetime: Duration::from_secs(if flag() { 86_399 } else { 7_200 }),
            created_order_status: if flag() { "draft" } else { "issued" },
            cancelled_status: if flag() { "cancelled" } else { "canceled" },
            soft_closed_status: if flag() { "soft_closed" } else { "closed" },
            submitted_status: if flag() { "approved" } else { "pending_approval" },
            request_log_limit: 0,
            ..coupa::Settings::default()
        };
        Self {
            edition,
            workers,
            batches: draw.below(2) + 1,
            batch: if edition == Edition::Aws { 10 } else { [10, 50][draw.below(2)] },
            interval: SignedDuration::from_secs([900, 1_800, 2_700][draw.below(3)]),
            page_size: [5, 20, 100][draw.below(3)],
            requests_per_second: [4, 20, 20][draw.below(3)],
            start,
            clocks_change,
            sap: sap::Settings { partners_have_coupa_id: ways.marks, ..sap },
            coupa,
            ways,
        }
    }
}
