//! What a node takes from the nodes before it: from handles to values.

use crate::node::{AnyNode, Kind, Maybe, Node, Take};
use crate::run::Store;
use std::sync::Arc;

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the inputs of a node",
    label = "not `&node`, `node.maybe()`, `node.take()`, a slice of nodes, or a tuple of these",
    note = "a tuple has up to eight inputs; take a slice for more"
)]
/// What can stand in [`NodeBuilder::after`](crate::NodeBuilder::after): one input, a tuple of up
/// to eight, or a slice of nodes of one type.
///
/// | input | what the node gets |
/// |---|---|
/// | `&Node<T>`, `Node<T>` | `Arc<T>` |
/// | [`node.maybe()`](Node::maybe) | `Option<Arc<T>>` |
/// | [`node.take()`](Node::take) | `T` |
/// | `&[Node<T>]`, `&Vec<Node<T>>` | `Vec<Arc<T>>` |
/// | a tuple of these | a tuple of those |
///
/// A node with more than eight inputs takes a slice, which may stand in a tuple with others.
///
/// Implemented by this crate only.
///
/// # Examples
/// Eight inputs and no more stand side by side:
/// ```compile_fail,E0277
/// # let mut graph = qi_graph::Graph::new();
/// let n = graph.value("one", 1_u32);
/// graph.node("sum").after((n, n, n, n, n, n, n, n, n)).compute(|_| Ok(()));
/// ```
/// ```
/// # let mut graph = qi_graph::Graph::new();
/// let n = graph.value("one", 1_u32);
/// let many = [n; 9];
/// graph.node("sum").after((&many[..], n.maybe())).compute(|(many, _)| {
///     Ok(many.iter().map(|n| **n).sum::<u32>())
/// });
/// ```
pub trait Inputs: sealed::Inputs {}

impl<I: sealed::Inputs> Inputs for I {}

pub(crate) mod sealed {
    use super::{AnyNode, Kind, Store};

    /// Inputs as they are given.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the inputs of a node",
        label = "not `&node`, `node.maybe()`, `node.take()`, a slice of nodes, or a tuple of these",
        note = "a tuple has up to eight inputs; take a slice for more"
    )]
    #[doc(hidden)]
    pub trait Inputs {
        /// What is kept of them.
        type Links: Links;
        fn link(self, edges: &mut Edges) -> Self::Links;
    }

    /// Inputs as they are kept: node numbers, without the nodes' types.
    #[doc(hidden)]
    pub trait Links: Send + 'static {
        /// What the node gets.
        type Values: Send + 'static;
        /// Takes the values. They are there: the inputs have ended.
        fn load(&self, store: &Store<'_>) -> Self::Values;
        /// The numbers of the nodes whose results are read.
        fn each(&self, visit: &mut dyn FnMut(u32));
    }

    /// The edges that the inputs make.
    #[doc(hidden)]
    #[derive(Debug, Default)]
    pub struct Edges(pub(crate) Vec<(AnyNode, Kind)>);
}

use sealed::{Edges, Links};

/// One shared input.
#[doc(hidden)]
pub struct Shared<T>(Node<T>);
/// One input that may be missing.
#[doc(hidden)]
pub struct Optional<T>(Node<T>);
/// One moved input.
#[doc(hidden)]
pub struct Moved<T>(Node<T>);
/// Many shared inputs of one type.
#[doc(hidden)]
pub struct Many<T>(Box<[Node<T>]>);

impl<T: Send + Sync + 'static> Links for Shared<T> {
    type Values = Arc<T>;

    fn load(&self, store: &Store<'_>) -> Arc<T> {
        store.share(self.0.any().index)
    }

    fn each(&self, visit: &mut dyn FnMut(u32)) {
        visit(self.0.any().index);
    }
}

impl<T: Send + Sync + 'static> Links for Optional<T> {
    type Values = Option<Arc<T>>;

    fn load(&self, store: &Store<'_>) -> Option<Arc<T>> {
        store.try_share(self.0.any().index)
    }

    fn each(&self, visit: &mut dyn FnMut(u32)) {
        visit(self.0.any().index);
    }
}

impl<T: Send + Sync + 'static> Links for Moved<T> {
    type Values = T;

    fn load(&self, store: &Store<'_>) -> T {
        store.take(self.0.any().index)
    }

    fn each(&self, visit: &mut dyn FnMut(u32)) {
        visit(self.0.any().index);
    }
}

impl<T: Send + Sync + 'static> Links for Many<T> {
    type Values = Vec<Arc<T>>;

    fn load(&self, store: &Store<'_>) -> Vec<Arc<T>> {
        self.0.iter().map(|node| store.share(node.any().index)).collect()
    }

    fn each(&self, visit: &mut dyn FnMut(u32)) {
        self.0.iter().for_each(|node| visit(node.any().index));
    }
}

impl Links for () {
    type Values = ();

    fn load(&self, _store: &Store<'_>) {}

    fn each(&self, _visit: &mut dyn FnMut(u32)) {}
}

macro_rules! single {
    ($($given:ty, $links:ident, $kind:ident, |$node:ident| $inner:expr;)*) => {$(
        impl<T: Send + Sync + 'static> sealed::Inputs for $given {
            type Links = $links<T>;

            fn link(self, edges: &mut Edges) -> $links<T> {
                let $node = self;
                let node: Node<T> = $inner;
                edges.0.push((node.any(), Kind::$kind));
                $links(node)
            }
        }
    )*};
}

single! {
    Node<T>, Shared, Data, |node| node;
    &Node<T>, Shared, Data, |node| *node;
    Maybe<T>, Optional, Maybe, |node| node.0;
    Take<T>, Moved, Moved, |node| node.0;
}

impl<T: Send + Sync + 'static> sealed::Inputs for &[Node<T>] {
    type Links = Many<T>;

    fn link(self, edges: &mut Edges) -> Many<T> {
        edges.0.extend(self.iter().map(|node| (node.any(), Kind::Data)));
        Many(self.into())
    }
}

impl<T: Send + Sync + 'static> sealed::Inputs for &Vec<Node<T>> {
    type Links = Many<T>;

    fn link(self, edges: &mut Edges) -> Many<T> {
        self.as_slice().link(edges)
    }
}

macro_rules! tuple {
    ($($letter:ident $place:tt),+) => {
        impl<$($letter: sealed::Inputs),+> sealed::Inputs for ($($letter,)+) {
            type Links = ($($letter::Links,)+);

            fn link(self, edges: &mut Edges) -> Self::Links {
                ($(self.$place.link(edges),)+)
            }
        }

        impl<$($letter: Links),+> Links for ($($letter,)+) {
            type Values = ($($letter::Values,)+);

            fn load(&self, store: &Store<'_>) -> Self::Values {
                ($(self.$place.load(store),)+)
            }

            fn each(&self, visit: &mut dyn FnMut(u32)) {
                $(self.$place.each(visit);)+
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
