//! A Service Layer and a Coupa that speak HTTP as the reference documents say, oddities included.
