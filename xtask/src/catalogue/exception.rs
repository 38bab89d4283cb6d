//! Tests that cannot pass in one way of running, whatever the program does. They are skipped there
//! with these reasons.

use crate::rig::Exception;

/// Under wine. The workflow's native Windows job runs them.
pub(crate) const WINE: &[Exception] = &[
    Exception {
        package: "qi-runtime",
        test: Some("system"),
        name: "whole::a_copy_has_content_and_permissions",
        reason: "wine copies the file and does not report how far it is, from which the standard \
                     library counts the bytes: it returns 0",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net_error"),
        name: "a_port_is_free_as_soon_as_its_listener_is_dropped",
        reason: "a request to watch a socket holds it in wine's server until the thread that made \
                 the request has acknowledged its end; with mio alone, and a request made by another \
                 thread than the one that closes, the port is still taken up to 1 time in 8, and with \
                 Tokio 1 in 150; never if one thread does both",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net_error"),
        name: "a_waiting_read_learns_of_a_reset",
        reason: "wine's server takes the error off the socket while it polls, and the read sees an \
                 orderly end; so it does with Tokio",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net"),
        name: "bad_day::a_reset_at_every_byte_ends_a_proxied_connection_on_both_sides",
        reason: "wine's server takes the error off the socket while it polls, as above",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net"),
        name: "named_pipe::only_one_instance_is_the_first",
        reason: "wine 8 does not look at FILE_FLAG_FIRST_PIPE_INSTANCE",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net_many"),
        name: "five_hundred_connections_are_served_at_once",
        reason: "wine's server takes time that grows with the square of the number of sockets: \
                 minutes for so many, with Tokio too",
    },
];

/// Under qemu's user mode, for 64-bit processors.
pub(crate) const QEMU_64: &[Exception] = &[
    THREADS_REFUSED,
    coroutine("mapping::a_stack_is_a_mapping_of_max_stack_size_between_guards", NO_ADVICE),
    coroutine(
        "mapping::all_of_max_stack_size_can_be_used_and_goes_back_when_the_stack_is_idle",
        NO_ADVICE,
    ),
    coroutine(
        "mapping::a_program_that_locks_its_memory_gets_stacks_with_guards_all_the_same",
        NO_ADVICE,
    ),
    coroutine(
        "mapping::stack_pool_size_stacks_are_in_memory_before_the_first_coroutine",
        NO_ADVICE,
    ),
    coroutine("mapping::where_address_space_is_limited_less_of_it_is_reserved", NO_LIMITS),
    without_advice("mapping::max_stack_size_is_what_there_is_above_a_guard"),
    without_advice("mapping::stack_pool_size_stacks_are_in_memory_from_the_start"),
    without_advice("mapping::what_is_beyond_the_pool_goes_back_when_the_runtime_is_idle"),
];

/// The same for 32-bit processors, where a thread does a stack's work.
pub(crate) const QEMU_32: &[Exception] =
    &[THREADS_REFUSED, LEAVES_ITS_THREAD, UNWINDS_THERE, GOES_ON_THERE];

const THREADS_REFUSED: Exception = Exception {
    package: "qi-sched",
    test: Some("refused"),
    name: "a_scheduler_lives_with_threads_that_the_system_refuses",
    reason: NO_LIMITS,
};

const NO_LIMITS: &str = "qemu takes a limit of address space for granted and does not keep it";

const NO_ADVICE: &str = "qemu keeps what a program advises about its memory from the system, whose \
                         list of mappings is the emulator's";

const fn without_advice(name: &'static str) -> Exception {
    Exception { package: "qi-runtime", test: Some("coroutine"), name, reason: NO_ADVICE }
}

/// Over poll(2).
pub(crate) const POLL: &[Exception] = &[Exception {
    package: "qi-runtime",
    test: Some("net"),
    name: "dropped_connect::a_connect_dropped_at_every_poll_leaves_no_connection",
    reason: "mio's emulation tells of wake-ups and of changed registrations by one eventfd: a change \
             that comes between a wake-up and the next wait empties it, and the wake-up is lost",
}];

/// With a thread in place of each coroutine's stack.
pub(crate) const THREADS: &[Exception] = &[LEAVES_ITS_THREAD, UNWINDS_THERE, GOES_ON_THERE];

const LEAVES_ITS_THREAD: Exception = Exception {
    package: "qi-stackful",
    test: Some("migrating"),
    name: "a_migratable_one_leaves_a_thread_that_is_held_up",
    reason: OWN_THREAD,
};

const UNWINDS_THERE: Exception = Exception {
    package: "qi-runtime",
    test: Some("coroutine"),
    name: "blocking::a_coroutine_of_the_same_thread_ends_the_wait_of_one_that_unwinds",
    reason: OWN_THREAD,
};

const GOES_ON_THERE: Exception = Exception {
    package: "qi-runtime",
    test: Some("coroutine"),
    name: "pinning::those_that_have_begun_go_on_on_a_thread_that_gave_its_seat_away",
    reason: OWN_THREAD,
};

const OWN_THREAD: &str =
    "it looks at the number of its thread, and a coroutine that is a thread has one of its own";

/// With musl.
pub(crate) const MUSL: &[Exception] = &[];

