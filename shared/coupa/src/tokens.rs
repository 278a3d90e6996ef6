//! The one token of all workers. One of them fetches it while the others wait, or go on with the old one as long as that
//! lasts.

use crate::{
    Error,
    mint::Mint,
    token::{Kept, Token},
};
use jiff::{SignedDuration, Timestamp};
use model::{Credential, Renewed, RenewedCell, SharedSecret, SharedSecretError, Turn};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard};

/// A client that was refused is not tried again before a person can have looked at it.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Those who queued for a token that could not be had get the same answer for this long.
const FAILED_FOR: SignedDuration = SignedDuration::from_secs(5);
/// A renewal that failed is tried again after this, as long as the old token lasts.
const RENEW_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// While another worker renews the token, this one looks for the new one so often.
const LOOK_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// Beside one request, a turn to fetch a token has room for its slot and for reading and writing the cell.
const AROUND_REQUEST: SignedDuration = SignedDuration::from_secs(15);
/// No longer than this is another worker's new token waited for: whoever waits holds leases of documents.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// Between two looks whether the other worker is done, at first and at the most.
const FIRST_LOOK_MS: u64 = 100;
const LAST_LOOK_MS: u64 = 1_000;
/// A cell that so many others were quicker at is broken.
const LOOKS: u32 = 64;

/// Why Coupa gave no token, and until when it is not asked again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Refusal {
    until: Timestamp,
    text: String,
    /// Those asked for, where it is they that were refused.
    scopes: Option<String>,
}

/// The last failure that was no refusal, and how long it answers for.
type Failed = Option<(Timestamp, Error)>;

pub(crate) struct Tokens {
    current: RwLock<Option<Arc<Token>>>,
    minting: Mutex<Failed>,
    credential: Arc<dyn Credential>,
    cell: RenewedCell<Kept, Refusal>,
    /// Under which name this process takes its turn.
    me: String,
}

/// What there is for somebody without a token.
enum Look {
    Token(Arc<Token>),
    Refused(Error),
    /// Another worker is fetching one.
    Wait,
    /// It is our turn to fetch one.
    Turn,
}

impl Tokens {
    pub(crate) fn new(credential: Arc<dyn Credential>, cell: Arc<dyn SharedSecret>, me: String) -> Self {
        let cell = RenewedCell::new(cell);
        Self { current: RwLock::default(), minting: Mutex::default(), credential, cell, me }
    }

