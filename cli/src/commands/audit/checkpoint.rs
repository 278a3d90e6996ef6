//! The signed checkpoint beside the certificates: what the trail was, and what it has let go.

use crate::{
    CliError, CliResult,
    commands::{App, reconcile::signing_key},
    config::Config,
};
use certificate::{Checkpoint, Key, PublicKey};
use std::path::PathBuf;

/// Where it lies, and the key that opens and seals it.
pub(super) struct CheckpointFile {
    path: PathBuf,
    key: Key,
}

impl CheckpointFile {
    pub(super) async fn find(app: &App, config: &Config) -> CliResult<Self> {
        let path = config.reconcile.folder.join("audit-checkpoint.json");
        Ok(Self { path, key: signing_key(app, config).await? })
    }

    /// What checkpoints are checked with.
    pub(super) fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// The last one that was left, where one was.
    pub(super) fn last(&self) -> CliResult<Option<Checkpoint>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(CliError::new(format!("{} can't be read: {error}", self.path.display())));
            }
        };
        Checkpoint::open(&text, &self.key.public()).map(Some).map_err(|error| {
            CliError::new(format!("the checkpoint {} is not what was signed: {error}", self.path.display()))
                .help(
                    "Somebody altered it, or the signing key was changed. Compare with a copy of it; remove it only if you know why.",
                )
        })
    }

    /// Leaves another in its place.
    pub(super) fn leave(&self, checkpoint: &Checkpoint) -> CliResult<()> {
        let failed = |error: &dyn std::fmt::Display| {
            CliError::new(format!("the checkpoint can't be written to {}: {error}", self.path.display()))
        };
        let sealed = checkpoint.seal(&self.key).map_err(|error| failed(&error))?;
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        store::replace_private_file(&self.path, sealed.as_bytes()).map_err(|error| failed(&error))
    }
}
