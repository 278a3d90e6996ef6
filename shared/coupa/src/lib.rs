//! Client of Coupa's Core REST API, with the pacer.
