//! The two trees of the fork-join workloads: their sizes, node counts and right answers.

use crate::workload::Job;

/// Children per node of skynet.
pub(crate) const FAN_OUT: u64 = 10;

/// The Fibonacci number to work out.
pub(crate) fn fib_size(job: &Job) -> u64 {
    if job.quick { 22 } else { 27 }
}

/// The `n`-th Fibonacci number, the fast way.
fn fib(n: u64) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// Nodes of the call tree of the naive Fibonacci, leaves included.
pub(crate) fn fib_nodes(n: u64) -> u64 {
    2 * fib(n + 1) - 1
}

/// Stops a bench whose tree came out wrong: its speed would mean nothing.
pub(crate) fn check_fib(n: u64, result: u64) {
    assert_eq!(result, fib(n), "fib({n}) came out wrong");
}

/// Leaves of skynet.
pub(crate) fn skynet_leaves(job: &Job) -> u64 {
    job.count(1_000_000)
}

/// Nodes of skynet, the leaves included.
pub(crate) fn skynet_nodes(leaves: u64) -> u64 {
    std::iter::successors(Some(leaves), |&level| (level > 1).then_some(level / FAN_OUT)).sum()
}

/// Stops a bench whose sum came out wrong: its speed would mean nothing.
pub(crate) fn check_skynet(leaves: u64, sum: u64) {
    assert_eq!(sum, leaves * (leaves - 1) / 2, "skynet's sum came out wrong");
}

#[cfg(test)]
mod tests {
    use super::{fib_nodes, skynet_nodes};

    #[test]
    fn the_trees_have_as_many_nodes_as_counted_by_hand() {
        assert_eq!(fib_nodes(27), 635_621);
        assert_eq!(fib_nodes(2), 3);
        assert_eq!(skynet_nodes(1_000_000), 1_111_111);
        assert_eq!(skynet_nodes(10), 11);
    }
}
