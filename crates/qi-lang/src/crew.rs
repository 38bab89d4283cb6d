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
//! Whoever queues something looks, after a fence, whether a hand is free and none looks already, and
//! calls one. A hand that lies down says so, and looks once more after a fence: so of a coroutine that
//! is queued and a hand that lies down one sees the other. (Invariant I93.)
//! A hand that queues something itself looks without a fence, since it is awake: it may miss one that lies
//! down at that very moment, and comes to what it has queued when the turn ends. What it puts to its own
//! front it calls nobody for: it runs that next.
//! In case a turn lasts, one of the hands that lie is the *lookout*, as long as others run: it looks of
//! itself, less and less often. So two coroutines that hand to each other wake no thread each time, and
//! what one of them leaves behind waits milliseconds at most while a seat is free.
//!
//! # Memory ordering
//! `free` and `looking` are Relaxed, between SeqCst fences; the queues order what lies in them.
//!
//! # Rejected alternatives
//! A task of the runtime for each coroutine: 60 ns for a turn, and 200 ns to start one. A call for each
//! hand-over: a wake-up of a thread for each message between two coroutines.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crossbeam_deque::Injector;
use qi_runtime::TaskPriority;
use qi_runtime::time::{self, Sleep};

use crate::hand::Hand;
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
    /// Hands that are to run at once.
    seats: usize,
    /// What came from threads that are no hands.
    outside: Injector<&'static Strand>,
    hands: Mutex<Hands>,
    /// Hands that could be called.
    free: AtomicUsize,
    /// Hands that look for work.
    looking: AtomicUsize,
    /// Hands that there have ever been.
    made: AtomicUsize,
    /// Hands too many.
    surplus: AtomicUsize,
    /// Whether there is a lookout.
    watched: AtomicBool,
}

#[derive(Default)]
struct Hands {
    all: Vec<&'static Hand>,
    lying: Vec<&'static Hand>,
    spare: Vec<&'static Hand>,
    /// Hands that have a task.
    running: usize,
    /// Of these, such as are in a coroutine that blocks.
    away: usize,
    /// Of those that lie, the one that looks of itself.
    lookout: Option<&'static Hand>,
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
            } else if !crew.watched.load(Ordering::Relaxed) {
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
    crews.map(|crew| crew.outside.len() + crew.lock().count()).sum()
}

