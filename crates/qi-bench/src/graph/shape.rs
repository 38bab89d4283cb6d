//! The graphs that are measured, made from numbers alone, so that other programs (`cpp/taskflow.cpp`)
//! make the same ones.

/// Steele, Lea and Flood's `SplitMix64` of a place.
pub(super) fn random(place: u64) -> u64 {
    let state = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number in [0, 1) of a place.
fn part(place: u64) -> f64 {
    (random(place) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The inputs of a node of the random graph: none to four, any of the nodes before it.
pub(super) fn random_inputs(node: u64) -> impl Iterator<Item = u64> {
    let count = if node == 0 { 0 } else { random(node) % 5 };
    (0..count).map(move |input| random(node * 8 + input + (1 << 40)) % node)
}

/// Nodes of the compile-like graph.
pub(super) const COMPILE_NODES: u64 = 10_000;

/// How long a node of it takes, in nanoseconds: heavy-tailed (Pareto, exponent 1.4), from 20 µs
/// to 10 ms, most of them short.
pub(super) fn compile_ns(node: u64) -> u64 {
    let uniform = 1.0 - part(node + (2 << 40));
    (20e3 * uniform.powf(-1.0 / 1.4)).min(10e6) as u64
}

/// The inputs of a node of it: up to six, most of them near, as modules use their neighbours; every
/// hundredth node links the hundred before it.
pub(super) fn compile_inputs(node: u64) -> Vec<u64> {
    if node % 100 == 99 {
        return (node - 99..node).collect();
    }
    let count = if node < 20 { 0 } else { random(node + (3 << 40)) % 7 };
    let mut inputs: Vec<u64> = (0..count)
        .map(|input| {
            let near = part(node * 8 + input + (4 << 40)).powi(3);
            node - 1 - (near * (node - 1) as f64) as u64
        })
        // Not on what links others: that comes last.
        .filter(|input| input % 100 != 99)
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    inputs
}

#[cfg(test)]
mod tests {
    use super::{COMPILE_NODES, compile_inputs, compile_ns, random_inputs};

    #[test]
    fn every_input_comes_before_its_node() {
        for node in 0..COMPILE_NODES {
            assert!(random_inputs(node).all(|input| input < node));
            assert!(compile_inputs(node).iter().all(|&input| input < node));
        }
    }

    #[test]
    fn costs_are_heavy_tailed() {
        let mut costs: Vec<u64> = (0..COMPILE_NODES).map(compile_ns).collect();
        costs.sort_unstable();
        let total: u64 = costs.iter().sum();
        let top: u64 = costs[costs.len() * 9 / 10..].iter().sum();
        assert!(top * 5 > total * 2, "a tenth of the nodes has {top} of {total} ns");
        assert!(costs[costs.len() / 2] < 40_000, "half of them are short");
    }
}
