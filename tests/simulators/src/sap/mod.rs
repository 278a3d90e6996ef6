//! The Service Layer of SAP Business One, simulated.
