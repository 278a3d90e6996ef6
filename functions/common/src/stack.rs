use crate::Figures;
use coupa::BudgetBlock;
use lambda_runtime::Error;
use model::{Clock, CompanyDb, Credential, Owner, Random};
use pipeline::Pipeline;
use setup::{Config, Meter, Parts};
use std::{collections::BTreeMap, sync::Arc};
use store::{
    Queue, SecretName,
    aws::{Aws, AwsStore, SecretMember, SecretsManager, SqsQueue, StackNames},
};
use wire::{SystemClock, SystemRandom};

/// One deployed stack, as a function sees it. Made once, before the first event, and without a word to the network: what
/// is slow or may fail is done under an event, which then says so.
pub struct Stack {
    /// What the template says.
    pub names: StackNames,
    /// What the config says.
    pub config: Config,
    /// Settings of AWS's clients.
    pub aws: Aws,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// State, audit trail, Coupa's budget.
    pub store: Arc<AwsStore>,
    /// Changes on their way.
    pub queue: Arc<SqsQueue>,
    /// What is asked of SAP.
    pub sap_meter: Arc<Meter>,
    secret: Arc<dyn Credential>,
}

/// Sets up logging, and the stack that the environment names.
pub async fn start() -> Result<Stack, Error> {
    let names = StackNames::read(|name| std::env::var(name).ok())?;
    telemetry::init(telemetry::Format::Json, names.log_level.parse()?)?;
    Stack::new(names).await
}

impl Stack {
    async fn new(names: StackNames) -> Result<Self, Error> {
        let mut config = Config::load(&names.config_file)?;
        config.sap.max_parallel_requests = names.sap_requests;
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        let aws = Aws::from_env().await;
        let settings = names.store_settings(config.sap.company_db.clone());
        let urls = names.queue_urls();
        let store = AwsStore::new(&aws, settings, Arc::clone(&clock), Arc::clone(&random));
        let queue = SqsQueue::new(&aws, urls, Arc::clone(&clock), Arc::clone(&random));
        // One secret holds all passwords, whatever the name that it is asked for by.
        let ids = BTreeMap::from([(SecretName::SapPassword, names.secret_arn.clone())]);
        let secret = SecretsManager::new(&aws, ids, Arc::clone(&clock)).credential(SecretName::SapPassword);
        Ok(Self {
            store: Arc::new(store),
            queue: Arc::new(queue),
            secret: Arc::new(secret),
            sap_meter: Arc::default(),
            names,
            config,
            aws,
            clock,
            random,
        })
    }

    /// Whose documents.
    pub fn company(&self) -> CompanyDb {
        self.config.sap.company_db.clone()
    }

    /// One of the passwords.
    pub fn secret(&self, name: &'static str) -> Arc<dyn Credential> {
        Arc::new(SecretMember::new(Arc::clone(&self.secret), name))
    }

    /// The pipeline on this stack.
    pub fn pipeline(&self) -> Result<Pipeline, setup::SetupError> {
        let queue: Arc<dyn Queue> = Arc::clone(&self.queue) as _;
        let parts = Parts {
            queue,
            state: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.store) as _,
            ledger: Arc::clone(&self.store) as _,
            sap_password: self.secret(SecretName::SapPassword.name()),
            coupa_secret: self.secret(SecretName::CoupaClientSecret.name()),
            sap_session: Arc::new(self.store.shared_secret(&setup::session_cell(&self.config))),
            coupa_token: Arc::new(self.store.shared_secret(&setup::token_cell(&self.config))),
            sap_refusal: None,
            budget_block: BudgetBlock::Large,
            sap_meter: Arc::clone(&self.sap_meter),
            clock: Arc::clone(&self.clock),
            owner: Owner(format!("lambda-{:016x}", self.random.next_u64())),
            random: Arc::clone(&self.random),
        };
        setup::pipeline(&self.config, parts)
    }

    /// Where figures go.
    pub fn figures(&self) -> Figures {
        Figures::to_stdout(self.company(), Arc::clone(&self.clock), Arc::clone(&self.sap_meter))
    }
}
