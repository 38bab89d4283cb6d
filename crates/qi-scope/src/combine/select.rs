//! `select!` and `race!`: the first of several futures.
#![forbid(unsafe_code)]

/// Waits for the first of several futures, and runs its branch; the other futures are dropped.
///
/// ```text
/// select! {
///     biased;                                          // optional
///     PATTERN = FUTURE => BODY,
///     PATTERN = FUTURE, if CONDITION => BODY,
///     else => BODY,                                    // optional, last
/// }
/// ```
///
/// 1. All conditions are evaluated, then all futures, those of disabled branches too. A branch whose
///    condition is false is disabled.
/// 2. The others are polled, each time beginning with one by chance; with `biased;`, from the first
///    on. A future that is ready, but whose output does not match the pattern, disables its branch.
/// 3. The first whose output matches is taken: all futures are dropped, and its body runs.
/// 4. When all branches are disabled, `else` runs.
///
/// Bodies may use `?`, `break`, `continue`, `return` and `.await` of the code around. Futures that are
/// to go on in a later `select!` are given by reference, pinned.
///
/// # Panics
/// If all branches are disabled and there is no `else`.
///
/// # Cancel safety
/// The futures that lost are dropped at whatever point they are. Those that are not cancel-safe are
/// made outside and polled by reference.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use std::future::{pending, ready};
/// let (first, second) = (ready(Some(5)), ready(None::<u32>));
/// let got = qi_scope::select! {
///     Some(number) = first => number,
///     Some(number) = second => number,
///     () = pending() => unreachable!(),
/// };
/// assert_eq!(got, 5);
///
/// let mut tries = 0;
/// let answer = loop {
///     qi_scope::select! {
///         biased;
///         () = ready(()), if tries < 3 => tries += 1,
///         else => break tries,
///     }
/// };
/// assert_eq!(answer, 3);
/// # });
/// ```
#[macro_export]
macro_rules! select {
    (biased; $($rest:tt)*) => { $crate::__select!(@take [biased] [] [] $($rest)*) };
    ($($rest:tt)*) => { $crate::__select!(@take [fair] [] [] $($rest)*) };
}

/// Waits for the first of several futures of one type of output; the others are dropped. With
/// `biased;` before them the first of those that are ready at once wins, else one by chance.
///
/// # Cancel safety
/// As [`select!`](crate::select).
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let winner = qi_scope::race!(std::future::pending(), async { 5 });
/// assert_eq!(winner, 5);
/// # });
/// ```
#[macro_export]
macro_rules! race {
    (biased; $($future:expr),+ $(,)?) => {
        $crate::select! { biased; $(output = $future => output),+ }
    };
    ($($future:expr),+ $(,)?) => {
        $crate::select! { $(output = $future => output),+ }
    };
}