/// Tasks that are hands.
pub(crate) fn hands() -> usize {
    CREWS.iter().filter_map(OnceLock::get).map(|crew| crew.lock().running).sum()
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

impl Hands {
    /// It lies no more.
    fn relieve(&mut self, hand: &'static Hand) {
        if self.lookout.is_some_and(|lookout| std::ptr::eq(lookout, hand)) {
            self.lookout = None;
        }
    }

    fn count(&self) -> usize {
        self.all.iter().map(|hand| hand.count()).sum()
    }
}

impl Crew {
    fn new(lane: TaskPriority) -> Self {
        let seats = run::seats();
        Self {
            lane,
            seats,
            outside: Injector::new(),
            hands: Mutex::default(),
            free: AtomicUsize::new(seats),
            looking: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            surplus: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what the books say.
    fn count(&self, hands: &Hands) {
        let wanted = self.seats + hands.away;
        // Relaxed, both: see the file.
        self.free
            .store(hands.lying.len() + wanted.saturating_sub(hands.running), Ordering::Relaxed);
        self.surplus.store(hands.running.saturating_sub(wanted), Ordering::Relaxed);
        self.watched.store(hands.lookout.is_some(), Ordering::Relaxed);
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
        if self.seats > 1 {
            self.look_and_call();
        }
    }

    /// Has somebody look, if somebody is free and nobody does.
    #[inline]
    fn notify(&'static self) {
        // SeqCst: what was queued comes before the look; see the file.
        fence(Ordering::SeqCst);
        self.look_and_call();
    }

    #[inline]
    fn look_and_call(&'static self) {
        if self.free.load(Ordering::Relaxed) > 0 && self.looking.load(Ordering::Relaxed) == 0 {
            self.call_one();
        }
    }

    #[cold]
    fn call_one(&'static self) {
        let mut hands = self.lock();
        if self.looking.load(Ordering::Relaxed) > 0 {
            return;
        }
        let lying = hands.lying.pop();
        lying.into_iter().for_each(|hand| hands.relieve(hand));
        let begins = lying.is_none() && hands.running < self.seats + hands.away;
        let Some(hand) = lying.or_else(|| begins.then(|| self.engage(&mut hands))) else { return };
        hand.set_looks(true);
        self.looking.fetch_add(1, Ordering::Relaxed);
        self.count(&hands);
        drop(hands);
        if begins {
            let task =
                Task { hand, crew: self, lies: false, tries: 0, watch: None, pause: WATCH.0 };
            drop(run::handle().spawn_with_priority(task, self.lane));
        } else {
            hand.call();
        }
    }

    fn engage(&self, hands: &mut Hands) -> &'static Hand {
        hands.running += 1;
        hands.spare.pop().unwrap_or_else(|| {
            let lane = LANES.iter().position(|lane| *lane == self.lane).unwrap_or(1);
            let hand: &'static Hand = Box::leak(Box::new(Hand::new(lane)));
            hands.all.push(hand);
            self.made.store(hands.all.len(), Ordering::Relaxed);
            hand
        })
    }

    fn count_away(&'static self, change: impl FnOnce(usize) -> usize) {
        let mut hands = self.lock();
        hands.away = change(hands.away);
        self.count(&hands);
        drop(hands);
        // SeqCst: as in `notify`.
        fence(Ordering::SeqCst);
        if self.has_any() {
            self.notify();
        }
    }

    fn has_any(&self) -> bool {
        !self.outside.is_empty() || self.lock().all.iter().any(|hand| hand.has_any())
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
        // Relaxed: of a crew of one that is blocked the second hand was made after it.
        if self.made.load(Ordering::Relaxed) > 1 {
            let hands = self.lock();
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
        let hands = self.lock();
        let mut others = hands.all.iter().filter(|other| !std::ptr::eq(**other, hand));
        others.any(|other| hand.steal_front(other))
    }

    /// A hand looks no more: it has found something, or lies down.
    fn looks_no_more(&self, hand: &'static Hand) -> bool {
        let did = hand.set_looks(false);
        if did {
            // Relaxed: see the file.
            self.looking.fetch_sub(1, Ordering::Relaxed);
        }
        did
    }

    fn looks(&self, hand: &'static Hand) {
        if !hand.set_looks(true) {
            self.looking.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls somebody who will be the lookout when there is nothing else to do.
    #[inline]
    fn appoint_lookout(&'static self) {
        // Relaxed, all: the next hand-over asks again.
        let nobody_looks = self.looking.load(Ordering::Relaxed) == 0;
        if self.seats > 1 && nobody_looks && self.free.load(Ordering::Relaxed) > 0 {
            self.watched.store(true, Ordering::Relaxed);
            self.call_one();
        }
    }

    /// Lets a hand lie down, and says whether as the lookout; `None` if there is work after all.
    fn lie_down(&'static self, hand: &'static Hand, context: &Context<'_>) -> Option<bool> {
        hand.keep(context.waker());
        let mut hands = self.lock();
        // Others are awake. (A hand that is away has nothing that others could not take.)
        let others_run = hands.running.saturating_sub(hands.away) > hands.lying.len() + 1;
        let watches = hands.lookout.is_none() && others_run;
        if watches {
            hands.lookout = Some(hand);
        }
        hands.lying.push(hand);
        self.looks_no_more(hand);
        self.count(&hands);
        drop(hands);
        // SeqCst: pairs with that of `notify`.
        fence(Ordering::SeqCst);
        // One that was called meanwhile goes on when the call reaches its task.
        if self.has_any() && self.stand_up(hand) {
            return None;
        }
        Some(watches)
    }

    /// Takes a hand off the list of those that lie; `false` if somebody has called it.
    fn stand_up(&self, hand: &'static Hand) -> bool {
        let mut hands = self.lock();
        let Some(at) = hands.lying.iter().position(|one| std::ptr::eq(*one, hand)) else {
            return false;
        };
        hands.lying.swap_remove(at);
        hands.relieve(hand);
        self.count(&hands);
        self.looks(hand);
        true
    }

    /// Dismisses a hand if there is one too many.
    fn dismiss(&'static self, hand: &'static Hand) -> bool {
        if self.surplus.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut hands = self.lock();
        if hands.running <= self.seats + hands.away {
            return false;
        }
        hand.empty_into(&self.outside);
        self.looks_no_more(hand);
        hands.running -= 1;
        hands.spare.push(hand);
        self.count(&hands);
        drop(hands);
        self.notify();
        true
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
        self.crew.stand_up(self.hand)
    }

    /// Lies down; `false` if there is work after all.
    fn lie_down(&mut self, context: &mut Context<'_>) -> bool {
        let Some(watches) = self.crew.lie_down(self.hand, context) else { return false };
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
            if crew.looks_no_more(hand) && crew.seats > 1 && crew.has_any() {
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
            crew.looks(hand);
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
