//! Tests through the doors that users use: the binary, HTTP, the database file.
