//! Crews: those who run coroutines, a crew for each lane, a hand for each seat of the runtime.
//!
//! A coroutine is no task of the runtime: that would cost it an allocation and a passage through the
//! scheduler for every turn. A hand is one. It runs a round of turns and lets the runtime's other tasks
//! of its lane have theirs; so the runtime sees lanes, seats and blocked threads as always, and a
//! coroutine is a line of the cache in a queue.
//!
//! # States of a hand
//! ```text
//!  spare ─ called ─► runs ─ finds nothing ─► looks (some polls) ─► lies ─ called ─► looks …
//!    ▲                 │
//!    └── one too many ─┘  while it runs a coroutine that blocks a thread, another takes its place
//! ```
//!
//! # Protocol
//! Who is called for what is queued, and how a hand lies down, is the roster's business (`roster`, I93).
//! A hand that queues something itself looks without a fence, since it is awake: it may miss one that lies
//! down at that very moment, and comes to what it has queued when the turn ends. What it puts to its own
//! front it calls nobody for: it runs that next.
//! In case a turn lasts, one of the hands that lie is the *lookout*, as long as others run: it looks of
//! itself, less and less often. So two coroutines that hand to each other wake no thread each time, and
//! what one of them leaves behind waits milliseconds at most while a seat is free.
//!
//! # Rejected alternatives
//! A task of the runtime for each coroutine: 60 ns for a turn, and 200 ns to start one. A call for each
//! hand-over: a wake-up of a thread for each message between two coroutines.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use crossbeam_deque::Injector;
use qi_runtime::TaskPriority;
use qi_runtime::time::{self, Sleep};

use crate::hand::Hand;
use crate::roster::{Called, Member, Roster};
use crate::strand::Strand;
use crate::{drive, here, plain, run};

/// Polls in vain before a hand lies down: what comes a moment later finds it awake.
const LOOKS: u32 = 24;

/// Between two looks of a lookout: the first time, and at most.
const WATCH: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(16));

const LANES: [TaskPriority; 4] =
    [TaskPriority::Low, TaskPriority::Normal, TaskPriority::High, TaskPriority::Critical];

/// See the file.
pub(crate) struct Crew {
    lane: TaskPriority,
    /// What came from threads that are no hands.
    outside: Injector<&'static Strand>,
    roster: Roster<Hand>,
}

static CREWS: [OnceLock<Crew>; 4] =
    [OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new()];

#[inline]
fn crew(lane: usize) -> &'static Crew {
    CREWS[lane].get_or_init(|| Crew::new(LANES[lane]))
}

/// Queues a coroutine that was woken.
#[inline]
pub(crate) fn push(strand: &'static Strand) {
    let lane = strand.lane();
    match here::hand() {
        Some(hand) if hand.lane() == lane => {
            let crew = crew(lane);
            if hand.push_front(strand) {
                crew.notify_from_hand();
            } else if !crew.roster.is_watched() {
                crew.appoint_lookout();
            }
        }
        _ => crew(lane).bring(strand),
    }
}

/// Queues a coroutine that was started.
#[inline]
pub(crate) fn push_new(strand: &'static Strand) {
    let lane = strand.lane();
    match here::hand() {
        Some(hand) if hand.lane() == lane => {
            hand.push_back(strand);
            crew(lane).notify_from_hand();
        }
        _ => crew(lane).bring(strand),
    }
}

/// Coroutines that are queued, about.
pub(crate) fn queued() -> usize {
    let crews = CREWS.iter().filter_map(OnceLock::get);
    let count = |crew: &Crew| crew.roster.lock().all.iter().map(|hand| hand.count()).sum::<usize>();
    crews.map(|crew| crew.outside.len() + count(crew)).sum()
}

/// Tasks that are hands.
pub(crate) fn hands() -> usize {
    CREWS.iter().filter_map(OnceLock::get).map(|crew| crew.roster.lock().running).sum()
}

