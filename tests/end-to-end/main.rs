//! Through the doors that users use: the binary, HTTP, the database file. Each test has a company of its own, two
//! simulators on free ports, and a folder with a config.

mod scenarios;
mod world;
