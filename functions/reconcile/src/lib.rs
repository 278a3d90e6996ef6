//! Compares both sides completely, certifies what it found, and makes itself heard where they differ.

mod ask;
mod let_go;

use async_trait::async_trait;
use certificate::{About, Certificate, File, Key, LAST_COMPARISON};
use functions::{Deadline, Figures, store_failed};
use model::{Code, Credential, ErrorClass, Failure, ObjectKind};
use pipeline::{
    Pipeline,
    reconcile::{Balance, Difference, Progress, ReconcileError, Scope},
};
use serde_json::Value;
use setup::Config;
use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::ExpiringTrail;
use telemetry::Metric;

/// No further page is begun then.
const MARGIN: Duration = Duration::from_secs(90);
/// A page that is still under way then is given up. What remains is for certificate and record.
const LAST_MOMENT: Duration = Duration::from_secs(45);
/// So many differences are told in the log; the certificate has all.
const TOLD: usize = 50;

/// Where certificates are kept.
#[async_trait]
pub trait Folder: Send + Sync {
    /// Keeps a file, and answers where it is. The error is for people.
    async fn keep(&self, file: &File, media_type: &str) -> Result<String, String>;

    /// Keeps a checkpoint of the audit trail, unless one of that name is there already. Answers whether it kept it. The error is for
    /// people.
    async fn keep_once(&self, file: &File) -> Result<bool, String>;
}

/// Everything that the function needs, handed in.
pub struct Reconciler {
    /// The use cases.
    pub pipeline: Pipeline,
    /// What is to be the same on both sides.
    pub config: Config,
    /// What expires, to be signed before it goes.
    pub trail: Arc<dyn ExpiringTrail>,
    /// What certificates and checkpoints are signed with.
    pub signing_key: Arc<dyn Credential>,
    /// Where they are kept.
    pub folder: Box<dyn Folder>,
    /// Where figures go.
    pub figures: Figures,
}

impl Reconciler {
    /// Works on one event, and answers what was found.
    pub async fn handle(&self, event: Value, deadline: Deadline) -> Result<Value, Failure> {
        let moving: BTreeSet<ObjectKind> = self.config.sync.objects.iter().copied().collect();
        let scope = ask::read(event, &moving)?;
        let compared = self.compare(&scope, scope.objects == moving, deadline).await;
        self.figures.calls(&self.pipeline);
        if compared.as_ref().is_err_and(|failure| failure.class() == ErrorClass::Auth) {
            self.figures.put(telemetry::About::Company, Metric::AuthFailures, 1);
        }
        compared
    }

    async fn compare(&self, scope: &Scope, all: bool, deadline: Deadline) -> Result<Value, Failure> {
        // First, because without it a long comparison would be in vain.
        let key = self.key().await?;
        // Before the comparison, which may take all the time there is; what becomes of it is told when both sides have been compared.
        let signed = if all { self.sign_what_expires(&key, deadline).await } else { Ok(()) };
        if let Err(failure) = &signed {
            tracing::error!(
                code = failure.code.number(),
                reason = failure.message,
                "what expires was not signed"
            );
        }
        let balance = self.balance(scope, deadline).await?;
        self.tell(scope, all, &balance.differences);
        let about = About::of(&self.config, scope.days, self.pipeline.clock.now());
        let certificate = Certificate::new(balance, about);
        let kept = self.certify(&certificate, &key).await?;
        let record = certificate.record(&kept);
        let saved = self.pipeline.state.save_record(LAST_COMPARISON, Some(&record)).await;
        saved.map_err(|error| store_failed(&error))?;
        if all {
            self.figures.put(telemetry::About::Company, Metric::Comparisons, 1);
        }
        tracing::info!(
            in_balance = certificate.in_balance,
            differences = certificate.differences.len(),
            certificate = kept,
            "comparison"
        );
        signed.map(|()| record)
    }

    /// Read anew for each event, so that a key that was rotated since is not used any more.
    async fn key(&self) -> Result<Key, Failure> {
        let missing = |why: String| Failure::new(Code::SigningKeyMissing, why);
        let text = self.signing_key.read_again().await.map_err(|error| missing(error.to_string()))?;
        Key::read(&text).map_err(|error| missing(error.to_string()))
    }

    async fn balance(&self, scope: &Scope, deadline: Deadline) -> Result<Balance, Failure> {
        let stopping = Arc::new(AtomicBool::new(false));
        let pipeline = Pipeline { stopping: Arc::clone(&stopping), ..self.pipeline.clone() };
        let clock = pipeline.clock.as_ref();
        let reached: Mutex<Option<Progress>> = Mutex::new(None);
        let each = |progress| {
            *reached.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
            stopping.store(deadline.earlier(MARGIN).is_over(clock), Ordering::Relaxed);
        };
        // Boxed, because the compiler won't nest futures as deeply as this one already does.
        let work: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(pipeline.reconcile(scope, &each));
        let compared = deadline.earlier(LAST_MOMENT).bound(clock, work).await;
        compared.unwrap_or(Err(ReconcileError::Stopped)).map_err(|error| match error {
            ReconcileError::Sap(error) => error.failure(),
            ReconcileError::Coupa(error) => error.failure(),
            ReconcileError::Store(failure) => failure,
            ReconcileError::Kept(error) => store_failed(&error),
            ReconcileError::Stopped => too_long(*reached.lock().unwrap_or_else(PoisonError::into_inner)),
        })
    }

    /// Told before the certificate is made: a difference is one although its certificate can't be kept.
    fn tell(&self, scope: &Scope, all: bool, differences: &[Difference]) {
        for kind in &scope.objects {
            let of_kind = differences.iter().filter(|one| one.object == kind.plural()).count();
            self.count(telemetry::About::Object(*kind), of_kind);
        }
        // The alarm looks at this one: a part that is in balance must not end it.
        if all {
            self.count(telemetry::About::Company, differences.len());
        }
        for one in differences.iter().take(TOLD) {
            tracing::warn!(
                object = one.object,
                number = one.number,
                supplier = one.supplier,
                difference = one.kind.words(),
                fields = one.fields.join(", "),
                "SAP and Coupa differ"
            );
        }
        if differences.len() > TOLD {
            tracing::warn!(more = differences.len() - TOLD, "the certificate has all differences");
        }
    }

    fn count(&self, about: telemetry::About, differences: usize) {
        self.figures.put(about, Metric::Differences, u64::try_from(differences).unwrap_or(u64::MAX));
    }

    /// Signs and keeps both files; answers where the one for machines is.
    async fn certify(&self, certificate: &Certificate, key: &Key) -> Result<String, Failure> {
        let files = certificate.files(key).map_err(|error| store_failed(&error))?;
        let failed = |why: String| store_failed(&format!("the certificate can't be kept: {why}"));
        self.folder.keep(&files.page, "text/html; charset=utf-8").await.map_err(failed)?;
        self.folder.keep(&files.json, "application/json").await.map_err(failed)
    }
}

fn too_long(reached: Option<Progress>) -> Failure {
    let far = reached.map_or_else(
        || "before the first page was compared".to_owned(),
        |at| format!("at {}, after {} rows of Coupa's and {} of SAP's", at.kind.plural(), at.coupa, at.sap),
    );
    Failure::new(Code::ComparisonTooLong, format!("the function's time was over {far}"))
}
