//! What the template says through the environment.

use super::{AwsStoreSettings, QueueUrls, TableNames};
use jiff::SignedDuration;
use model::CompanyDb;
use std::path::PathBuf;

/// Where the config file lies unless [`CONFIG`] says otherwise: beside the program.
const CONFIG_FILE: &str = "b1-coupa.toml";
const CONFIG: &str = "B1_COUPA_CONFIG";
/// The folder that Lambda unpacks a function into.
const FOLDER: &str = "LAMBDA_TASK_ROOT";

/// The names of one stack's parts, and a few figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackNames {
    /// The config file.
    pub config_file: PathBuf,
    /// The state table.
    pub state_table: String,
    /// The audit table.
    pub audit_table: String,
    /// The queue of changes that somebody made just now.
    pub live_queue_url: String,
    /// The queue of changes that are in no hurry.
    pub backfill_queue_url: String,
    /// The queue of copies of dead letters.
    pub dead_letter_queue_url: String,
    /// The secret that holds all passwords.
    pub secret_arn: String,
    /// The poller, for invoking itself.
    pub poller_function: String,
    /// The bucket of certificates, for the function that keeps them.
    pub certificates_bucket: Option<String>,
    /// The topic by which people are told, for the function that tells them.
    pub topic_arn: Option<String>,
    /// Requests to SAP that one worker may have under way.
    pub sap_requests: u32,
    /// How long audit entries are kept; `None` for good.
    pub audit_retention_days: Option<u32>,
    /// What is logged.
    pub log_level: String,
}

/// A variable that is missing or can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} {problem}: deploy the template of this version anew")]
pub struct NameError {
    variable: &'static str,
    problem: String,
}

impl StackNames {
    /// The tables, with whose documents they hold.
    pub fn store_settings(&self, company: CompanyDb) -> AwsStoreSettings {
        AwsStoreSettings {
            tables: TableNames { state: self.state_table.clone(), audit: self.audit_table.clone() },
            company,
            audit_retention: self
                .audit_retention_days
                .map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        }
    }

    /// The queues.
    pub fn queue_urls(&self) -> QueueUrls {
        QueueUrls {
            live: self.live_queue_url.clone(),
            backfill: self.backfill_queue_url.clone(),
            dead_letters: self.dead_letter_queue_url.clone(),
        }
    }

    /// Reads the environment.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, NameError> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &'static str| {
            given(name).ok_or_else(|| NameError { variable: name, problem: "is missing".to_owned() })
        };
        let number = |name: &'static str| {
            let read = |text: String| {
                let parsed = text.parse::<u32>().ok().filter(|number| *number > 0);
                parsed.ok_or_else(|| NameError {
                    variable: name,
                    problem: format!("is `{text}`, which is no positive number"),
                })
            };
            given(name).map(read).transpose()
        };
        let config_file = given(CONFIG).map_or_else(
            || PathBuf::from(given(FOLDER).unwrap_or_default()).join(CONFIG_FILE),
            PathBuf::from,
        );
        Ok(Self {
            config_file,
            state_table: text("B1_COUPA_STATE_TABLE")?,
            audit_table: text("B1_COUPA_AUDIT_TABLE")?,
            live_queue_url: text("B1_COUPA_LIVE_QUEUE_URL")?,
            backfill_queue_url: text("B1_COUPA_BACKFILL_QUEUE_URL")?,
            dead_letter_queue_url: text("B1_COUPA_DEAD_LETTER_QUEUE_URL")?,
            secret_arn: text("B1_COUPA_SECRET_ARN")?,
            poller_function: text("B1_COUPA_POLLER_FUNCTION")?,
            certificates_bucket: given("B1_COUPA_CERTIFICATES_BUCKET"),
            topic_arn: given("B1_COUPA_TOPIC_ARN"),
            sap_requests: number("B1_COUPA_SYNC_SAP_REQUESTS")?.unwrap_or(1),
            audit_retention_days: number("B1_COUPA_AUDIT_RETENTION_DAYS")?,
            log_level: given("B1_COUPA_LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        let value = match name {
            "B1_COUPA_SYNC_SAP_REQUESTS" => "2",
            "B1_COUPA_CONFIG" | "B1_COUPA_AUDIT_RETENTION_DAYS" | "B1_COUPA_LOG_LEVEL" => return None,
            "LAMBDA_TASK_ROOT" => "/var/task",
            other => other,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_template_s_names_are_read() {
        let names = StackNames::read(environment).unwrap();
        assert_eq!(names.config_file, PathBuf::from("/var/task/b1-coupa.toml"));
        assert_eq!(names.state_table, "B1_COUPA_STATE_TABLE");
        assert_eq!(names.secret_arn, "B1_COUPA_SECRET_ARN");
        assert_eq!((names.sap_requests, names.audit_retention_days), (2, None));
        assert_eq!(names.log_level, "info");
    }

    #[test]
    fn the_config_can_lie_elsewhere() {
        let elsewhere = |name: &str| match name {
            "B1_COUPA_CONFIG" => Some("/etc/b1.toml".to_owned()),
            other => environment(other),
        };
        assert_eq!(StackNames::read(elsewhere).unwrap().config_file, PathBuf::from("/etc/b1.toml"));
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        let without = |name: &str| environment(name).filter(|_| name != "B1_COUPA_STATE_TABLE");
        assert!(
            StackNames::read(without).unwrap_err().to_string().contains("B1_COUPA_STATE_TABLE is missing")
        );
        let zero = |name: &str| match name {
            "B1_COUPA_AUDIT_RETENTION_DAYS" => Some("0".to_owned()),
            other => environment(other),
        };
        assert!(StackNames::read(zero).unwrap_err().to_string().contains("no positive number"));
    }
}
