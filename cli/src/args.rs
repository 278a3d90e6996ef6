//! What can be written on the command line. The comments here are the help texts.

mod values;

pub use values::Since;

use crate::{
    commands::tunnel::{Platform, PublicKey},
    config::{DEFAULT_FILE, Period},
};
use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use model::{Code, ObjectKind};
use std::{
    net::{Ipv4Addr, SocketAddrV4},
    path::PathBuf,
};

/// Keeps Coupa in step with SAP Business One: suppliers, purchase orders, invoices, credit notes and payments.
#[derive(Debug, Parser)]
#[command(name = "b1-coupa", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "First steps: `b1-coupa demo` shows everything on two simulators. For your own systems: \
    `b1-coupa init`, fill in the file, `b1-coupa secrets set`, `b1-coupa check`, `b1-coupa sync --once`, \
    `b1-coupa run`.\n\nExit codes: 0 done; 1 could not work at all; and for sync and backfill 2 something ended \
    in the dead letters, 3 something still waits."
)]
pub struct Cli {
    /// The config file, such as `/etc/b1-coupa/b1-coupa.toml`. Paths in it are relative to its folder.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// The stack on AWS to look at or to work with, in place of the database file: for `status`, `audit`, `why`, `dead-letters`,
    /// `check`, `backfill`, `sync`, `guardrail`, `replay`, `reconcile` and `webhooks`.
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    /// Print JSON for machines, errors and log lines too.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented config file and a commented mapping file to start from.
    ///
    /// Nothing is overwritten. Example: `b1-coupa init --config /etc/b1-coupa/b1-coupa.toml`
    Init,
    /// Set or list the secrets, which are kept encrypted beside the database.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Try everything that a sync needs, and say what to do about what fails.
    ///
    /// Reads only. Parses the config, reaches the Service Layer and logs in, gets a Coupa token and tries each
    /// scope, holds the mapping against both sides' master data. Exit code 0: all good; 1: otherwise.
    Check,
    /// Bring Coupa in step with SAP.
    ///
    /// Example: `b1-coupa sync --once --max-wait 10m`. Exit code 0: all in step; 2: something ended in the dead
    /// letters in this run; 3: nothing failed but something still waits; 1: could not work at all.
    Sync(SyncArgs),
    /// Poll and sync until stopped with Ctrl-C or SIGTERM, then release what is held and exit 0.
    ///
    /// What is polled how often stands in the config under `[sync]`.
    Run(RunArgs),
    /// Sync all documents of one object from a date on, whatever `start_date` says.
    ///
    /// Goes on where it stopped when it is run again. Example: `b1-coupa backfill --object invoices --since
    /// 2025-07-01`. Exit codes as for `sync`.
    Backfill(BackfillArgs),
    /// Show how far each object is, what waits, what failed, and how Coupa's budget stands.
    Status,
    /// Show what was done, when, and with what result.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// See to what the guardrail holds back: it stops what would change far more than is usual.
    #[command(subcommand)]
    Guardrail(GuardrailCommand),
    /// Plan a replay on today's SAP and Coupa, look at it, then apply exactly that.
    #[command(subcommand)]
    Replay(ReplayCommand),
    /// Compare both sides completely, and write a signed balance certificate.
    ///
    /// Whatever cursors and links say: counts and sums by object, currency and status, then every document that is
    /// missing, extra, doubled or different. Example: `b1-coupa reconcile --object invoices --month 2026-10`. Exit code
    /// 0: in balance; 2: there are differences; 1: could not compare.
    Reconcile(ReconcileArgs),
    /// Say where a value in Coupa comes from: what SAP holds, by which rule, when it was sent, what changed since.
    ///
    /// Examples: `b1-coupa why invoice 100237 gross-total`, `b1-coupa why supplier V10000 payment-term`
    Why(WhyArgs),
    /// Find out which suppliers of SAP and of Coupa are the same.
    #[command(subcommand)]
    Suppliers(SuppliersCommand),
    /// Show what failed for good, or put it back into the queue.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Have SAP tell what changed, which shortens the way from minutes to a second. Polling goes on as well.
    ///
    /// Needs 10.0 FP 2602, and `[webhook]` in the config: see `b1-coupa init` and docs/operating.md.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Set up the tunnel to a Service Layer that nobody reaches from outside. See docs/tunnel.md.
    #[command(subcommand)]
    Tunnel(TunnelCommand),
    /// Show the whole thing at work on simulators of both systems. Needs no config and no network.
    ///
    /// Exit code 0 only if Coupa holds exactly what SAP implies at the end.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Print a completion script for a shell.
    ///
    /// Example: `b1-coupa completions bash > /etc/bash_completion.d/b1-coupa`
    Completions {
        /// The shell: bash, elvish, fish, powershell or zsh.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    ///
    /// Example: `b1-coupa man | man -l -`
    Man,
}

/// `secrets …`
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Set one secret, or all that are needed one after the other.
    ///
    /// Asks without showing what is typed; where stdin is no terminal, reads one line for each. Example:
    /// `b1-coupa secrets set sap-password < password.txt`
    Set {
        /// `sap-password`, `coupa-client-secret`, `webhook-key`, `webhook-key-next` or `signing-key`; the first two if
        /// left out.
        #[arg(value_parser = values::secret)]
        name: Option<store::SecretName>,
    },
    /// List the secrets by name and say where each comes from, never what it is.
    List,
}

