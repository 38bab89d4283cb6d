//! The bodies of `fuzz/`, and for each a fault that it must find when it is planted.
//!
//! A fault is a value of `cfg(qi_mutant = "NAME")`, as the mutants of the loom models are. `cargo xtask tidy`
//! sees to it that the sources have it.

/// One body.
pub(crate) struct Fuzzed {
    /// Its name; the program is `fuzz_NAME`, the committed inputs lie in `fuzz/corpus/NAME`.
    pub(crate) body: &'static str,
    /// The test that runs it with random inputs.
    pub(crate) test: &'static str,
    pub(crate) mutant: &'static str,
    /// What goes wrong then.
    pub(crate) about: &'static str,
}

pub(crate) const FUZZED: &[Fuzzed] = &[
    Fuzzed {
        body: "channel",
        test: "random_calls_of_channels_do_what_the_models_do",
        mutant: "seek_keeps_wake_up",
        about: "who gives up waiting at a channel keeps the wake-up that was meant for the next",
    },
    Fuzzed {
        body: "coroutine",
        test: "random_calls_of_coroutines_do_what_they_were_told",
        mutant: "coroutine_begins_though_cancelled",
        about: "a coroutine that was cancelled before it began runs to its first wait",
    },
    Fuzzed {
        body: "handle",
        test: "random_calls_of_handles_do_what_the_list_does",
        mutant: "handle_keeps_its_generation",
        about: "a slot that is used again answers to the handle of before",
    },
    Fuzzed {
        body: "task",
        test: "random_calls_of_tasks_lose_none",
        mutant: "state_suspend_forgets_wake",
        about: "a task that was woken while it was polled sleeps on",
    },
    Fuzzed {
        body: "timer",
        test: "random_calls_of_timers_do_what_the_list_does",
        mutant: "timer_fires_with_its_slot",
        about: "a timer fires when its slot of the wheel begins, not when it is due",
    },
];

/// The names of the bodies.
pub(crate) fn bodies() -> Vec<&'static str> {
    FUZZED.iter().map(|row| row.body).collect()
}
