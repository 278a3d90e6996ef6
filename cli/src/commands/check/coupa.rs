//! The way to Coupa: token and scopes.

use super::Checks;
use crate::engine::Engine;
use coupa::{Error, ScopeCheck, Tally};
use model::Lane;

const GRANT: &str = "Grant this scope to the OAuth client in Coupa.";

/// Whether Coupa can be used.
pub(super) async fn check(engine: &Engine, checks: &mut Checks) -> bool {
    let tally = Tally::default();
    let call = tally.call(Lane::Live);
    let mut usable = true;
    let bypass = engine.pipeline.settings.bypass_approvals.then_some(coupa::BYPASS_SCOPE);
    let alerts = engine.pipeline.settings.integration.iter().flat_map(|_| coupa::ALERT_SCOPES);
    for scope in coupa::SCOPES.into_iter().chain(bypass).chain(alerts) {
        let name = format!("Coupa scope {scope}");
        match engine.pipeline.coupa.try_scope(&call, scope).await {
            Ok(ScopeCheck::Tried) => checks.good(&name, "a read that needs it succeeded".to_owned()),
            Ok(ScopeCheck::Granted) => checks.good(&name, "the token has it".to_owned()),
            Ok(ScopeCheck::NotSaid) => {
                checks.good(&name, "asked for, and the token was given without a word against it".to_owned());
            }
            Ok(ScopeCheck::Missing) if coupa::ALERT_SCOPES.contains(&scope) => {
                checks.note(&name, "the token lacks it: no failure is told in Coupa".to_owned(), GRANT);
            }
            Ok(ScopeCheck::Missing) => {
                checks.bad(&name, "the token lacks it".to_owned(), GRANT);
                usable = false;
            }
            Err(error @ Error::ScopeMissing { .. }) => {
                checks.bad(&name, error.to_string(), GRANT);
                usable = false;
            }
            // Without a token or a way to Coupa, every other scope would say the same.
            Err(error) => {
                checks.failure("Coupa", &error.failure());
                return false;
            }
        }
    }
    usable
}
