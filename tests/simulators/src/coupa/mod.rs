//! Coupa, simulated.
