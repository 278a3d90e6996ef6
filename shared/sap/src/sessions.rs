//! The session that all workers of a company use, among processes by a shared cell, within one by what it remembers.

use crate::{
    Error, Refusal, SessionStatus,
    session::{Kept, Session},
};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use model::{RenewedCell, SharedSecret, SharedSecretError, Turn};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A cell that so many others were quicker at is broken.
const LOOKS: u32 = 64;

pub(crate) struct Sessions {
    /// Whoever holds it may look for a session; the others of this process wait for what comes of it.
    pub(crate) gate: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    cell: RenewedCell<Kept, Refusal>,
    /// Under which name this process takes its turn to log in.
    me: String,
    /// How long a turn lasts.
    turn: SignedDuration,
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    /// SAP no longer knows it, whatever the cell says.
    dead: Option<HeaderValue>,
    refusal: Option<Refusal>,
}

/// What there is for somebody without a session.
pub(crate) enum Look {
    Session(Arc<Session>),
    /// No log-in before the refusal's pause is over.
    Refused(Error),
    /// Another worker is logging in.
    Wait,
    /// It is our turn to log in, and nobody else's.
    Turn,
}

impl Sessions {
    pub(crate) fn new(cell: Arc<dyn SharedSecret>, me: String, turn: SignedDuration) -> Self {
        Self {
            gate: tokio::sync::Mutex::new(()),
            state: Mutex::default(),
            cell: RenewedCell::new(cell),
            me,
            turn,
            lost: AtomicU64::new(0),
        }
    }

    /// The session that this process used last, as long as SAP keeps it.
    pub(crate) fn fresh(&self, now: Timestamp) -> Option<Arc<Session>> {
        self.state().session.as_ref().filter(|session| session.is_fresh(now)).cloned()
    }

    /// Looks into the cell. Where nobody else has a session or is about to, the turn to log in is ours.
    pub(crate) async fn look(&self, now: impl Fn() -> Timestamp + Send) -> Result<Look, SharedSecretError> {
        for _ in 0..LOOKS {
            let (mut held, revision) = self.cell.load().await?;
            let now = now();
            if let Some(session) = held.current.as_ref().and_then(|kept| self.adopt(kept, now)) {
                return Ok(Look::Session(session));
            }
            // A refusal that was handed in counts until the cell has a word of its own.
            if revision == 0 {
                held.refusal = self.state().refusal.clone();
            } else {
                self.state().refusal.clone_from(&held.refusal);
            }
            if let Some(refusal) = held.refusal.as_ref().filter(|refusal| now < refusal.until) {
                let Refusal { until, text, .. } = refusal.clone();
                return Ok(Look::Refused(Error::LoginRefused { until, text }));
            }
            if held.asked_by_another(&self.me, now, self.turn) {
                return Ok(Look::Wait);
            }
            held.turn = Some(self.new_turn(now));
            // Nobody should begin with what has run out or is dead while we log in.
            held.current = None;
            if self.cell.save(&held, revision).await? {
                return Ok(Look::Turn);
            }
        }
        Err(SharedSecretError("others were quicker each time".to_owned()))
    }

    fn adopt(&self, kept: &Kept, now: Timestamp) -> Option<Arc<Session>> {
        let mut state = self.state();
        if state.dead.as_ref().is_some_and(|dead| kept.is(dead)) {
            return None;
        }
        let session = Arc::new(kept.session().filter(|session| session.is_fresh(now))?);
        *state = State { session: Some(Arc::clone(&session)), ..State::default() };
        Some(session)
    }

    /// Makes our turn last for one more log-in. `false` if it has become another's meanwhile.
    pub(crate) async fn prolong(&self, now: Timestamp) -> Result<bool, SharedSecretError> {
        let (mut held, revision) = self.cell.load().await?;
        if held.turn.as_ref().is_none_or(|turn| turn.by != self.me) {
            return Ok(false);
        }
        held.turn = Some(self.new_turn(now));
        self.cell.save(&held, revision).await
    }

    fn new_turn(&self, now: Timestamp) -> Turn {
        Turn { by: self.me.clone(), until: now.saturating_add(self.turn).unwrap_or(Timestamp::MAX) }
    }

    /// Our log-in came to this session: it is everybody's.
    pub(crate) async fn made(&self, session: Session) -> Arc<Session> {
        let session = Arc::new(session);
        *self.state() = State { session: Some(Arc::clone(&session)), ..State::default() };
        let kept = session.kept(session.since);
        self.say("the session", |held| {
            held.current.clone_from(&kept);
            held.refusal = None;
            held.end_turn(&self.me);
        })
        .await;
        session
    }

    /// Our log-in was refused: nobody tries again before the pause is over.
    pub(crate) async fn refused(&self, text: String, now: Timestamp) -> Error {
        let refusal = {
            let mut state = self.state();
            let refusal = Refusal::after(state.refusal.as_ref(), text, now);
            state.refusal = Some(refusal.clone());
            refusal
        };
        let Refusal { until, times, text } = refusal.clone();
        tracing::error!(%until, times, "the Service Layer refused the log-in: {text}");
        self.say("the refusal", |held| {
            held.refusal = Some(refusal.clone());
            held.end_turn(&self.me);
        })
        .await;
        Error::LoginRefused { until, text }
    }

    /// Our log-in came to nothing: the next one may try at once.
    pub(crate) async fn nothing_made(&self) {
        self.say("the end of the log-in", |held| held.end_turn(&self.me)).await;
    }

    /// Tells the others now and then that the session is in use.
    pub(crate) async fn tell(&self, session: &Session, now: Timestamp) {
        if !self.cell.is_shared() || !session.to_tell(now) {
            return;
        }
        self.say("the use of the session", |held| {
            if let Some(kept) = held.current.as_mut().filter(|kept| kept.is(&session.cookie)) {
                kept.used(now);
            }
        })
        .await;
    }

    /// What can't be said costs the others a log-in or a wait, and us nothing.
    async fn say(&self, what: &str, change: impl Fn(&mut model::Renewed<Kept, Refusal>) + Send + Sync) {
        if let Err(error) = self.cell.change(change).await {
            tracing::warn!(%error, "the other workers could not be told {what}");
        }
    }

    /// SAP no longer knows `session`. Nothing happens where another worker has already replaced it.
    pub(crate) fn lost(&self, session: &Arc<Session>) {
        let mut state = self.state();
        if state.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            state.session = None;
            state.dead = Some(session.cookie.clone());
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Takes the session away, to give it back to SAP; nothing where others may be using it.
    pub(crate) async fn take(&self) -> Option<Arc<Session>> {
        if self.cell.is_shared() {
            return None;
        }
        let session = self.state().session.take()?;
        self.say("the log-out", |held| held.current = None).await;
        Some(session)
    }

    /// Goes on with a refusal from elsewhere.
    pub(crate) fn expect(&self, refusal: Refusal) {
        self.state().refusal = Some(refusal);
    }

    /// Lets the next log-in be tried at once.
    pub(crate) async fn forgive(&self) -> Result<(), SharedSecretError> {
        self.state().refusal = None;
        self.cell.change(|held| held.refusal = None).await
    }

    pub(crate) fn lost_count(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub(crate) fn status(&self) -> SessionStatus {
        let state = self.state();
        let session = state.session.as_ref();
        SessionStatus {
            logged_in: session.map(|session| (session.since, session.info.clone())),
            last_used: session.and_then(|session| session.last_used()),
            refusal: state.refusal.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
