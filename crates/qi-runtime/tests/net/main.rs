//! The network beyond TCP's streams, and moving bytes. A file per topic.
#![forbid(unsafe_code)]

#[path = "../net_support/mod.rs"]
mod net_support;

mod bad_day;
mod copy;
mod dropped;
mod duplex;
mod tcp;
mod udp;

#[cfg(windows)]
mod named_pipe;

#[cfg(unix)]
mod ancillary;
#[cfg(target_os = "linux")]
mod dropped_connect;
#[cfg(unix)]
mod dropped_pipe;
#[cfg(unix)]
mod dropped_unix;
#[cfg(unix)]
mod pipe;
#[cfg(unix)]
mod unix_datagram;
#[cfg(unix)]
mod unix_stream;
