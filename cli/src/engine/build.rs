use crate::{
    CliError, CliResult,
    books::Books,
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
use store::{SecretName, Secrets};
use wire::SystemRandom;

/// Everything that works, and what it works on.
pub struct Engine {
    /// The use cases.
    pub pipeline: Pipeline,
    /// Queue, state and audit trail.
    pub books: Books,
    /// How many changes are received at once.
    pub batch: usize,
    /// Notes how long Coupa is away.
    pub coupa: notify::Watch,
}

impl Engine {
    /// Builds everything from the config. Speaks to nobody yet.
    pub async fn build(app: &App, config: &Config) -> CliResult<Self> {
        #[cfg(feature = "aws")]
        if let Some(stack) = app.find_stack(config).await? {
            return Self::on_stack(app, config, &stack);
        }
        let secrets = app.secrets(config)?;
        // A mapping file that can't be read must not leave a new database behind.
        setup::load_mapping(config)?;
        let books = app.open_books(config)?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let parts = Parts {
            queue: Arc::clone(&books.queue),
            state: Arc::clone(&books.state),
            audit: Arc::clone(&books.audit),
            ledger: Arc::clone(&books.ledger),
            sap_password: secret(&secrets, SecretName::SapPassword)?,
            sap_refusal: stored_refusal(&books).await?,
            coupa_secret: secret(&secrets, SecretName::CoupaClientSecret)?,
            sap_session: Arc::new(LocalSecret::default()),
            coupa_token: Arc::new(LocalSecret::default()),
            budget_block: coupa::BudgetBlock::Small,
            sap_meter: Arc::default(),
            clock: Arc::clone(&app.clock),
            owner: Owner(format!("{}-{:08x}", std::process::id(), random.next_u64() >> 32)),
            random,
        };
        let pipeline = setup::pipeline(config, parts)?;
        Ok(Self::new(pipeline, books, config))
    }

    fn new(pipeline: Pipeline, books: Books, config: &Config) -> Self {
        let coupa = notify::Watch::over(notify::System::Coupa);
        Self { pipeline, books, batch: setup::batch(config), coupa }
    }

    /// The same, with a guardrail that knows how many documents are linked and counts this run alone, or by the day where the
    /// run never ends.
    pub async fn guarded(mut self, config: &Config, by_day: bool) -> CliResult<Self> {
        let guardrail = setup::guardrail(config, by_day);
        guardrail.set_linked(self.books.link_counts().await?.unwrap_or_default().values().sum());
        self.pipeline.guardrail = Arc::new(guardrail);
        Ok(self)
    }

    /// The same on a stack's books: with its passwords, and with the session and the token that its functions share.
    #[cfg(feature = "aws")]
    pub fn on_stack(app: &App, config: &Config, stack: &crate::stack::Stack) -> CliResult<Self> {
        let books = stack.books();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let parts = Parts {
            queue: Arc::clone(&books.queue),
            state: Arc::clone(&books.state),
            audit: Arc::clone(&books.audit),
            ledger: Arc::clone(&books.ledger),
            sap_password: stack.secret(SecretName::SapPassword),
            sap_refusal: None,
            coupa_secret: stack.secret(SecretName::CoupaClientSecret),
            sap_session: Arc::new(stack.store().shared_secret(&setup::session_cell(config))),
            coupa_token: Arc::new(stack.store().shared_secret(&setup::token_cell(config))),
            budget_block: coupa::BudgetBlock::Large,
            sap_meter: Arc::default(),
            clock: Arc::clone(&app.clock),
            owner: Owner(format!("operator-{:08x}", random.next_u64() >> 32)),
            random,
        };
        let pipeline = setup::pipeline(config, parts)?;
        Ok(Self::new(pipeline, books, config))
    }

    /// Leaves word of SAP's last reply, of the session and of a refused log-in: for `status`, and so that a job that runs every minute
    /// can't lock SAP's user.
    pub async fn remember_session(&self) -> CliResult<()> {
        setup::remember_contact(&self.pipeline).await?;
        let refusal = self.pipeline.sap.refusal().and_then(|refusal| serde_json::to_value(refusal).ok());
        if refusal.is_some() || self.books.state.record(SAP_REFUSAL).await?.is_some() {
            self.books.state.save_record(SAP_REFUSAL, refusal.as_ref()).await?;
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
            self.books.state.save_record(SAP_SESSION, Some(&record)).await?;
        }
        Ok(())
    }

    /// Gives the SAP session back, unless others share it: the next process has its own.
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

async fn stored_refusal(books: &Books) -> CliResult<Option<sap::Refusal>> {
    let record = books.state.record(SAP_REFUSAL).await?;
    Ok(record.and_then(|record| serde_json::from_value(record).ok()))
}
