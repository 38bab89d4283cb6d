//! Every option out of range is an error that names the field, the value and the range.
#![forbid(unsafe_code)]

use qi_sched::{ConfigError, Scheduler, SchedulerBuilder, Shares};
use std::time::Duration;

fn check(field: &str, value: &str, mut builder: SchedulerBuilder) {
    assert_names(field, value, &builder.check().unwrap_err());
    let error = builder.build().unwrap_err();
    assert!(error.to_string().contains(field), "{error}");
    assert!(error.message_zh().contains(field));
}

fn assert_names(field: &str, value: &str, error: &ConfigError) {
    assert_eq!(error.field(), field);
    let text = error.to_string();
    assert!(text.starts_with(field) && text.contains(value), "{text}");
    assert!(text.contains("accepted is"), "{text}");
    assert!(error.message_zh().contains(value), "{}", error.message_zh());
}

#[test]
fn every_option_out_of_range_is_named_with_its_value() {
    let new = Scheduler::builder;
    let day = Duration::from_secs(86_400);
    check("worker_threads", "0", new().worker_threads(0));
    check("worker_threads", "100000", new().worker_threads(100_000));
    check("queue_capacity", "0", new().queue_capacity(0));
    check("queue_capacity", "16777217", new().queue_capacity((1 << 24) + 1));
    check("max_blocking_threads", "0", new().max_blocking_threads(0));
    check("max_blocking_threads", "65537", new().max_blocking_threads((1 << 16) + 1));
    check("thread_stack_size", "65535", new().thread_stack_size(65_535));
    let most = format!("{}", usize::MAX);
    check("thread_stack_size", &most, new().thread_stack_size(usize::MAX));
    check("poll_interval", "49µs", new().poll_interval(Duration::from_micros(49)));
    check("poll_interval", "11s", new().poll_interval(Duration::from_secs(11)));
    check("stall_threshold", "99µs", new().stall_threshold(Duration::from_micros(99)));
    check("stall_threshold", "3601s", new().stall_threshold(Duration::from_secs(3601)));
    check("blocking_keep_alive", "86401s", new().blocking_keep_alive(day + Duration::from_secs(1)));
    check("shutdown_timeout", "86401s", new().shutdown_timeout(day + Duration::from_secs(1)));
    check("shutdown_timeout", "s", new().shutdown_timeout(Duration::MAX));
    check("thread_name", "\\0", new().thread_name("a\0b"));
}

#[test]
fn shares_out_of_range_are_named_with_their_value() {
    assert_names("share.high", "1", &Shares::new(1, 16, 64).unwrap_err());
    assert_names("share.normal", "0", &Shares::new(8, 0, 64).unwrap_err());
    assert_names("share.low", "65537", &Shares::new(8, 16, 65_537).unwrap_err());
    assert_names("share", "1/2", &Shares::new(2, 2, 64).unwrap_err());
    let shares = Shares::new(4, 8, 32).unwrap();
    assert_eq!((shares.high(), shares.normal(), shares.low()), (4, 8, 32));
}

#[test]
fn the_bounds_themselves_are_accepted() {
    let day = Duration::from_secs(86_400);
    let mut builder = Scheduler::builder()
        .worker_threads(1)
        .queue_capacity(1 << 24)
        .max_blocking_threads(1 << 16)
        .thread_stack_size(64 * 1024)
        .poll_interval(Duration::from_micros(50))
        .stall_threshold(Duration::from_micros(100))
        .blocking_keep_alive(Duration::ZERO)
        .shutdown_timeout(day);
    builder.check().unwrap();
    let scheduler = builder.build().unwrap();
    assert_eq!(scheduler.block_on(scheduler.spawn(async { 1 })).unwrap(), 1);
}

#[test]
fn a_stepper_checks_its_options_too() {
    assert!(Scheduler::builder().worker_threads(0).build_stepper().is_err());
}

#[test]
fn threads_carry_the_given_name() {
    let builder = Scheduler::builder().worker_threads(1).thread_name("loom-hand");
    let scheduler = builder.build().unwrap();
    let name = scheduler.spawn(async { std::thread::current().name().map(str::to_owned) });
    assert_eq!(scheduler.block_on(name).unwrap().as_deref(), Some("loom-hand-0"));
}
