//! Queue, state store, audit trail and secrets: the traits, and the embedded adapter on SQLite.
