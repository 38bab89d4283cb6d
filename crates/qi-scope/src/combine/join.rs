//! `join!` and `try_join!`: all of several futures.
#![forbid(unsafe_code)]

/// Waits for all of several futures in one task; gives a tuple of their outputs.
///
/// They go on side by side, not in parallel; spawn them for that. Each poll begins with another one,
/// unless `biased;` stands before them.
///
/// # Cancel safety
/// If it is dropped, all of them are, with the outputs of those that were ready.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (number, text) = qi_scope::join!(async { 5 }, async { "five" });
/// assert_eq!((number, text), (5, "five"));
/// # });
/// ```
#[macro_export]
macro_rules! join {
    (biased; $($future:expr),+ $(,)?) => { $crate::__join!(@take join [0] [] [] $($future,)*) };
    ($($future:expr),+ $(,)?) => { $crate::__join!(@take join [1] [] [] $($future,)*) };
}

/// Waits for all of several futures in one task, until one fails; gives a tuple of what they returned,
/// or the first error, with which the others are dropped.
///
/// # Errors
/// Of the first future that fails.
///
/// # Cancel safety
/// As [`join!`](crate::join); on an error, too.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use std::future::{pending, ready};
/// let both = qi_scope::try_join!(async { Ok::<_, &str>(5) }, ready(Ok("five")));
/// assert_eq!(both, Ok((5, "five")));
/// let failed = qi_scope::try_join!(pending::<Result<(), _>>(), ready(Err::<(), _>("no")));
/// assert_eq!(failed, Err("no"));
/// # });
/// ```
#[macro_export]
macro_rules! try_join {
    (biased; $($future:expr),+ $(,)?) => { $crate::__join!(@take try_join [0] [] [] $($future,)*) };
    ($($future:expr),+ $(,)?) => { $crate::__join!(@take try_join [1] [] [] $($future,)*) };
}

/// The workings of both: futures are taken one by one, each with a name of its own (what a macro
/// names is another name in each of its expansions), and with as many `N` as there are before it.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    (@take $kind:ident $step:tt [$($n:tt)*] [$($taken:tt)*] $f:expr, $($rest:tt)*) => {
        $crate::__join!(@take $kind $step [$($n)* N] [$($taken)* { [$($n)*] future ($f) }] $($rest)*)
    };
    // No names but locals are made here: others would hide those of the user's expressions.
    (@take join [$step:literal] $all:tt [$({ $n:tt $future:ident ($f:expr) })*]) => {{
        $(let $future = $f;)*
        $(let mut $future = ::core::pin::pin!($crate::__private::maybe_done(
            $crate::__private::IntoFuture::into_future($future)
        ));)*
        let futures = $crate::__join!(@count $all);
        let mut first = 0_usize;
        $crate::__private::poll_fn(|cx| {
            let mut all = true;
            for turn in 0..futures {
                let next = $crate::__private::wrapped(first, turn, futures);
                $(if next == $crate::__join!(@count $n) {
                    all &= $crate::__private::Future::poll($future.as_mut(), cx).is_ready();
                })*
            }
            first = first.wrapping_add($step);
            if all { $crate::__private::Poll::Ready(()) } else { $crate::__private::Poll::Pending }
        })
        .await;
        ($($crate::__private::taken($future.as_mut().take_output()),)*)
    }};
    (@take try_join [$step:literal] $all:tt [$({ $n:tt $future:ident ($f:expr) })*]) => {{
        $(let $future = $f;)*
        $(let mut $future = ::core::pin::pin!($crate::__private::try_maybe_done(
            $crate::__private::IntoFuture::into_future($future)
        ));)*
        let futures = $crate::__join!(@count $all);
        let mut first = 0_usize;
        let result = $crate::__private::poll_fn(|cx| {
            let mut all = true;
            for turn in 0..futures {
                let next = $crate::__private::wrapped(first, turn, futures);
                $(if next == $crate::__join!(@count $n) {
                    match $crate::__private::Future::poll($future.as_mut(), cx) {
                        $crate::__private::Poll::Ready(::core::result::Result::Ok(())) => {}
                        $crate::__private::Poll::Ready(::core::result::Result::Err(error)) => {
                            return $crate::__private::Poll::Ready(
                                ::core::result::Result::Err(error)
                            );
                        }
                        $crate::__private::Poll::Pending => all = false,
                    }
                })*
            }
            first = first.wrapping_add($step);
            if all {
                $crate::__private::Poll::Ready(::core::result::Result::Ok(()))
            } else {
                $crate::__private::Poll::Pending
            }
        })
        .await;
        match result {
            ::core::result::Result::Ok(()) => ::core::result::Result::Ok(
                ($($crate::__private::taken($future.as_mut().take_output()),)*)
            ),
            ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
        }
    }};

    (@count [$($n:tt)*]) => { 0_usize $(+ $crate::__join!(@one $n))* };
    (@one $n:tt) => { 1 };
}
