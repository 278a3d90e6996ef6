//! `guardrail accept`: a person has looked at what would change, and it may.

use super::{App, Exit};
use crate::{
    CliResult,
    engine::Engine,
    output::{Look, Report},
};
use serde_json::{Value, json};

pub(super) async fn accept(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    let reason = engine.pipeline.held_back().await?;
    let released = engine.pipeline.accept_changes().await?;
    app.show(&Accepted { reason, released });
    Ok(Exit::Done)
}

struct Accepted {
    /// Why it was held, if it was.
    reason: Option<String>,
    released: usize,
}

impl Report for Accepted {
    fn human(&self, look: &Look) -> String {
        let before = match &self.reason {
            Some(reason) => format!("It was held because {reason}.\n"),
            None => "Nothing was held back.\n".to_owned(),
        };
        format!(
            "{before}{} {} documents are back in the queue, and nothing is held back for a day. `b1-coupa sync --once` works \
             them off now; a `run` that is under way does so by itself.",
            look.good("Accepted."),
            self.released
        )
    }

    fn json(&self) -> Value {
        json!({"held": self.reason, "released": self.released})
    }
}
