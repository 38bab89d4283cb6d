//! Graphs of named tasks whose results pass along the edges, run by the Qi runtime.
#![forbid(unsafe_code)]