/// `sync …`
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// Poll everything once, work until nothing more falls due, and stop. (To go on for ever: `b1-coupa run`.)
    #[arg(long, required = true)]
    pub once: bool,
    /// How long to wait for what falls due later: seconds, or with a unit as in `90s`, `10m`. `0` waits for nothing.
    #[arg(long, value_name = "TIME", default_value = "180s", value_parser = values::wait)]
    pub max_wait: Period,
    /// Write nothing anywhere, and say what a sync would do, document by document and field by field.
    #[arg(long)]
    pub dry_run: bool,
}

/// `run …`
#[derive(Args, Clone, Copy, Debug)]
pub struct RunArgs {
    /// Write nothing anywhere, and say at each poll what a sync would do.
    #[arg(long)]
    pub shadow: bool,
}

/// `guardrail …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum GuardrailCommand {
    /// Let through what is held back, and whatever comes within a day.
    ///
    /// Look at what that is first: `b1-coupa sync --once --dry-run`.
    Accept,
}

/// `replay …`
#[derive(Debug, Subcommand)]
pub enum ReplayCommand {
    /// Read SAP and Coupa as they are now, and show what a replay would change, field by field. Changes nothing.
    ///
    /// Gives the plan an id for `replay apply`. Examples: `b1-coupa replay plan --failed`, `b1-coupa replay plan --code
    /// BC-0206 --kind invoice`, `b1-coupa replay plan --document invoice/100237`
    Plan(PlanArgs),
    /// Do exactly what a plan says.
    ///
    /// Documents whose truth has moved on since are planned anew and shown, and not touched. Exit code 0: all of the
    /// plan was enqueued; 3: some were planned anew.
    Apply {
        /// The plan's id.
        #[arg(value_name = "PLAN")]
        plan: String,
    },
}

/// `replay plan …`
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// What failed for good. The same as to give nothing else.
    #[arg(long)]
    pub failed: bool,
    /// Only what ended with this error code, such as BC-0206.
    #[arg(long, value_parser = values::code)]
    pub code: Option<Code>,
    /// Only of this kind, such as invoice.
    #[arg(long, value_parser = values::object)]
    pub kind: Option<ObjectKind>,
    /// Every document with an attempt from then on: a date, a moment, or so long ago.
    #[arg(long, value_name = "T", value_parser = values::since)]
    pub since: Option<Since>,
    /// And before then.
    #[arg(long, value_name = "T", value_parser = values::since)]
    pub until: Option<Since>,
    /// This document, whatever became of it: KIND/NUMBER, such as invoice/100237. May be given several times.
    #[arg(long = "document", value_name = "KIND/NUMBER", value_parser = values::document)]
    pub documents: Vec<(ObjectKind, String)>,
}

