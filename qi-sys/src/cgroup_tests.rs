//! Tests of the control group limits against made file trees: no rights and no real groups needed.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ffi_internal_linux::cgroup_limit;

const NO_LIMIT: i32 = 0;

const V2_MOUNT: &str =
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup ro shared:4 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/cpuset rw shared:5 - cgroup cgroup rw,cpuset
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:6 - cgroup cgroup rw,cpu,cpuacct
";

/// A file tree of its own, removed at the end.
struct Tree {
    root: PathBuf,
}

impl Tree {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: only the number's uniqueness counts.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("qi-sys-cgroup-{}-{number}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        Self { root }
    }

    /// A tree in which the process has this group in version 2, mounted at the usual place.
    fn v2(group: &str) -> Self {
        Self::new()
            .with("proc/self/cgroup", format!("0::{group}\n"))
            .with("proc/self/mountinfo", V2_MOUNT)
    }

    /// A tree in which the process has this group in version 1, mounted at the usual places.
    fn v1(group: &str) -> Self {
        let groups = format!("5:cpuset:/else\n4:cpu,cpuacct:{group}\n1:name=systemd:/else\n");
        Self::new().with("proc/self/cgroup", groups).with("proc/self/mountinfo", V1_MOUNTS)
    }

    fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Adds a version 1 group's two files.
    fn with_v1(self, dir: &str, quota: &str, period: &str) -> Self {
        let dir = format!("sys/fs/cgroup/cpu,cpuacct{dir}");
        self.with(&format!("{dir}/cpu.cfs_quota_us"), quota)
            .with(&format!("{dir}/cpu.cfs_period_us"), period)
    }

    fn limit(&self) -> i32 {
        cgroup_limit(&self.root)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Nothing can be done about a folder that stays.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The limit that version 2 reads from one `cpu.max`.
fn cpu_max(text: &str) -> i32 {
    Tree::v2("/a").with("sys/fs/cgroup/a/cpu.max", text).limit()
}

/// The limit that version 1 reads from one pair of files.
fn cfs(quota: &str, period: &str) -> i32 {
    Tree::v1("/a").with_v1("/a", quota, period).limit()
}

#[test]
fn v2_quotas_are_rounded_up_and_are_at_least_one() {
    assert_eq!(cpu_max("200000 100000\n"), 2);
    assert_eq!(cpu_max("200001 100000\n"), 3);
    assert_eq!(cpu_max("150000 100000\n"), 2);
    assert_eq!(cpu_max("1000 100000\n"), 1);
    assert_eq!(cpu_max("0 100000\n"), 1);
    assert_eq!(cpu_max("64000 1000\n"), 64);
}

#[test]
fn v2_without_a_quota_has_no_limit() {
    assert_eq!(cpu_max("max 100000\n"), NO_LIMIT);
    assert_eq!(cpu_max("max\n"), NO_LIMIT);
    assert_eq!(Tree::v2("/a").limit(), NO_LIMIT);
}

#[test]
fn line_ends_do_not_matter() {
    assert_eq!(cpu_max("200000 100000"), 2);
    assert_eq!(cpu_max("200000 100000\r\n"), 2);
    assert_eq!(cpu_max("200000\t100000 \n\n"), 2);
    assert_eq!(cpu_max("300000"), 3);
    assert_eq!(cpu_max("300000\r\n"), 3);
    assert_eq!(cfs("250000", "100000"), 3);
    assert_eq!(cfs("250000\r\n", "100000\r\n"), 3);
}

#[test]
fn a_last_line_without_its_end_is_read() {
    let tree = Tree::new()
        .with("proc/self/cgroup", "0::/a")
        .with("proc/self/mountinfo", V2_MOUNT.trim_end())
        .with("sys/fs/cgroup/a/cpu.max", "100000 100000");
    assert_eq!(tree.limit(), 1);
}

#[test]
fn garbage_in_a_limit_sets_no_limit() {
    for text in [
        "",
        "\n",
        "-1 100000\n",
        "-200000 100000\n",
        "+200000 100000\n",
        "2e5 100000\n",
        "0x10 100000\n",
        "200000 100000x\n",
        "200000 max\n",
        "200000 100000 1\n",
        "200000 0\n",
        " 200000 100000\n",
        "200000,100000\n",
        "\0\0\0\0",
        "\u{ff}\u{fe}",
    ] {
        assert_eq!(cpu_max(text), NO_LIMIT, "{text:?}");
    }
    let endless = "9".repeat(100_000);
    assert_eq!(cpu_max(&format!("1 {endless}")), 1);
}

#[test]
fn huge_numbers_stay_at_the_largest_instead_of_wrapping() {
    assert_eq!(cpu_max("18446744073709551615 100000\n"), i32::MAX);
    assert_eq!(cpu_max("18446744073709551616 100000\n"), i32::MAX);
    assert_eq!(cpu_max("99999999999999999999999999999999999999 100000\n"), i32::MAX);
    assert_eq!(cpu_max("18446744073709551615 18446744073709551615\n"), 1);
    assert_eq!(cpu_max("100000 18446744073709551616\n"), 1);
    assert_eq!(cfs("18446744073709551616", "1"), NO_LIMIT, "the largest number over 1 is no limit");
}

#[test]
fn the_least_limit_on_the_way_up_counts_in_v2() {
    let nested = |own: &str, parent: &str, top: &str| {
        Tree::v2("/top/parent/own")
            .with("sys/fs/cgroup/top/parent/own/cpu.max", own)
            .with("sys/fs/cgroup/top/parent/cpu.max", parent)
            .with("sys/fs/cgroup/top/cpu.max", top)
            .limit()
    };
    assert_eq!(nested("400000 100000", "max 100000", "800000 100000"), 4);
    assert_eq!(nested("max 100000", "300000 100000", "800000 100000"), 3);
    assert_eq!(nested("max 100000", "max 100000", "200000 100000"), 2);
    assert_eq!(nested("max 100000", "max 100000", "max 100000"), NO_LIMIT);
    assert_eq!(nested("garbage", "", "500000 100000"), 5);
}

#[test]
fn a_level_without_the_controller_does_not_end_the_way_up() {
    let tree = Tree::v2("/top/bare/own").with("sys/fs/cgroup/top/cpu.max", "200000 100000");
    assert_eq!(tree.limit(), 2);
}

#[test]
fn a_group_beside_the_own_one_does_not_count() {
    let tree = Tree::v2("/top/own")
        .with("sys/fs/cgroup/top/own/cpu.max", "400000 100000")
        .with("sys/fs/cgroup/top/own/child/cpu.max", "100000 100000")
        .with("sys/fs/cgroup/top/other/cpu.max", "100000 100000")
        .with("sys/fs/cgroup/to/cpu.max", "100000 100000")
        .with("sys/fs/cpu.max", "100000 100000");
    assert_eq!(tree.limit(), 4);
}

#[test]
fn the_root_of_a_namespace_is_read_at_the_mount_point() {
    let tree = Tree::v2("/").with("sys/fs/cgroup/cpu.max", "200000 100000");
    assert_eq!(tree.limit(), 2);
}

#[test]
fn v1_quotas_are_rounded_up_and_are_at_least_one() {
    assert_eq!(cfs("200000\n", "100000\n"), 2);
    assert_eq!(cfs("200001\n", "100000\n"), 3);
    assert_eq!(cfs("1000\n", "100000\n"), 1);
}

#[test]
fn v1_without_a_quota_or_with_garbage_has_no_limit() {
    assert_eq!(cfs("-1\n", "100000\n"), NO_LIMIT);
    assert_eq!(cfs("200000\n", "0\n"), NO_LIMIT);
    assert_eq!(cfs("200000\n", "\n"), NO_LIMIT);
    assert_eq!(cfs("200000\n", "-100000\n"), NO_LIMIT);
    assert_eq!(cfs("200000 1\n", "100000\n"), NO_LIMIT);
    assert_eq!(cfs("two\n", "100000\n"), NO_LIMIT);
    let tree = Tree::v1("/a").with("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n");
    assert_eq!(tree.limit(), NO_LIMIT, "the period is missing");
}

#[test]
fn the_least_limit_on_the_way_up_counts_in_v1() {
    let tree = Tree::v1("/pods/pod/box")
        .with_v1("/pods/pod/box", "-1\n", "100000\n")
        .with_v1("/pods/pod", "350000\n", "100000\n")
        .with_v1("/pods", "800000\n", "100000\n")
        .with_v1("", "-1\n", "100000\n");
    assert_eq!(tree.limit(), 4);
}

#[test]
fn v1_reads_the_hierarchy_with_the_processor_controller_only() {
    let tree = Tree::v1("/a")
        .with("sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n")
        .with("sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n")
        .with("sys/fs/cgroup/cpuset/else/cpu.cfs_quota_us", "100000\n")
        .with("sys/fs/cgroup/cpuset/else/cpu.cfs_period_us", "100000\n")
        .with_v1("/else", "100000\n", "100000\n");
    assert_eq!(tree.limit(), NO_LIMIT);
}

#[test]
fn a_hierarchy_named_like_the_controller_is_not_it() {
    let tree = Tree::new()
        .with("proc/self/cgroup", "3:name=cpu:/a\n2:cpuacct:/a\n1:cpuset:/a\n")
        .with(
            "proc/self/mountinfo",
            "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,name=cpu\n",
        )
        .with_v1("/a", "100000\n", "100000\n");
    assert_eq!(tree.limit(), NO_LIMIT);
}

/// Both versions, each with a group of its own.
fn hybrid(v1_group: &str, v2_group: &str) -> Tree {
    let mounts = format!(
        "{V1_MOUNTS}41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
    );
    Tree::new()
        .with("proc/self/cgroup", format!("4:cpu,cpuacct:{v1_group}\n0::{v2_group}\n"))
        .with("proc/self/mountinfo", mounts)
}

#[test]
fn hybrid_reads_whichever_version_has_the_controller() {
    let v1 = hybrid("/old", "/new").with_v1("/old", "300000\n", "100000\n");
    assert_eq!(v1.limit(), 3);
    let v2 = hybrid("/old", "/new").with("sys/fs/cgroup/unified/new/cpu.max", "200000 100000\n");
    assert_eq!(v2.limit(), 2);
    assert_eq!(hybrid("/old", "/new").limit(), NO_LIMIT);
}

#[test]
fn hybrid_does_not_mix_the_groups_of_the_versions() {
    let tree = hybrid("/old", "/new")
        .with_v1("/new", "100000\n", "100000\n")
        .with("sys/fs/cgroup/unified/old/cpu.max", "100000 100000\n");
    assert_eq!(tree.limit(), NO_LIMIT);
}

/// A version 2 tree with this group, and this root mounted at `/cg`, which has 2 processors; `/a`,
/// `/b` and `/..` below it have 1.
fn mounted(root: &str, group: &str) -> i32 {
    Tree::new()
        .with("proc/self/cgroup", format!("0::{group}\n"))
        .with("proc/self/mountinfo", format!("9 8 0:7 {root} /cg rw - cgroup2 none rw\n"))
        .with("cg/cpu.max", "200000 100000\n")
        .with("cg/a/cpu.max", "100000 100000\n")
        .with("cg/b/cpu.max", "100000 100000\n")
        .with("cpu.max", "100000 100000\n")
        .limit()
}

#[test]
fn the_mounts_root_is_taken_off_the_groups_path() {
    assert_eq!(mounted("/docker/box", "/docker/box"), 2);
    assert_eq!(mounted("/docker/box", "/docker/box/c"), 2);
    assert_eq!(mounted("/docker/box", "/docker/box/a"), 1);
    assert_eq!(mounted("/docker/box", "/docker/box/c/a"), 2);
    assert_eq!(mounted("/docker", "/docker/a/c"), 1);
}

#[test]
fn a_mount_that_the_group_does_not_lie_below_is_not_read() {
    assert_eq!(mounted("/docker/box", "/docker/boxes/a"), NO_LIMIT);
    assert_eq!(mounted("/docker/box", "/docker"), NO_LIMIT);
    assert_eq!(mounted("/docker/box", "/"), NO_LIMIT);
    assert_eq!(mounted("/../a", "/"), NO_LIMIT);
}

#[test]
fn a_mount_from_outside_the_namespace_limits_at_its_mount_point() {
    assert_eq!(mounted("/..", "/"), 2);
    assert_eq!(mounted("/../..", "/a"), 2);
    assert_eq!(mounted("/..", "/../a"), 1);
}

#[test]
fn a_group_outside_the_mount_never_leads_out_of_the_mount_point() {
    assert_eq!(mounted("/", "/.."), NO_LIMIT);
    assert_eq!(mounted("/", "/../a"), NO_LIMIT);
    assert_eq!(mounted("/", "/a/../b"), NO_LIMIT);
    assert_eq!(mounted("/..", "/../.."), NO_LIMIT);
    assert_eq!(mounted("/", "/..a"), 2, "a name may begin with dots");
}

#[test]
fn a_removed_group_leaves_the_limits_above_it() {
    assert_eq!(mounted("/", "/a/gone (deleted)"), 1);
}

#[test]
fn a_group_name_may_have_colons() {
    let tree = Tree::v2("/a:b::c").with("sys/fs/cgroup/a:b::c/cpu.max", "100000 100000\n");
    assert_eq!(tree.limit(), 1);
}

#[test]
fn escaped_paths_in_mountinfo_are_decoded() {
    let tree = Tree::new()
        .with("proc/self/cgroup", "0::/my box/a\n")
        .with("proc/self/mountinfo", "9 8 0:7 /my\\040box /c\\011g\\134x rw - cgroup2 none rw\n")
        .with("c\tg\\x/a/cpu.max", "300000 100000\n");
    assert_eq!(tree.limit(), 3);
}

#[test]
fn optional_fields_and_an_empty_source_are_passed_over() {
    for line in [
        "9 8 0:7 / /cg rw - cgroup2 none rw\n",
        "9 8 0:7 / /cg rw shared:1 - cgroup2 none rw\n",
        "9 8 0:7 / /cg rw shared:1 master:2 propagate_from:3 unbindable - cgroup2 none rw\n",
        "9 8 0:7 / /cg rw -  cgroup2 none rw\n9 8 0:7 / /cg rw - cgroup2  rw\n",
        "9 8 0:7 /x-y - / rw\n9 8 0:7 / /cg rw - cgroup2 a-b rw\n",
    ] {
        let tree = Tree::new()
            .with("proc/self/cgroup", "0::/\n")
            .with("proc/self/mountinfo", line)
            .with("cg/cpu.max", "300000 100000\n");
        assert_eq!(tree.limit(), 3, "{line:?}");
    }
}

#[test]
fn every_mount_of_a_hierarchy_is_asked() {
    let tree = Tree::new()
        .with("proc/self/cgroup", "0::/box\n")
        .with(
            "proc/self/mountinfo",
            "9 8 0:7 /box /inner rw - cgroup2 none rw\n9 8 0:7 / /outer rw - cgroup2 none rw\n",
        )
        .with("inner/cpu.max", "300000 100000\n")
        .with("outer/cpu.max", "200000 100000\n");
    assert_eq!(tree.limit(), 2);
}

#[test]
fn missing_files_set_no_limit() {
    assert_eq!(Tree::new().limit(), NO_LIMIT);
    assert_eq!(cgroup_limit(Path::new("/no/such/folder")), NO_LIMIT);
    assert_eq!(Tree::new().with("proc/self/cgroup", "0::/\n").limit(), NO_LIMIT);
    assert_eq!(Tree::new().with("proc/self/mountinfo", V2_MOUNT).limit(), NO_LIMIT);
    let folder = Tree::v2("/").with("sys/fs/cgroup/cpu.max/file", "");
    assert_eq!(folder.limit(), NO_LIMIT, "a folder in a file's place");
}

#[test]
fn garbage_in_proc_sets_no_limit() {
    for groups in ["", "\n", ":", "::", "0::", "0::relative\n", "0:/a\n", "x\n:::\n", "\0\0::/\n"] {
        let tree = Tree::v2("/").with("proc/self/cgroup", groups);
        assert_eq!(tree.with("sys/fs/cgroup/cpu.max", "1 1").limit(), NO_LIMIT, "{groups:?}");
    }
    for mounts in [
        "",
        "\n",
        " - \n",
        "- - - - - - - - -\n",
        "9 8 0:7 / /sys/fs/cgroup rw cgroup2 none rw\n",
        "9 8 0:7 / /sys/fs/cgroup rw - cgroup2\n",
        "9 8 0:7 / /sys/fs/cgroup rw - cgroup2 none\n",
        "9 8 0:7 relative /sys/fs/cgroup rw - cgroup2 none rw\n",
        "9 8 0:7 / relative rw - cgroup2 none rw\n",
        "9 8 0:7 / /sys/fs/cgroup rw - tmpfs none rw\n",
    ] {
        let tree = Tree::v2("/").with("proc/self/mountinfo", mounts);
        assert_eq!(tree.with("sys/fs/cgroup/cpu.max", "1 1").limit(), NO_LIMIT, "{mounts:?}");
    }
}

#[test]
fn deep_groups_and_long_tables_are_read_to_the_end() {
    // Longer than any fixed buffer that one would think of; the middle folders do not exist.
    let deep = "/name".repeat(10_000);
    let other = "8 7 0:6 / /mnt rw - ext4 none rw\n".repeat(5_000);
    let tree = Tree::v2(&deep)
        .with("proc/self/mountinfo", format!("{other}{V2_MOUNT}"))
        .with("sys/fs/cgroup/name/cpu.max", "200000 100000\n");
    assert_eq!(tree.limit(), 2);
}
