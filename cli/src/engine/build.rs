use crate::{
    CliError, CliResult,
    commands::{
        App,
        records::{SAP_REFUSAL, SAP_SESSION, SessionRecord},
    },
};
use model::{Credential, LocalSecret, Owner, Random};
use pipeline::Pipeline;
use secrecy::SecretString;
use setup::{Config, Parts};
use std::sync::Arc;
use store::{EmbeddedStore, SecretName, Secrets, StateStore};
use wire::SystemRandom;

/// Everything that works, and what it works on.
pub struct Engine {
    /// The use cases.
    pub pipeline: Pipeline,
    /// Queue, state and audit trail.
    pub store: Arc<EmbeddedStore>,
    /// How many changes are received at once.
    pub batch: usize,
}

impl Engine {
    /// Builds everything from the config. Speaks to nobody yet.
    pub async fn build(app: &App, config: &Config) -> CliResult<Self> {
        let secrets = app.secrets(config)?;
        // A mapping file that can't be read must not leave a new database behind.
        setup::load_mapping(config)?;
        let store = Arc::new(app.open_store(config)?);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let parts = Parts {
            queue: Arc::clone(&store) as _,
            state: Arc::clone(&store) as _,
            ledger: Arc::clone(&store) as _,
            sap_password: secret(&secrets, SecretName::SapPassword)?,
            sap_refusal: stored_refusal(&store).await?,
            coupa_secret: secret(&secrets, SecretName::CoupaClientSecret)?,
            sap_session: Arc::new(LocalSecret::default()),
            coupa_token: Arc::new(LocalSecret::default()),
            clock: Arc::clone(&app.clock),
            owner: Owner(format!("{}-{:08x}", std::process::id(), random.next_u64() >> 32)),
            random,
        };
        let pipeline = setup::pipeline(config, parts).await?;
        Ok(Self { pipeline, store, batch: setup::batch(config) })
    }

    /// Leaves word of the SAP session and of a refused log-in: for `status`, and so that a job that runs every minute
    /// can't lock SAP's user.
    pub async fn remember_session(&self) -> CliResult<()> {
        let refusal = self.pipeline.sap.refusal().and_then(|refusal| serde_json::to_value(refusal).ok());
        if refusal.is_some() || self.store.record(SAP_REFUSAL).await?.is_some() {
            self.store.save_record(SAP_REFUSAL, refusal.as_ref()).await?;
        }
        let status = self.pipeline.sap.session();
        if let Some((logged_in_at, info)) = status.logged_in {
            let record = SessionRecord {
                logged_in_at,
                last_used_at: status.last_used,
                timeout_minutes: info.session_timeout_minutes,
                version: info.version,
            };
            let record = serde_json::to_value(record).map_err(|error| CliError::new(error.to_string()))?;
            self.store.save_record(SAP_SESSION, Some(&record)).await?;
        }
        Ok(())
    }

    /// Gives the SAP session back: the next process has its own.
    pub async fn close(&self) {
        if let Err(error) = self.pipeline.sap.log_out().await {
            tracing::debug!(%error, "the log-out failed; the session ends by itself");
        }
    }
}

fn secret(secrets: &Secrets, name: SecretName) -> CliResult<Arc<dyn Credential>> {
    let secret: SecretString = secrets.require(name).cloned()?;
    Ok(Arc::new(secret))
}

async fn stored_refusal(store: &EmbeddedStore) -> CliResult<Option<sap::Refusal>> {
    let record = store.record(SAP_REFUSAL).await?;
    Ok(record.and_then(|record| serde_json::from_value(record).ok()))
}
