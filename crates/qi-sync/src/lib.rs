//! Channels and locks for Qi's tasks: they know priorities, spend the budget and lose nothing.
#![forbid(unsafe_code)]
