//! Keeps Coupa in step with SAP Business One.
fn main() {}
