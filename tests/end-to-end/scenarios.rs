//! One idea each.

mod at_once;
mod audit;
mod backfill;
mod check;
mod company;
mod config;
mod dead_letters;
mod demo;
mod exit_codes;
mod first_sync;
mod init;
mod kills;
mod log_ins;
mod machines;
mod mapping;
mod plan;
mod reconcile;
mod scopes;
mod secrets;
mod service;
mod status;
mod suppliers;
mod tunnel;
mod two_processes;
mod variants;
mod webhooks;
