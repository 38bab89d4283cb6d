//! From a graph as it was built to flat arrays that a run needs: who comes after whom, in which
//! order, how long the way to the end is.
//!
//! Nothing here recurses: a chain of a million nodes is planned on any stack.

use crate::costs::Costs;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::names::{Index, Names};
use crate::node::Kind;

/// What validation finds out about a graph.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) index: Index,
    /// Where each node's successors begin in `targets`; one more at the end.
    offsets: Vec<u32>,
    /// Packed kinds and successors.
    targets: Vec<u32>,
    /// The nodes with every one before its successors; `None` if their numbers are such an order.
    order: Option<Vec<u32>>,
}

impl Plan {
    /// Validates a graph.
    pub(crate) fn new(graph: &Graph) -> Result<Self, GraphError> {
        let names = &graph.names;
        if graph.len() > Kind::MAX_NODE as usize {
            return Err(GraphError::TooLarge);
        }
        let index = Index::new(names)
            .map_err(|node| GraphError::DuplicateName { name: names.get(node).to_owned() })?;
        let named = resolve(graph, &index)?;
        let edges = || graph.edges.iter().chain(&named).copied();
        let (offsets, targets) = successors(graph.len(), edges)?;
        let mut plan = Self { index, offsets, targets, order: None };
        plan.check_definitions(graph)?;
        plan.check_moves(names)?;
        if edges().any(|(from, packed)| from >= Kind::unpack(packed).1) {
            plan.order = Some(plan.sort(names)?);
        }
        Ok(plan)
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The packed kinds and successors of a node.
    #[inline]
    pub(crate) fn after(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// Calls `visit` with every node, each after its successors.
    pub(crate) fn backwards(&self, mut visit: impl FnMut(u32)) {
        match &self.order {
            Some(order) => order.iter().rev().for_each(|&node| visit(node)),
            None => (0..self.len() as u32).rev().for_each(visit),
        }
    }

    /// The cost of the most costly way from each node to an end, the node included.
    pub(crate) fn ranks(&self, cost: impl Fn(u32) -> u64) -> Vec<u64> {
        let mut ranks = vec![0_u64; self.len()];
        self.backwards(|node| {
            let beyond = self.after(node).iter();
            let beyond = beyond.map(|&packed| ranks[Kind::unpack(packed).1 as usize]).max();
            ranks[node as usize] = cost(node).saturating_add(beyond.unwrap_or(0));
        });
        ranks
    }

    /// The cost of each node: measured if it was, else as given.
    pub(crate) fn costs(graph: &Graph, measured: Option<&Costs>) -> impl Fn(u32) -> u64 {
        let mean = measured.map(Costs::mean_ns);
        move |node| match (measured, mean) {
            (Some(measured), Some(mean)) => measured
                .get(graph.names.get(node))
                .map_or(mean, |cost| u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX)),
            _ => u64::from(graph.costs[node as usize]),
        }
    }

    /// All edges, as pairs of a node and a kind with its successor.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (u32, (Kind, u32))> {
        (0..self.len() as u32).flat_map(|node| {
            self.after(node).iter().map(move |&packed| (node, Kind::unpack(packed)))
        })
    }

    fn check_definitions(&self, graph: &Graph) -> Result<(), GraphError> {
        let Some(node) = graph.bodies.iter().position(Option::is_none) else { return Ok(()) };
        let node = node as u32;
        let name = graph.names.get(node).to_owned();
        Err(if graph.is_declared(node) {
            GraphError::Undefined { name, needed_by: self.after(node).len() }
        } else {
            GraphError::NoCode { name }
        })
    }

    /// A result that is moved has one reader.
    fn check_moves(&self, names: &Names) -> Result<(), GraphError> {
        for node in 0..self.len() as u32 {
            let readers = || self.after(node).iter().map(|&packed| Kind::unpack(packed));
            let Some((_, taker)) = readers().find(|(kind, _)| *kind == Kind::Moved) else {
                continue;
            };
            if readers().filter(|(kind, _)| kind.reads()).count() > 1 {
                let [node, taker] = [node, taker].map(|node| names.get(node).to_owned());
                return Err(GraphError::MovedAndShared { node, taker });
            }
        }
        Ok(())
    }

