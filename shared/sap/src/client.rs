use crate::{
    Error, LoginInfo, Refusal, SessionStatus, Settings, SettingsError, Stats,
    batches::MOST_KEYS,
    pages::Root,
    reply::{Fault, judge},
    sessions::Sessions,
    stats::Counters,
    throttle::Throttle,
};
use bytes::Bytes;
use http::{Method, header};
use jiff::{SignedDuration, Timestamp};
use model::{Clock, Credential, Random, SharedSecret};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use wire::{Limits, Transport};

const AROUND_LOGIN: SignedDuration = SignedDuration::from_secs(10);

/// One company on one Service Layer, read through one session.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) root: Root,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) password: Arc<dyn Credential>,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) counters: Counters,
    /// Documents that lately fitted into one reply.
    pub(crate) batch_limit: AtomicUsize,
}

impl Client {
    /// A client that has not spoken to SAP yet. Clients with the same `shared` cell use one session.
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        password: Arc<dyn Credential>,
        shared: Arc<dyn SharedSecret>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let me = format!("{:016x}", random.next_u64());
        // One Login, and reading and writing the cell before and after it.
        let login = SignedDuration::try_from(settings.request_timeout).unwrap_or(SignedDuration::MAX);
        let turn = login.saturating_add(AROUND_LOGIN);
        Ok(Self {
            root: Root::new(&settings.service_layer_url, settings.odata)?,
            throttle: Throttle::new(settings.max_parallel_requests),
            settings,
            transport,
            clock,
            random,
            password,
            sessions: Sessions::new(shared, me, turn),
            counters: Counters::default(),
            batch_limit: AtomicUsize::new(MOST_KEYS),
        })
    }

    /// Goes on with a refusal that another process met, so that starting again doesn't lock the user.
    #[must_use]
    pub fn with_refusal(self, refusal: Refusal) -> Self {
        self.sessions.expect(refusal);
        self
    }

    /// Lets the next log-in be tried at once, whatever was refused before: for when a person has mended the cause.
    pub async fn forget_refusal(&self) -> Result<(), Error> {
        Ok(self.sessions.forgive().await?)
    }

    /// The last refusal, to keep across processes: while its pause lasts no log-in is tried, and behind it the next
    /// refusal's pause is twice as long. A log-in that succeeds forgets it.
    pub fn refusal(&self) -> Option<Refusal> {
        self.sessions.status().refusal
    }

    /// Until when no log-in is tried, if that is so now.
    pub fn refused_until(&self) -> Option<Timestamp> {
        self.refusal().map(|refusal| refusal.until).filter(|until| self.clock.now() < *until)
    }

    /// Logs in, unless a session is there already. A log-in that failed for the moment is tried once more, a refused one
    /// never.
    pub async fn log_in(&self) -> Result<LoginInfo, Error> {
        let session = match self.current_session().await {
            Err(Fault::Passing(_) | Fault::Switch(_)) => {
                self.pause(1).await;
                self.current_session().await
            }
            other => other,
        };
        session.map(|session| session.info.clone()).map_err(Fault::into_error)
    }

    /// Gives the session back, if there is one that nobody else may be using. Never logs in.
    pub async fn log_out(&self) -> Result<(), Error> {
        let Some(session) = self.sessions.take().await else { return Ok(()) };
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(self.root.url("Logout"))
            .header(header::COOKIE, session.cookie.clone())
            .body(Bytes::new())
            .map_err(|_| Error::BadReply("the URL of Logout can't be asked".to_owned()))?;
        let limits = Limits { timeout: self.settings.request_timeout, max_body_bytes: 64 << 10 };
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let reply =
            self.transport.send(request, limits).await.map_err(|error| Fault::from(error).into_error())?;
        match judge(reply) {
            // What SAP no longer knows need not be given back.
            Ok(_) | Err(Fault::SessionLost(_)) => Ok(()),
            Err(fault) => Err(fault.into_error()),
        }
    }

    /// Requests so far.
    pub fn stats(&self) -> Stats {
        Stats {
            requests: self.counters.requests.load(Ordering::Relaxed),
            logins: self.counters.logins.load(Ordering::Relaxed),
            retries: self.counters.retries.load(Ordering::Relaxed),
            sessions_lost: self.sessions.lost_count(),
            parallel_now: self.throttle.limit(),
        }
    }

    /// When SAP last answered, whatever it said; to the second.
    pub fn answered_at(&self) -> Option<Timestamp> {
        let second = self.counters.answered_at.load(Ordering::Relaxed);
        Timestamp::from_second(second).ok().filter(|_| second > 0)
    }

    /// How the session stands, for people.
    pub fn session(&self) -> SessionStatus {
        self.sessions.status()
    }
}