/// The workings of `select!`: branches are taken one by one, each with a name of its own for its
/// future and its switch (what a macro names is another name in each of its expansions), and with
/// as many `R` as there are branches before it.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // All branches are taken.
    (@take $mode:tt [] []) => {
        ::core::compile_error!("select! needs a branch")
    };
    (@take $mode:tt [] [] else => $else:expr $(,)?) => { $else };
    (@take $mode:tt $all:tt $branches:tt) => {
        $crate::__select!(@emit $mode $all $branches (::core::panic!(
            "all branches of a select! are disabled, and it has no else"
        )))
    };
    (@take $mode:tt $all:tt $branches:tt else => $else:expr $(,)?) => {
        $crate::__select!(@emit $mode $all $branches ($else))
    };
    // Bodies that are blocks need no comma.
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr, if $c:expr => $h:block, $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) ($c) ($h) }] $($rest)*)
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr => $h:block, $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) (true) ($h) }] $($rest)*)
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr, if $c:expr => $h:block $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) ($c) ($h) }] $($rest)*)
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr => $h:block $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) (true) ($h) }] $($rest)*)
    };
    // Others do, but for the last.
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr, if $c:expr => $h:expr) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) ($c) ($h) }])
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr => $h:expr) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) (true) ($h) }])
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr, if $c:expr => $h:expr, $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) ($c) ($h) }] $($rest)*)
    };
    (@take $mode:tt [$($r:tt)*] [$($b:tt)*]
        $p:pat = $f:expr => $h:expr, $($rest:tt)*) => {
        $crate::__select!(@take $mode [$($r)* R]
            [$($b)* { [$($r)*] switch future ($p) ($f) (true) ($h) }] $($rest)*)
    };

    (@emit $mode:tt $all:tt
        [$({ $r:tt $switch:ident $future:ident ($p:pat) ($f:expr) ($c:expr) ($h:expr) })*]
        ($else:expr)) => {{
        // No names but locals are made here: others would hide those of the user's expressions.
        let out = {
            let branches = $crate::__select!(@count $all);
            $(let mut $switch: bool = $c;)*
            // Apart from the next line, so that what they borrow lives as long as they do.
            $(let $future = $f;)*
            $(let mut $future = ::core::pin::pin!(
                $crate::__private::IntoFuture::into_future($future)
            );)*
            $crate::__private::poll_fn(|cx| {
                let mut waiting = false;
                let first = $crate::__select!(@first $mode branches);
                for turn in 0..branches {
                    let branch = $crate::__private::wrapped(first, turn, branches);
                    $(if $switch && branch == $crate::__select!(@count $r) {
                        #[allow(unreachable_code, unused_mut, reason = "any output, and pattern")]
                        match $crate::__private::Future::poll($future.as_mut(), cx) {
                            $crate::__private::Poll::Pending => waiting = true,
                            $crate::__private::Poll::Ready(mut output) => {
                                $switch = false;
                                let mut matches = false;
                                // A guard sees what the pattern binds without moving it out.
                                #[allow(unused_variables, unused_mut, reason = "the body uses them")]
                                #[allow(unreachable_patterns, clippy::all, reason = "any pattern")]
                                match output {
                                    $p if { matches = true; false } => ::core::unreachable!(),
                                    _ => {}
                                }
                                if matches {
                                    return $crate::__private::Poll::Ready(
                                        $crate::__select!(@wrap $r output)
                                    );
                                }
                            }
                        };
                    })*
                }
                if waiting {
                    $crate::__private::Poll::Pending
                } else {
                    $crate::__private::Poll::Ready($crate::__select!(@none $all))
                }
            })
            .await
        };
        $crate::__select!(@arms out [$(($p) ($h))*] ($else))
    }};

    (@first [biased] $branches:ident) => { 0 };
    (@first [fair] $branches:ident) => { $crate::__private::any_of($branches) };

    (@count [$($r:tt)*]) => { 0_usize $(+ $crate::__select!(@one $r))* };
    (@one $r:tt) => { 1 };

    // The place of an output: behind as many `Rest` as there are branches before its own.
    (@wrap [] $output:ident) => { $crate::__private::Out::This($output) };
    (@wrap [R $($r:tt)*] $output:ident) => {
        $crate::__private::Out::Rest($crate::__select!(@wrap [$($r)*] $output))
    };
    (@none []) => { () };
    (@none [R $($r:tt)*]) => {
        $crate::__private::Out::Rest($crate::__select!(@none [$($r)*]))
    };

    (@arms $out:ident [] ($else:expr)) => {{
        let () = $out;
        $else
    }};
    (@arms $out:ident [($p:pat) ($h:expr) $($rest:tt)*] $else:tt) => {
        match $out {
            #[allow(unreachable_code, unused_mut, reason = "any output, and pattern")]
            #[allow(unreachable_patterns, reason = "it may always match, or never come")]
            $crate::__private::Out::This(mut output) => match output {
                $p => $h,
                _ => ::core::unreachable!("matched before"),
            },
            $crate::__private::Out::Rest(rest) => {
                $crate::__select!(@arms rest [$($rest)*] $else)
            }
        }
    };
}
