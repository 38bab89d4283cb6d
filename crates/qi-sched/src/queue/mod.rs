//! Run queues: a worker's own, the homes', and what all workers know of the lanes.

mod backlog;
mod handoff;
mod home;
mod lanes;
mod local;
mod nursery;
mod share;

pub(crate) use backlog::{Backlogs, Tail};
pub(crate) use handoff::{Handoff, Refused};
pub(crate) use home::{HomeQueues, Inbox};
pub(crate) use lanes::{LaneCounts, ONE_LANE};
pub(crate) use local::{Arrival, LocalQueues, Stealers};
pub(crate) use nursery::{Cradles, Nursery};
pub(crate) use share::ShareAccount;
pub use share::Shares;
