//! Client of the SAP Business One Service Layer.

pub mod entities;
