//! Logs, and what keeps secrets out of them.
