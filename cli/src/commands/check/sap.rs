//! The way to the Service Layer: address, certificate, log-in.

use super::{Checks, certificate};
use crate::{config::Config, engine::Engine};

/// Whether the Service Layer can be used.
pub(super) async fn check(engine: &Engine, config: &Config, checks: &mut Checks) -> bool {
    let url = &config.sap.service_layer_url;
    let now = engine.pipeline.clock.now();
    let seen = certificate::look(config).await;
    match engine.pipeline.sap.log_in().await {
        Ok(info) => {
            checks.good("Service Layer", format!("{url} answers"));
            certificate::accepted(&seen, config, now, checks);
            checks.good(
                "SAP log-in",
                format!(
                    "{} on {}, version {}, an idle session ends after {} min",
                    config.sap.user, config.sap.company_db, info.version, info.session_timeout_minutes
                ),
            );
            true
        }
        Err(error @ (sap::Error::LoginRefused { .. } | sap::Error::SessionLost(_))) => {
            checks.good("Service Layer", format!("{url} answers"));
            certificate::accepted(&seen, config, now, checks);
            checks.failure("SAP log-in", &error.failure());
            false
        }
        Err(error) => {
            checks.failure("Service Layer", &error.failure());
            certificate::refused(&seen, config, now, checks);
            false
        }
    }
}
