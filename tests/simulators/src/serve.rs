//! Serving a simulator over a socket or in process.
