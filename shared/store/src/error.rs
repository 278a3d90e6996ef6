/// Why a store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The lease that the write is conditional on has been taken over: the writer is too late, and nothing was
    /// written.
    #[error("the lease on {0} was taken over")]
    Fenced(model::DocumentKey),
    /// Somebody else moved what the write is conditional on; nothing was written.
    #[error("{0} was changed by somebody else meanwhile")]
    Conflict(String),
    /// The store is busy or away. The write may or may not have happened.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// What the store holds can't be read.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
}
