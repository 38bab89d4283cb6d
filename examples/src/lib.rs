//! Nothing: the package is there for its examples.
#![forbid(unsafe_code)]
