//! Guards that cancel a token when they are dropped.
#![forbid(unsafe_code)]

use super::CancellationToken;

/// Cancels its token when it is dropped. Made by [`CancellationToken::drop_guard`].
///
/// # Examples
/// What a function started ends with it, however it returns:
/// ```
/// let token = qi_sync::CancellationToken::new();
/// let for_helpers = token.clone();
/// let serve = move || -> Result<(), std::num::ParseIntError> {
///     let _guard = token.drop_guard();
///     "no number".parse::<u32>().map(drop)
/// };
/// assert!(serve().is_err());
/// assert!(for_helpers.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "a guard that is dropped at once cancels at once"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token: Some(token) }
    }

    /// Gives the token back; it is not cancelled any more when this goes out of scope.
    ///
    /// # Examples
    /// ```
    /// let guard = qi_sync::CancellationToken::new().drop_guard();
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    #[must_use = "the token is given back"]
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("a guard holds its token until it is disarmed or dropped")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

/// Cancels a borrowed token when it is dropped. Made by [`CancellationToken::drop_guard_ref`].
///
/// # Examples
/// ```
/// let token = qi_sync::CancellationToken::new();
/// drop(token.drop_guard_ref());
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "a guard that is dropped at once cancels at once"]
pub struct DropGuardRef<'a> {
    token: &'a CancellationToken,
}

impl<'a> DropGuardRef<'a> {
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        Self { token }
    }

    /// Gives the token back; it is not cancelled any more when this goes out of scope.
    pub fn disarm(self) -> &'a CancellationToken {
        let token = self.token;
        std::mem::forget(self);
        token
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        self.token.cancel();
    }
}
