use crate::{SharedSecret, SharedSecretError};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{marker::PhantomData, sync::Arc};

/// A cell that so many others were quicker at is broken.
const SAVES: u32 = 64;

/// Something that all workers use and one of them makes anew when it has run out, while the others wait: SAP's session,
/// Coupa's token. Fields that another release added are skipped, and those that it lacks are empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Renewed<T, R> {
    /// What is in use.
    #[serde(default = "none")]
    pub current: Option<T>,
    /// Why the other side gave none when it was last asked.
    #[serde(default = "none")]
    pub refusal: Option<R>,
    /// Whose turn it is to ask for a new one.
    #[serde(default)]
    pub turn: Option<Turn>,
}

fn none<T>() -> Option<T> {
    None
}

/// One worker's right to ask for a new one. It ends by itself, so that a worker that died holds nobody up for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The worker.
    pub by: String,
    /// From then on another one may.
    pub until: Timestamp,
}

impl<T, R> Default for Renewed<T, R> {
    fn default() -> Self {
        Self { current: None, refusal: None, turn: None }
    }
}

impl<T, R> Renewed<T, R> {
    /// Whether another worker than `me` is asking now. A turn that ends later than `longest` from now was written by a
    /// clock that has been set back since.
    pub fn asked_by_another(&self, me: &str, now: Timestamp, longest: SignedDuration) -> bool {
        self.turn.as_ref().is_some_and(|turn| {
            turn.by != me && now < turn.until && turn.until.duration_since(now) <= longest.saturating_mul(2)
        })
    }

    /// Ends the turn of `me`. Another worker's is left alone.
    pub fn end_turn(&mut self, me: &str) {
        self.turn.take_if(|turn| turn.by == me);
    }
}

/// A [`SharedSecret`] that holds a [`Renewed`].
pub struct RenewedCell<T, R> {
    secret: Arc<dyn SharedSecret>,
    holds: PhantomData<fn() -> (T, R)>,
}

impl<T, R> RenewedCell<T, R>
where
    T: Serialize + DeserializeOwned + Send + Sync,
    R: Serialize + DeserializeOwned + Send + Sync,
{
    /// What `secret` holds.
    pub fn new(secret: Arc<dyn SharedSecret>) -> Self {
        Self { secret, holds: PhantomData }
    }

    /// See [`SharedSecret::is_shared`].
    pub fn is_shared(&self) -> bool {
        self.secret.is_shared()
    }

    /// What stands there, and its revision. What can't be read counts as nothing: it can be made anew.
    pub async fn load(&self) -> Result<(Renewed<T, R>, u64), SharedSecretError> {
        let (value, revision) = self.secret.load().await?;
        let held = value.and_then(|value| serde_json::from_str(value.expose_secret()).ok());
        Ok((held.unwrap_or_default(), revision))
    }

    /// See [`SharedSecret::save`].
    pub async fn save(&self, held: &Renewed<T, R>, revision: u64) -> Result<bool, SharedSecretError> {
        // The message would show what stands around the place, which is secret.
        let text =
            serde_json::to_string(held).map_err(|_| SharedSecretError("it has no JSON form".to_owned()))?;
        self.secret.save(&SecretString::from(text), revision).await
    }

    /// Changes what stands there, however often others are quicker.
    pub async fn change(
        &self,
        change: impl Fn(&mut Renewed<T, R>) + Send + Sync,
    ) -> Result<(), SharedSecretError> {
        for _ in 0..SAVES {
            let (mut held, revision) = self.load().await?;
            change(&mut held);
            if self.save(&held, revision).await? {
                return Ok(());
            }
        }
        Err(SharedSecretError("others were quicker each time".to_owned()))
    }
}

#[cfg(test)]
mod tests;
