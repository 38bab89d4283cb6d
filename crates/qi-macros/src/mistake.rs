//! What is wrong with a use of an attribute, and where.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// A message for the user's compiler to show.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) place: Span,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(place: Span, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }

    /// The expression that makes the compiler show it.
    pub(crate) fn shown(&self) -> TokenStream {
        let message = &self.message;
        quote_spanned!(self.place=> ::core::compile_error! { #message })
    }
}