    /// A token that is good, as far as one can tell without asking.
    pub(crate) async fn get(&self, mint: &Mint<'_>) -> Result<Arc<Token>, Error> {
        let since = mint.clock.now();
        let held = self.held();
        if let Some(token) = held.as_ref().filter(|token| token.is_new_enough(since)) {
            return Ok(Arc::clone(token));
        }
        let turn = match held.filter(|token| token.lasts(since)) {
            // Somebody renews it already: the old one does meanwhile.
            Some(old) => match self.minting.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(old),
            },
            None => self.minting.lock().await,
        };
        match self.held().filter(|token| token.is_new_enough(mint.clock.now())) {
            Some(token) => Ok(token),
            None => self.renew(mint, turn, since, None).await,
        }
    }

    /// Leaves no token and no refusal behind, for any worker: the next one that needs a token asks Coupa.
    pub(crate) async fn forget(&self) -> Result<(), Error> {
        self.hold(None);
        let forget = |held: &mut Renewed<Kept, Refusal>| (held.current, held.refusal) = (None, None);
        Ok(self.cell.change(forget).await?)
    }

    /// A token in place of `refused`, which Coupa no longer accepts: another worker's, or a new one.
    pub(crate) async fn replace(&self, mint: &Mint<'_>, refused: &Arc<Token>) -> Result<Arc<Token>, Error> {
        let since = mint.clock.now();
        let turn = self.minting.lock().await;
        match self.held() {
            Some(token) if !token.kept().is(refused) => Ok(token),
            _ => {
                self.hold(None);
                self.renew(mint, turn, since, Some(refused)).await
            }
        }
    }

    /// The old token does where there is no new one.
    async fn renew(
        &self,
        mint: &Mint<'_>,
        mut failed: MutexGuard<'_, Failed>,
        since: Timestamp,
        refused: Option<&Token>,
    ) -> Result<Arc<Token>, Error> {
        let mut old = self.held();
        let outcome = self.obtain(mint, &mut failed, since, refused, &mut old).await;
        let now = mint.clock.now();
        let token = match (outcome, old.filter(|token| token.lasts(now))) {
            (Ok(Some(token)), _) => token,
            (Ok(None), Some(old)) => later(&old, now, LOOK_AGAIN_AFTER),
            (Ok(None), None) => {
                let text = "another worker has not come to an end with fetching the access token";
                return Err(Error::Unreachable(text.to_owned()));
            }
            (Err(error), Some(old)) => {
                tracing::warn!(%error, "the access token could not be renewed; the old one still lasts");
                later(&old, now, RENEW_AGAIN_AFTER)
            }
            (Err(error), None) => return Err(error),
        };
        self.hold(Some(Arc::clone(&token)));
        Ok(token)
    }

    /// A token; none where another worker is fetching it and `old` lasts, or the patience has come to an end.
    async fn obtain(
        &self,
        mint: &Mint<'_>,
        failed: &mut Failed,
        since: Timestamp,
        refused: Option<&Token>,
        old: &mut Option<Arc<Token>>,
    ) -> Result<Option<Arc<Token>>, Error> {
        if let Some((until, error)) = failed.as_ref()
            && mint.clock.now() < *until
        {
            return Err(error.clone());
        }
        let mut pause_ms = FIRST_LOOK_MS;
        loop {
            match self.look(mint, refused, old).await? {
                Look::Token(token) => return Ok(Some(token)),
                Look::Refused(error) => return Err(error),
                Look::Turn => break,
                Look::Wait if old.is_some() || mint.clock.now().duration_since(since) >= PATIENCE => {
                    return Ok(None);
                }
                Look::Wait => {
                    mint.clock.sleep(Duration::from_millis(pause_ms)).await;
                    pause_ms = (pause_ms * 2).min(LAST_LOOK_MS);
                }
            }
        }
        let outcome = mint.ask(&*self.credential).await;
        *failed = self.tell(mint, &outcome).await;
        outcome.map(|token| Some(Arc::new(token)))
    }

    /// Looks into the cell, and takes the turn where nobody else has a token or is about to.
    async fn look(
        &self,
        mint: &Mint<'_>,
        refused: Option<&Token>,
        old: &mut Option<Arc<Token>>,
    ) -> Result<Look, Error> {
        for _ in 0..LOOKS {
            let (mut held, revision) = self.cell.load().await?;
            let now = mint.clock.now();
            held.current.take_if(|kept| refused.is_some_and(|refused| kept.is(refused)));
            if let Some(kept) = held.current.as_ref().filter(|kept| now < kept.expires_at) {
                let token = Arc::new(Token::new(kept.clone()));
                if token.is_new_enough(now) {
                    return Ok(Look::Token(token));
                }
                old.get_or_insert(token);
            }
            if let Some(refusal) = held.refusal.as_ref().filter(|refusal| now < refusal.until) {
                return Ok(Look::Refused(refusal.clone().into()));
            }
            let lasts = turn_lasts(mint);
            if held.asked_by_another(&self.me, now, lasts) {
                return Ok(Look::Wait);
            }
            let until = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
            held.turn = Some(Turn { by: self.me.clone(), until });
            if self.cell.save(&held, revision).await? {
                return Ok(Look::Turn);
            }
        }
        Err(SharedSecretError("others were quicker each time".to_owned()).into())
    }

    /// Tells the others what our turn came to. What can't be told costs them a token request.
    async fn tell(&self, mint: &Mint<'_>, outcome: &Result<Token, Error>) -> Failed {
        let now = mint.clock.now();
        let after = |pause| now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        let refusal = outcome.as_ref().err().and_then(|error| Refusal::of(error, after(REFUSED_FOR)));
        let told = self.cell.change(|held: &mut Renewed<Kept, Refusal>| {
            match outcome {
                Ok(token) => held.current = Some(token.kept()),
                Err(_) => {
                    held.current.iter_mut().for_each(|old| old.renewed_not_before(after(RENEW_AGAIN_AFTER)));
                }
            }
            held.refusal.clone_from(&refusal);
            held.end_turn(&self.me);
        });
        if let Err(error) = told.await {
            tracing::warn!(%error, "the other workers could not be told of the access token");
        }
        let error = outcome.as_ref().err().filter(|_| refusal.is_none())?;
        Some((after(FAILED_FOR), error.clone()))
    }

    fn held(&self) -> Option<Arc<Token>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, token: Option<Arc<Token>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// The same token, renewed not before `pause` is over.
fn later(old: &Token, now: Timestamp, pause: SignedDuration) -> Arc<Token> {
    let mut kept = old.kept();
    kept.renewed_not_before(now.saturating_add(pause).unwrap_or(Timestamp::MAX));
    Arc::new(Token::new(kept))
}

fn turn_lasts(mint: &Mint<'_>) -> SignedDuration {
    let request = SignedDuration::try_from(mint.settings.request_timeout).unwrap_or(SignedDuration::MAX);
    request.saturating_add(AROUND_REQUEST)
}

impl Refusal {
    fn of(error: &Error, until: Timestamp) -> Option<Self> {
        match error.clone() {
            Error::InvalidClient(text) => Some(Self { until, text, scopes: None }),
            Error::InvalidScope { scopes, text } => Some(Self { until, text, scopes: Some(scopes) }),
            _ => None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let Refusal { text, scopes, .. } = refusal;
        match scopes {
            Some(scopes) => Self::InvalidScope { scopes, text },
            None => Self::InvalidClient(text),
        }
    }
}
