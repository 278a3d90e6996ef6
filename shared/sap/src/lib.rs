//! Client of the SAP Business One Service Layer.
