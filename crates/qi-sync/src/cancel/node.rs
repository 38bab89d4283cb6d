//! What the clones of one token share, and how a cancellation reaches those below.
//!
//! # Protocol
//! A token without children stands alone; its first child makes a tree of the two. Which it is
//! is settled under the mutex of its crowd: whoever cancels a lone token marks it there, and
//! whoever makes the first child looks at the mark there first.
//!
//! In a tree the marks are set under the tree's mutex, while the cut runs through all below: a
//! child is made under it too, and so is either cut or finds its parent gone. When `cancel`
//! returns, all below are marked. (I38) Their waiters are woken after that, with no lock
//! held. The tree holds weak references: a token that is gone is released from it, and one that
//! was cut knows by its mark that there is nothing left to release.
//!
//! No lock is taken under the tree's.
//!
//! # Memory ordering
//! The mark is stored with Release and read with Acquire: whoever sees a token cancelled sees what
//! was written before the cancellation.
#![forbid(unsafe_code)]

use super::tree::{Key, Tree};
use crate::crowd::Crowd;
use crate::sync::{AtomicBool, Mutex, lock};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, OnceLock, Weak};

/// One token, whatever the number of its clones.
#[derive(Debug)]
pub(super) struct Node {
    cancelled: AtomicBool,
    /// Set under the mutex of `crowd`.
    member: OnceLock<Member>,
    pub(super) crowd: Mutex<Crowd>,
}

/// A place in a tree.
#[derive(Clone, Debug)]
struct Member {
    tree: Arc<Mutex<Tree<Weak<Node>>>>,
    key: Key,
}

impl Node {
    pub(super) fn lone(cancelled: bool) -> Arc<Self> {
        Arc::new(Self {
            cancelled: AtomicBool::new(cancelled),
            member: OnceLock::new(),
            crowd: Mutex::new(Crowd::new()),
        })
    }

    pub(super) fn is_cancelled(&self) -> bool {
        // Acquire: see "Memory ordering".
        self.cancelled.load(Acquire)
    }

    fn mark(&self) {
        // Release: see "Memory ordering".
        self.cancelled.store(true, Release);
    }

    /// Makes a token that is cancelled with this one.
    pub(super) fn child(self: &Arc<Self>) -> Arc<Self> {
        let Some(member) = self.membership() else { return Self::lone(true) };
        let child = Self::lone(false);
        let weak = Arc::downgrade(&child);
        let Some(key) = lock(&member.tree).insert_child(member.key, weak) else {
            // This token was cut meanwhile.
            child.mark();
            return child;
        };
        let member = Member { tree: member.tree.clone(), key };
        // A cut may be under way already: it finds the child by the tree, not by its membership.
        // And nobody else has the child, so nobody has set it.
        let _ = child.member.set(member);
        child
    }

    /// The place in a tree, made if need be; `None` if the token was cancelled before.
    fn membership(self: &Arc<Self>) -> Option<&Member> {
        if self.is_cancelled() {
            return None;
        }
        if let Some(member) = self.member.get() {
            return Some(member);
        }
        let _crowd = lock(&self.crowd);
        if self.is_cancelled() && !cfg!(qi_mutant = "token_child_without_second_look") {
            return None;
        }
        Some(self.member.get_or_init(|| {
            let mut tree = Tree::new();
            let key = tree.insert_root(Arc::downgrade(self));
            Member { tree: Arc::new(Mutex::new(tree)), key }
        }))
    }

    /// Cancels the token and all below.
    pub(super) fn cancel(self: &Arc<Self>) {
        if self.is_cancelled() {
            if let Some(member) = self.member.get() {
                // Another thread may be cutting just now: it has marked all when it is done.
                drop(lock(&member.tree));
            }
            return;
        }
        let member = {
            let mut crowd = lock(&self.crowd);
            match self.member.get() {
                Some(member) => member,
                None => {
                    self.mark();
                    let released = crowd.release_all();
                    drop(crowd);
                    released.wake();
                    return;
                }
            }
        };
        let mut cut = Vec::new();
        lock(&member.tree).cut(member.key, |weak| {
            // A token whose last clone is being dropped has no waiters, and nobody will ask.
            if let Some(node) = weak.upgrade() {
                node.mark();
                cut.push(node);
            }
        });
        for node in cut {
            let released = lock(&node.crowd).release_all();
            released.wake();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // What was cancelled has left the tree, so its key would find nothing.
        if self.is_cancelled() {
            return;
        }
        if let Some(member) = self.member.get() {
            lock(&member.tree).release(member.key);
        }
    }
}