/// The time in which a hand's thread is blocked by a coroutine: another hand has its place.
pub(crate) struct Blocked(&'static Hand);

impl Blocked {
    pub(crate) fn begin(hand: &'static Hand) -> Self {
        hand.shuffle();
        plain::some_ended();
        crew(hand.lane()).count_away(|away| away + 1);
        Self(hand)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        crew(self.0.lane()).count_away(|away| away - 1);
    }
}

impl Member for Hand {
    fn set_looks(&self, looks: bool) -> bool {
        Self::set_looks(self, looks)
    }
}

impl Crew {
    fn new(lane: TaskPriority) -> Self {
        Self { lane, outside: Injector::new(), roster: Roster::new(run::seats()) }
    }

    /// Queues what comes from a thread that is no hand of this lane.
    fn bring(&'static self, strand: &'static Strand) {
        self.outside.push(strand);
        self.notify();
    }

    /// Of a crew of one hand there is nobody else to call. The hand itself is awake: if it misses one that
    /// lies down now, it runs what it has queued, or the lookout takes it from behind a turn that lasts.
    #[inline]
    fn notify_from_hand(&'static self) {
        if self.roster.has_several() && self.roster.wants_call() {
            self.call_one();
        }
    }

    /// Has somebody look, if somebody is free and nobody does.
    #[inline]
    fn notify(&'static self) {
        if self.roster.wants_call_for_queued() {
            self.call_one();
        }
    }

    #[cold]
    fn call_one(&'static self) {
        match self.roster.choose(|| self.make_hand()) {
            Some(Called::Lying(hand)) => hand.call(),
            Some(Called::New(hand)) => {
                let task =
                    Task { hand, crew: self, lies: false, tries: 0, watch: None, pause: WATCH.0 };
                drop(run::handle().spawn_with_priority(task, self.lane));
            }
            None => {}
        }
    }

    fn make_hand(&self) -> &'static Hand {
        let lane = LANES.iter().position(|lane| *lane == self.lane).unwrap_or(1);
        Box::leak(Box::new(Hand::new(lane)))
    }

    fn count_away(&'static self, change: impl FnOnce(usize) -> usize) {
        self.roster.count_away(change);
        if self.has_any() {
            self.notify();
        }
    }

    fn has_any(&self) -> bool {
        !self.outside.is_empty() || self.roster.lock().all.iter().any(|hand| hand.has_any())
    }

    /// The next coroutine for a hand.
    #[inline]
    pub(crate) fn next(&self, hand: &'static Hand) -> Option<&'static Strand> {
        hand.pop().or_else(|| self.find(hand))
    }

    #[cold]
    fn find(&self, hand: &'static Hand) -> Option<&'static Strand> {
        hand.draw(&self.outside);
        if let Some(found) = hand.pop() {
            return Some(found);
        }
        if self.roster.has_made_several() {
            let hands = self.roster.lock();
            for other in &hands.all {
                if !std::ptr::eq(*other, hand) && hand.steal_from(other) {
                    break;
                }
            }
        }
        hand.pop()
    }

    /// Takes what waits behind a turn that lasts; whether there was such a one.
    fn relieve_others(&self, hand: &'static Hand) -> bool {
        let hands = self.roster.lock();
        let mut others = hands.all.iter().filter(|other| !std::ptr::eq(**other, hand));
        others.any(|other| hand.steal_front(other))
    }

    /// Calls somebody who will be the lookout when there is nothing else to do.
    #[inline]
    fn appoint_lookout(&'static self) {
        if self.roster.appoints_lookout() {
            self.call_one();
        }
    }

    /// Dismisses a hand if there is one too many.
    fn dismiss(&'static self, hand: &'static Hand) -> bool {
        let dismissed = self.roster.dismiss(hand, || hand.empty_into(&self.outside));
        if dismissed {
            self.notify();
        }
        dismissed
    }
}

/// The task of a hand.
struct Task {
    hand: &'static Hand,
    crew: &'static Crew,
    lies: bool,
    /// Polls in vain, one after the other.
    tries: u32,
    /// The lookout's next look.
    watch: Option<Pin<Box<Sleep>>>,
    pause: Duration,
}

impl Task {
    /// Whether it goes on: it was called, or the lookout looks.
    fn goes_on(&mut self, context: &mut Context<'_>) -> bool {
        self.hand.keep(context.waker());
        if self.hand.take_call() {
            self.watch = None;
            return true;
        }
        let Some(watch) = &mut self.watch else { return false };
        if watch.as_mut().poll(context).is_pending() {
            return false;
        }
        self.watch = None;
        self.tries = LOOKS;
        self.crew.roster.stand_up(self.hand)
    }

    /// Lies down; `false` if there is work after all.
    fn lie_down(&mut self, context: &mut Context<'_>) -> bool {
        self.hand.keep(context.waker());
        let lies = self.crew.roster.lie_down(self.hand, || self.crew.has_any());
        let Some(watches) = lies else { return false };
        self.lies = true;
        if watches {
            let mut watch = Box::pin(time::sleep(self.pause));
            self.pause = (self.pause * 2).min(WATCH.1);
            // Due at once: it looks again at once.
            if watch.as_mut().poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
            self.watch = Some(watch);
        }
        true
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (hand, crew) = (self.hand, self.crew);
        if self.lies {
            if !self.goes_on(context) {
                return Poll::Pending;
            }
            self.lies = false;
        }
        hand.draw(&crew.outside);
        let took_turns = drive::round(crew, hand, || {
            // Where there is work for one there may be for two.
            if crew.roster.looks_no_more(hand) && crew.roster.has_several() && crew.has_any() {
                crew.notify();
            }
        });
        if crew.dismiss(hand) {
            return Poll::Ready(());
        }
        if took_turns {
            self.tries = 0;
            self.pause = WATCH.0;
        } else {
            self.tries += 1;
            crew.roster.looks(hand);
        }
        let looks_deep = self.tries == 1 || self.tries > LOOKS;
        if looks_deep && crew.relieve_others(hand) {
            self.tries = 0;
        }
        if self.tries > LOOKS {
            self.tries = 0;
            if self.lie_down(context) {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
