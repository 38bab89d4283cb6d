//! Structure for Qi's tasks: scopes, groups, inherited deadlines and cancellation.
#![forbid(unsafe_code)]
