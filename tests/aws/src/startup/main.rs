//! Measures how the functions start, without AWS.

fn main() {}