/// Under LeakSanitizer: tests that lose memory on purpose.
pub(crate) const LEAK: &[Exception] = &[
    Exception {
        package: "qi-coroutine",
        test: None,
        name: "slot::tests::every_address_of_a_slot_finds_the_slot",
        reason: "a run of slots lives as long as the process, and those of this test are no process's",
    },
    forgets("qi-sched", "behaviour", "locals::futures_that_are_forgotten_break_nothing"),
    forgets(
        "qi-sched",
        "behaviour",
        "lock::a_guard_that_is_leaked_keeps_the_lock_and_nothing_else",
    ),
    forgets(
        "qi-scope",
        "behaviour",
        "forgotten::a_forgotten_handle_of_a_blocking_scope_does_not_let_it_go_early",
    ),
    forgets(
        "qi-scope",
        "behaviour",
        "forgotten::a_forgotten_join_of_a_blocking_scope_does_not_let_it_go_early",
    ),
    forgets("qi-scope", "behaviour", "forgotten::a_forgotten_scope_never_polls_its_children_again"),
    forgets("qi-scope", "behaviour", "forgotten::a_forgotten_set_leaves_its_tasks_running"),
    forgets(
        "qi-scope",
        "behaviour",
        "forgotten::a_forgotten_wait_for_a_cancellation_keeps_nobody_from_being_cancelled",
    ),
    forgets(
        "qi-sync",
        "channel_oneshot",
        "a_forgotten_receiver_frees_the_sender_of_nothing_but_memory",
    ),
    forgets("qi-sync", "locks", "mutex::a_pending_lock_that_is_forgotten_breaks_no_memory"),
    coroutine("mapping::where_address_space_is_limited_less_of_it_is_reserved", NO_SPACE),
];

const fn forgets(package: &'static str, test: &'static str, name: &'static str) -> Exception {
    let reason = "it forgets something on purpose, and looks whether no more than memory is lost";
    Exception { package, test: Some(test), name, reason }
}

/// Under AddressSanitizer.
pub(crate) const ADDRESS: &[Exception] = &[
    coroutine("mapping::where_address_space_is_limited_less_of_it_is_reserved", NO_SPACE),
    coroutine("mapping::a_stack_is_a_mapping_of_max_stack_size_between_guards", FRAMES_ELSEWHERE),
    coroutine(
        "mapping::all_of_max_stack_size_can_be_used_and_goes_back_when_the_stack_is_idle",
        FRAMES_ELSEWHERE,
    ),
    coroutine(
        "mapping::a_program_that_locks_its_memory_gets_stacks_with_guards_all_the_same",
        FRAMES_ELSEWHERE,
    ),
    coroutine(
        "mapping::stack_pool_size_stacks_are_in_memory_before_the_first_coroutine",
        "what the sanitizer notes of the stacks is resident too",
    ),
    coroutine("overflow::one_frame_of_3_mib_is_named", FRAMES_ELSEWHERE),
    mapped("mapping::max_stack_size_is_what_there_is_above_a_guard"),
    mapped("mapping::stack_pool_size_stacks_are_in_memory_from_the_start"),
    mapped("mapping::what_is_beyond_the_pool_goes_back_when_the_runtime_is_idle"),
];

const FRAMES_ELSEWHERE: &str = "the sanitizer keeps local variables in memory of its own";

const fn mapped(name: &'static str) -> Exception {
    let reason = FRAMES_ELSEWHERE;
    Exception { package: "qi-runtime", test: Some("coroutine"), name, reason }
}

/// Under ThreadSanitizer.
pub(crate) const THREAD: &[Exception] = &[
    Exception {
        package: "qi-lang",
        test: Some("programs"),
        name: "idle::program_that_waits_does_not_run_at_all",
        reason: "the sanitizer has a thread of its own that wakes ten times a second",
    },
    Exception {
        package: "qi-lang",
        test: Some("programs"),
        name: "deadlock_is_said_in_two_languages_with_who_waits_on_what",
        reason: "nothing is concluded in a process with a thread that the runtime does not know, as the \
                 sanitizer's own",
    },
    Exception {
        package: "qi-sys",
        test: Some("c_header"),
        name: "a_c99_program_uses_the_header_and_links",
        reason: NO_RUNTIME,
    },
    Exception {
        package: "qi-sys",
        test: Some("c_header"),
        name: "a_cpp11_program_uses_the_header_and_links",
        reason: NO_RUNTIME,
    },
    coroutine("overflow::one_frame_of_3_mib_is_named", "the compiler makes no stack probes there"),
    coroutine(
        "mapping::forty_thousand_stacks_take_few_mappings",
        "the sanitizer knows no more than eight thousand threads and fibers",
    ),
    coroutine(
        "mapping::stack_pool_size_stacks_are_in_memory_before_the_first_coroutine",
        "what the sanitizer notes of the stacks is resident too",
    ),
    coroutine("mapping::where_address_space_is_limited_less_of_it_is_reserved", NO_SPACE),
];

const NO_SPACE: &str = "the sanitizer needs address space of its own";

const fn coroutine(name: &'static str, reason: &'static str) -> Exception {
    Exception { package: "qi-coroutine", test: Some("coroutine"), name, reason }
}

const NO_RUNTIME: &str =
    "its foreign program is linked to the instrumented C side without the sanitizer's runtime";
