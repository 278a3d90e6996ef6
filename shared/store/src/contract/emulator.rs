//! What the tests of the AWS adapters are made of: tables, queues, and the randomness and time that they need.

use super::VirtualClock;
use crate::aws::{Aws, AwsStore, AwsStoreSettings, QueueUrls, SqsQueue, TableNames, create_tables};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, CompanyDb, Random};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Spread out, and different in every process.
#[derive(Debug)]
pub struct TestRandom(AtomicU64);

impl Default for TestRandom {
    fn default() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let started = RealClock.now().as_nanosecond().unsigned_abs();
        Self(AtomicU64::new(u64::try_from(started % (1 << 60)).unwrap().wrapping_add(made << 32)))
    }
}

impl Random for TestRandom {
    fn next_u64(&self) -> u64 {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 31)
    }
}

/// The time that an emulated SQS lives by.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

#[async_trait]
impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "SQS lets nobody hand time in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// A little longer: SQS's seconds need not begin with ours.
    #[expect(clippy::disallowed_methods, reason = "SQS lets nobody hand time in")]
    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause + Duration::from_millis(150)).await;
    }
}

/// A name that no other test has used or will.
pub fn fresh_name(what: &str) -> String {
    static RANDOM: OnceLock<TestRandom> = OnceLock::new();
    format!("{what}-{:016x}", RANDOM.get_or_init(TestRandom::default).next_u64())
}

/// Tables of one test, in virtual time.
pub struct FreshTables {
    aws: Aws,
    names: TableNames,
    /// Handed in, as everywhere.
    pub clock: Arc<VirtualClock>,
}

impl FreshTables {
    /// Makes them.
    pub async fn new(aws: Aws) -> Self {
        let names = TableNames { state: fresh_name("state"), audit: fresh_name("audit") };
        create_tables(&aws.dynamo(), &names).await;
        Self { aws, names, clock: Arc::default() }
    }

    /// A handle on them.
    pub fn store(&self) -> AwsStore {
        self.store_of(CompanyDb("SBODEMOUS".to_owned()), Arc::clone(&self.clock) as _)
    }

    /// A handle on them for another company, in another's time.
    pub fn store_of(&self, company: CompanyDb, clock: Arc<dyn Clock>) -> AwsStore {
        self.made(company, clock, None)
    }

    /// A handle that lets entries of the audit trail expire after so long.
    pub fn expiring(&self, kept: SignedDuration) -> AwsStore {
        self.made(CompanyDb("SBODEMOUS".to_owned()), Arc::clone(&self.clock) as _, Some(kept))
    }

    fn made(&self, company: CompanyDb, clock: Arc<dyn Clock>, kept: Option<SignedDuration>) -> AwsStore {
        let settings = AwsStoreSettings { tables: self.names.clone(), company, audit_retention: kept };
        AwsStore::new(&self.aws, settings, clock, Arc::new(TestRandom::default()))
    }
}

/// Queues of one test, in real time.
pub struct FreshQueues {
    aws: Aws,
    /// Where they are.
    pub urls: QueueUrls,
    /// SQS's time.
    pub clock: RealClock,
}

impl FreshQueues {
    /// Makes them.
    pub async fn new(aws: Aws) -> Self {
        let sqs = aws.sqs();
        let mut urls = Vec::new();
        for what in ["live", "backfill", "dead-letters"] {
            let queue = sqs.create_queue().queue_name(fresh_name(what)).send().await.unwrap();
            urls.push(queue.queue_url.unwrap());
        }
        let [live, backfill, dead_letters] = urls.try_into().unwrap();
        Self { aws, urls: QueueUrls { live, backfill, dead_letters }, clock: RealClock }
    }

    /// A handle on them.
    pub fn queue(&self) -> SqsQueue {
        SqsQueue::new(&self.aws, self.urls.clone(), Arc::new(self.clock), Arc::new(TestRandom::default()))
    }

    /// For looking at what the queues hold.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        self.aws.sqs()
    }
}

/// The SDK's settings for something at this address that speaks as AWS does.
pub async fn at(endpoint: &str) -> Aws {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region("us-east-1")
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test"))
        .http_client(http)
        .load()
        .await;
    Aws::new(config)
}