/// `backfill …`
#[derive(Args, Debug)]
pub struct BackfillArgs {
    /// suppliers, purchase-orders, invoices, credit-notes or payments.
    #[arg(long, value_name = "NAME", value_parser = values::object)]
    pub object: ObjectKind,
    /// The first document date (`DocDate`), such as 2025-07-01.
    #[arg(long, value_name = "DATE", value_parser = values::date)]
    pub since: Date,
    /// How long to wait for what falls due later: seconds, or with a unit as in `90s`, `10m`. `0` waits for nothing.
    #[arg(long, value_name = "TIME", default_value = "180s", value_parser = values::wait)]
    pub max_wait: Period,
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show every attempt on one document, newest last.
    ///
    /// Examples: `b1-coupa audit show invoice 100237`, `b1-coupa audit show supplier V10000`
    Show {
        /// supplier, purchase-order, invoice, credit-note or payment; plural and `_` work too.
        #[arg(value_parser = values::object)]
        kind: ObjectKind,
        /// The number in SAP or in Coupa, or `DocEntry` in SAP. For suppliers the `CardCode`.
        number: String,
    },
    /// List the attempts on all documents, newest last.
    ///
    /// Example: `b1-coupa audit list --failed --since 7d`
    List {
        /// Only those that failed for good.
        #[arg(long)]
        failed: bool,
        /// Only from then on: a date (2026-11-01), a moment (2026-11-01T08:00:00Z), or so long ago (24h, 7d).
        #[arg(long, value_name = "T", value_parser = values::since)]
        since: Option<Since>,
        /// At most so many, the newest.
        #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Check that no attempt was altered, taken out or added, since it was written.
    ///
    /// Leaves a signed checkpoint beside the certificates, by which the next check finds documents that were taken out
    /// whole. Exit code 0: whole; 2: not, with the places named; 1: could not check.
    Verify,
    /// Write all attempts from a moment on to stdout, oldest first, for auditors.
    ///
    /// Example: `b1-coupa audit export --since 2026-10-01 --format csv > october.csv`
    Export {
        /// Only from then on: a date (2026-11-01), a moment (2026-11-01T08:00:00Z), or so long ago (24h, 7d).
        #[arg(long, value_name = "T", value_parser = values::since)]
        since: Option<Since>,
        /// `csv`, or `jsonl`: one JSON object in each line.
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
    },
}

/// How attempts are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// A heading and a line for each attempt.
    Csv,
    /// A JSON object in each line.
    Jsonl,
}

/// `why …`
#[derive(Args, Debug)]
pub struct WhyArgs {
    /// supplier, purchase-order, invoice, credit-note or payment; plural and `_` work too.
    #[arg(value_parser = values::object)]
    pub kind: ObjectKind,
    /// The number in SAP or in Coupa, or `DocEntry` in SAP. For suppliers the `CardCode`.
    pub number: String,
    /// The field, as Coupa calls it, such as `gross-total` or `payment-term`.
    pub field: String,
}

/// `reconcile …`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ReconcileArgs {
    /// What to do instead of comparing.
    #[command(subcommand)]
    pub command: Option<ReconcileCommand>,
    /// Only this object; may be given several times. All that the config names if left out.
    #[arg(long = "object", value_name = "NAME", value_parser = values::object)]
    pub objects: Vec<ObjectKind>,
    /// Only documents dated (`DocDate`) in this month, such as 2026-10. Suppliers have no date, and are always all.
    #[arg(long, value_name = "MONTH", value_parser = values::month)]
    pub month: Option<Date>,
    /// Enqueue what differs, for the next `sync --once` or a `run` that is under way: it asks Coupa afresh, and mends
    /// what Coupa still lets change.
    #[arg(long)]
    pub repair: bool,
    /// Write the certificate into this folder instead of the config's.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// `reconcile …`
