//! Results without their types, and the way back.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;

/// A type of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResultType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl ResultType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

/// Anything that a node may make. `Any` alone does not know the name of its type.
pub(crate) trait Value: Any + Send + Sync {
    fn result_type(&self) -> ResultType;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Any + Send + Sync> Value for T {
    fn result_type(&self) -> ResultType {
        ResultType::of::<T>()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A result without its type.
pub(crate) type Output = Arc<dyn Value>;

/// A result with its type again, if it is this one.
pub(crate) fn downcast<T: Send + Sync + 'static>(output: Output) -> Option<Arc<T>> {
    output.into_any().downcast().ok()
}

/// The type of the value itself, not of the pointer, which is a value too.
pub(crate) fn type_of(output: &Output) -> ResultType {
    Value::result_type(&**output)
}

#[cfg(test)]
mod tests {
    use super::{Output, ResultType, downcast, type_of};
    use std::sync::Arc;

    #[test]
    fn a_result_comes_back_as_what_it_was_and_as_nothing_else() {
        let output: Output = Arc::new(7_u32);
        assert_eq!(type_of(&output), ResultType::of::<u32>());
        assert_eq!(downcast::<u64>(output.clone()), None);
        assert_eq!(downcast::<u32>(output).as_deref(), Some(&7));
    }
}
