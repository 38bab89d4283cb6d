//! Tests of the affinity mask's growth, against kernels of any size.
#![forbid(unsafe_code)]

use crate::ffi_internal_linux::affinity_count;

#[test]
fn a_small_mask_is_counted_at_the_first_try() {
    assert_eq!(affinity_count::<8, 1, 0>(), 8);
    assert_eq!(affinity_count::<128, 128, 0>(), 1024);
}

#[test]
fn the_mask_grows_until_the_kernels_fits() {
    assert_eq!(affinity_count::<129, 129, 0>(), 1032);
    assert_eq!(affinity_count::<1024, 375, 0>(), 3000);
    assert_eq!(affinity_count::<524_288, 524_288, 0>(), 4_194_304);
}

#[test]
fn a_mask_larger_than_any_kernels_ends_in_an_error() {
    assert_eq!(affinity_count::<524_289, 1, 0>(), -libc::EINVAL);
}

#[test]
fn an_error_of_the_kernel_is_handed_on_with_its_number() {
    assert_eq!(affinity_count::<8, 1, { libc::EPERM }>(), -libc::EPERM);
    assert_eq!(affinity_count::<8, 1, { libc::EFAULT }>(), -libc::EFAULT);
}

#[test]
fn an_empty_mask_is_an_error_and_no_count() {
    assert_eq!(affinity_count::<8, 0, 0>(), -libc::ENOTSUP);
}
