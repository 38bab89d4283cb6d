//! Which lane each bar lies in: the first that is free when it begins.

use super::Bar;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// The lanes in order, each with the numbers of its bars in the order of time.
pub(crate) fn assign(bars: &[Bar]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..bars.len()).collect();
    order.sort_by_key(|&bar| (bars[bar].begun, bars[bar].ended));
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut busy: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut free: BTreeSet<usize> = BTreeSet::new();
    for bar in order {
        while let Some(&Reverse((until, lane))) = busy.peek() {
            if until > bars[bar].begun {
                break;
            }
            busy.pop();
            free.insert(lane);
        }
        let lane = free.pop_first().unwrap_or_else(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push(bar);
        busy.push(Reverse((bars[bar].ended, lane)));
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::assign;
    use crate::draw::{Bar, BarKind};

    #[test]
    fn bars_that_overlap_lie_in_different_lanes() {
        let bar = |begun, ended| Bar {
            name: String::new(),
            node: None,
            begun,
            ended,
            kind: BarKind::Done,
        };
        let bars = [bar(0, 10), bar(10, 20), bar(5, 12), bar(11, 13), bar(12, 30)];
        assert_eq!(assign(&bars), [vec![0, 1], vec![2, 4], vec![3]]);
    }
}