#[derive(Debug, Subcommand)]
pub enum ReconcileCommand {
    /// Check a certificate: that nothing in it was altered, and that your key signed it.
    ///
    /// Exit code 0: genuine; 2: altered, or signed by another key; 1: could not be read.
    Verify {
        /// The JSON file or the page.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// `suppliers …`
#[derive(Debug, Subcommand)]
pub enum SuppliersCommand {
    /// Propose pairs of suppliers that could be the same, and join those that you say are.
    ///
    /// By number, then by tax id, then by similar name. Without options it shows each pair and asks. Nothing is
    /// written before you confirm; then Coupa's supplier gets SAP's code as its number. Example: `b1-coupa suppliers
    /// match --csv pairs.csv`, fill in the column `decision`, `b1-coupa suppliers match --apply pairs.csv`
    Match(MatchArgs),
}

/// `suppliers match …`
#[derive(Args, Debug)]
pub struct MatchArgs {
    /// Write the proposals to this file, and ask nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub csv: Option<PathBuf>,
    /// Join the pairs whose `decision` in this file is `yes`.
    #[arg(long, value_name = "FILE")]
    pub apply: Option<PathBuf>,
    /// Write without asking once more.
    #[arg(long)]
    pub yes: bool,
}

/// `dead-letters …`
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List what failed for good, grouped by error code.
    List,
    /// Put what failed back into the queue: all, or what the options name.
    ///
    /// Each is tried again at the next `sync --once` or by a `run` that is under way. Mend the cause first.
    /// Example: `b1-coupa dead-letters redrive --code BC-0206 --kind invoice`
    Redrive {
        /// Only those with this error code, such as BC-0206.
        #[arg(long, value_parser = values::code)]
        code: Option<Code>,
        /// Only of this kind, such as invoice.
        #[arg(long, value_parser = values::object)]
        kind: Option<ObjectKind>,
    },
}

/// `webhooks …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum WebhooksCommand {
    /// Subscribe to the changes of all objects that SAP can tell of, or bring the subscription up to date.
    ///
    /// SAP calls the address at once to make sure that it is ours, so `b1-coupa run` must be listening, or the stack be there.
    Enable,
    /// Show how the subscription stands, and how the changes of each object become known.
    Status,
    /// Have SAP send nothing until `resume`.
    Pause,
    /// Have SAP send again, after `pause` or after SAP has given up on us.
    Resume,
    /// Have SAP send what was missed. Other webhooks of the company wait meanwhile.
    Replay,
    /// End the subscription. Polling goes on.
    Disable,
}

/// `tunnel …`
#[derive(Debug, Subcommand)]
pub enum TunnelCommand {
    /// Make a WireGuard key pair: the private key goes into a file of mode 0600, the public key is printed.
    ///
    /// Example: `b1-coupa tunnel new-key agent.key`
    NewKey {
        /// Where the private key goes. Nothing is overwritten.
        file: PathBuf,
    },
    /// Print the public key of the pair whose private key is in a file.
    PublicKey {
        /// The file.
        file: PathBuf,
    },
    /// Print the script that sets up the agent, which dials out to the relay from beside the SAP server.
    ///
    /// No private key is in it: the script is run with the key's file. Example: `b1-coupa tunnel agent-config --relay
    /// 203.0.113.10 --relay-public-key "$KEY" --key-file agent.key --service-layer 192.168.50.10:50000 > agent.sh`
    AgentConfig(AgentConfigArgs),
}

/// `tunnel agent-config …`
#[derive(Args, Debug)]
pub struct AgentConfigArgs {
    /// The relay's public name or address, with `:PORT` where that isn't 51820.
    #[arg(long, value_name = "HOST")]
    pub relay: String,
    /// The relay's public key.
    #[arg(long, value_name = "KEY")]
    pub relay_public_key: PublicKey,
    /// The file with the agent's private key, to name its public half in the script.
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// Where the agent reaches the Service Layer, such as 192.168.50.10:50000.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub service_layer: SocketAddrV4,
    /// linux prints a shell script with systemd units, windows a PowerShell script with a service.
    #[arg(long, value_enum, default_value_t = Platform::Linux)]
    pub platform: Platform,
    /// The relay's address inside the tunnel; must be as in the relay's stack.
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::new(10, 99, 0, 1))]
    pub relay_address: Ipv4Addr,
    /// The agent's address inside the tunnel; must be as in the relay's stack.
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::new(10, 99, 0, 2))]
    pub agent_address: Ipv4Addr,
    /// The agent's machine forwards for others already, such as containers, and shall go on. Linux only.
    #[arg(long)]
    pub router: bool,
}

/// `demo …`
#[cfg(feature = "demo")]
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Keep the database in this folder and leave it there, to look at with `status` and `audit`.
    /// Default: a fresh folder under the system's folder for temporary files.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

#[cfg(test)]
mod tests;
