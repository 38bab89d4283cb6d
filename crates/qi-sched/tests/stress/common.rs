//! What the stress programs share: the plan, the dice, the ledger of futures.
#![forbid(unsafe_code)]

pub(crate) use qi_test_kit::watched_for as watched;
use std::env::var;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// What the environment asks for.
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) operations: usize,
    pub(crate) time: Duration,
    pub(crate) schedulers: usize,
}

impl Plan {
    /// Many times what a run takes on a small machine that is busy.
    pub(crate) fn limit(&self) -> Duration {
        self.time + Duration::from_secs(480)
    }

    pub(crate) fn of_environment() -> Self {
        let number = |name| var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
        match number("QI_STRESS_SEED") {
            Some(seed) => Self {
                seed,
                operations: 10_000_000,
                time: Duration::from_secs(number("QI_STRESS_SECONDS").unwrap_or(0)),
                schedulers: 1_000,
            },
            None => {
                Self { seed: 0x5EED, operations: 200_000, time: Duration::ZERO, schedulers: 200 }
            }
        }
    }
}

/// Steele, Lea and Flood's splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }
}

/// One bit per future, set when it is dropped.
pub(crate) struct Ledger {
    dropped: Vec<AtomicU64>,
    given: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let dropped = (0..most.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Self { dropped, given: AtomicUsize::new(0) })
    }

    pub(crate) fn entry(self: &Arc<Self>) -> Entry {
        Entry { number: self.given.fetch_add(1, Relaxed), ledger: self.clone() }
    }

    /// How many futures there were.
    pub(crate) fn given(&self) -> usize {
        self.given.load(Relaxed)
    }

    /// Fails unless every future that was made has been dropped.
    pub(crate) fn check(&self) -> u64 {
        let given = self.given.load(Relaxed);
        let dropped: u64 =
            self.dropped.iter().map(|word| u64::from(word.load(Relaxed).count_ones())).sum();
        assert_eq!(dropped, given as u64, "futures were not dropped");
        dropped
    }
}

/// Lies in a future.
pub(crate) struct Entry {
    pub(crate) number: usize,
    ledger: Arc<Ledger>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let bit = 1 << (self.number % 64);
        let before = self.ledger.dropped[self.number / 64].fetch_or(bit, Relaxed);
        if before & bit != 0 {
            // A panic here would be caught as the task's.
            eprintln!("future {} was dropped twice", self.number);
            std::process::abort();
        }
    }
}