    /// The nodes in an order that every edge goes along.
    fn sort(&self, names: &Names) -> Result<Vec<u32>, GraphError> {
        let count = self.len();
        let mut before = vec![0_u32; count];
        for &packed in &self.targets {
            before[Kind::unpack(packed).1 as usize] += 1;
        }
        let mut order: Vec<u32> = Vec::with_capacity(count);
        order.extend((0..count as u32).filter(|&node| before[node as usize] == 0));
        let mut next = 0;
        while next < order.len() {
            let node = order[next];
            next += 1;
            for &packed in self.after(node) {
                let later = Kind::unpack(packed).1;
                before[later as usize] -= 1;
                if before[later as usize] == 0 {
                    order.push(later);
                }
            }
        }
        if order.len() == count { Ok(order) } else { Err(self.cycle(&before, names)) }
    }

    /// A cycle among the nodes that still wait for some; each of them waits for another one of
    /// them, so going back always ends up in a circle.
    fn cycle(&self, before: &[u32], names: &Names) -> GraphError {
        const NONE: u32 = u32::MAX;
        let mut one_before = vec![NONE; before.len()];
        for (node, (_, later)) in self.edges() {
            if before[node as usize] > 0 && before[later as usize] > 0 {
                one_before[later as usize] = node;
            }
        }
        let start = before.iter().position(|&left| left > 0).unwrap_or(0) as u32;
        let mut seen = vec![false; before.len()];
        let mut node = start;
        while !std::mem::replace(&mut seen[node as usize], true) {
            node = one_before[node as usize];
        }
        let mut circle = vec![node];
        let mut back = one_before[node as usize];
        while back != node {
            circle.push(back);
            back = one_before[back as usize];
        }
        circle.reverse();
        // It begins with the node that was added first, so that the message is always the same.
        let first = (0..circle.len()).min_by_key(|&place| circle[place]).unwrap_or(0);
        circle.rotate_left(first);
        let nodes = circle.into_iter().map(|node| names.get(node).to_owned()).collect();
        GraphError::Cycle { nodes }
    }
}

/// Edges by name as edges by number.
fn resolve(graph: &Graph, index: &Index) -> Result<Vec<(u32, u32)>, GraphError> {
    let names = &graph.names;
    let mut edges = Vec::with_capacity(graph.named.len());
    for (earlier, later) in &graph.named {
        let to = index.find(names, later).ok_or_else(|| GraphError::MissingNode {
            earlier: earlier.clone(),
            name: later.clone(),
        })?;
        let from = index.find(names, earlier).ok_or_else(|| GraphError::MissingInput {
            node: later.clone(),
            input: earlier.clone(),
        })?;
        edges.push((from, Kind::Order.pack(to)));
    }
    Ok(edges)
}

/// Successors by node, by counting.
fn successors<I: Iterator<Item = (u32, u32)>>(
    nodes: usize,
    edges: impl Fn() -> I,
) -> Result<(Vec<u32>, Vec<u32>), GraphError> {
    let count = u32::try_from(edges().count()).map_err(|_| GraphError::TooLarge)?;
    let mut offsets = vec![0_u32; nodes + 1];
    for (from, _) in edges() {
        offsets[from as usize] += 1;
    }
    // Each node's end; filling from there down leaves each node's beginning.
    let mut sum = 0;
    for offset in &mut offsets {
        sum += *offset;
        *offset = sum;
    }
    let mut targets = vec![0_u32; count as usize];
    for (from, packed) in edges() {
        let place = &mut offsets[from as usize];
        *place -= 1;
        targets[*place as usize] = packed;
    }
    Ok((offsets, targets))
}
