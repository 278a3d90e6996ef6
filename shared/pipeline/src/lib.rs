//! The use cases: poll, sync, release what waits.
