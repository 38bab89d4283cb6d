//! The loom models and, for each, the mutants it must kill.
//!
//! A model is a test `loom_*` of a crate's library that compiles the production files under
//! `cfg(loom)` and prints `loom: NAME executions=K preemption_bound=B`. A mutant is a value of
//! `cfg(qi_mutant = "NAME")` under which the production code lacks a fence or a check.
//! `cargo xtask tidy` keeps this table and the sources in step.

use anyhow::bail;

/// One model.
pub(crate) struct Model {
    /// The test's function name.
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
    /// What the model must print; also handed to it in `LOOM_MAX_PREEMPTIONS`.
    pub(crate) preemption_bound: usize,
    pub(crate) mutants: &'static [&'static str],
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "loom_handle_count",
        package: "qi-abi",
        preemption_bound: 3,
        mutants: &["handle_enters_what_is_leaving"],
    },
    Model {
        name: "loom_roster",
        package: "qi-lang",
        preemption_bound: 3,
        mutants: &[
            "roster_calls_without_fence",
            "roster_lies_without_fence",
            "roster_lies_without_look",
        ],
    },
    Model {
        name: "loom_unpark_is_never_lost",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["park_forgets_notice"],
    },
    Model {
        name: "loom_an_earlier_timer_ends_a_park",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["timer_never_kicks"],
    },
    Model {
        name: "loom_a_timer_fired_elsewhere_reaches_its_delay",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["timer_refresh_forgets_the_race"],
    },
    Model {
        name: "loom_a_timer_is_fired_or_removed",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["timer_fired_counts_as_removed"],
    },
    Model {
        name: "loom_an_event_reaches_a_waiter",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["waiter_skips_second_look"],
    },
    Model {
        name: "loom_clearing_keeps_a_newer_event",
        package: "qi-reactor",
        preemption_bound: 3,
        mutants: &["clear_ignores_tick"],
    },
    Model {
        name: "loom_task_state",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &[
            "state_claim_ignores_turn",
            "state_claim_keeps_scheduled",
            "state_joiner_always_frees",
            "state_suspend_forgets_wake",
            "state_wake_without_write",
        ],
    },
    Model {
        name: "loom_stackful",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["state_claim_ignores_home", "state_never_tells", "home_is_never_kept"],
    },
    Model {
        name: "loom_join",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["join_set_ignores_done", "join_unset_ignores_done"],
    },
    Model {
        name: "loom_loan",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["loan_applied_unlocked"],
    },
    Model {
        name: "loom_lock",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &[
            "lock_cancel_keeps_chance",
            "lock_release_relaxed",
            "lock_waits_without_second_look",
        ],
    },
    Model {
        name: "loom_sleep",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &[
            "sleep_announce_without_fence",
            "sleep_notify_without_fence",
            "sleep_refused_without_look",
            "sleep_stop_without_fence",
            "sleep_without_last_look",
        ],
    },
    Model {
        name: "loom_desk",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["backlog_counts_relaxed"],
    },
    Model {
        name: "loom_shutdown",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &[
            "desks_are_not_passed",
            "gate_advance_without_fence",
            "gate_enter_without_fence",
            "gate_walk_ends_unordered",
        ],
    },
    Model {
        name: "loom_monitor",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["monitor_roused_without_fence", "monitor_sleeps_without_fence"],
    },
    Model {
        name: "loom_place",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["place_looked_at_without_fence", "place_set_without_fence"],
    },
    Model {
        name: "loom_blocks",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &[
            "depot_trims_what_is_in_use",
            "pool_closes_after_its_desks",
            "pool_keeps_late_blocks",
        ],
    },
    Model {
        name: "loom_regions",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["region_goes_with_one_place"],
    },
    Model {
        name: "loom_seats",
        package: "qi-sched",
        preemption_bound: 3,
        mutants: &["seat_offered_off_the_list"],
    },
    Model {
        name: "loom_mutex",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["mutex_guard_without_lock"],
    },
    Model {
        name: "loom_rwlock",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["rwlock_cancel_keeps_lock", "rwlock_waits_unannounced"],
    },
    Model {
        name: "loom_semaphore",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["semaphore_keeps_abandoned_permits", "semaphore_waits_unannounced"],
    },
    Model {
        name: "loom_notify",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["notify_swallows_abandoned", "notify_waits_unannounced"],
    },
    Model {
        name: "loom_cancel",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["token_child_without_second_look", "wait_without_second_look"],
    },
    Model {
        name: "loom_channel",
        package: "qi-sync",
        preemption_bound: 2,
        mutants: &["ring_line_is_not_said", "seek_keeps_wake_up", "seek_without_second_look"],
    },
    Model {
        name: "loom_list",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["list_moves_on_too_early"],
    },
    Model {
        name: "loom_oneshot",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &[
            "oneshot_register_ignores_end",
            "oneshot_send_publishes_nothing",
            "oneshot_send_takes_a_closed_place",
        ],
    },
    Model {
        name: "loom_ring",
        package: "qi-sync",
        preemption_bound: 3,
        mutants: &["ring_publishes_too_early"],
    },
];

/// Refuses the name of a model that does not exist.
pub(crate) fn require(name: &str) -> anyhow::Result<()> {
    if MODELS.iter().any(|model| model.name == name) {
        return Ok(());
    }
    let known: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    bail!("there is no model `{name}`; the models are: {}", known.join(", "))
}
