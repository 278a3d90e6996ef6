//! Pure functions from SAP documents to what Coupa must show, and the mapping file.
