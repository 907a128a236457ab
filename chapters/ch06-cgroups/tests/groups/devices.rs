//! Groups that keep their processes from devices.

use std::os::fd::AsFd;

use cgroups::devices::{Access, Kind};
use cgroups::{DeviceRule, filter};

use super::*;

/// Everything, but no reading of `/dev/zero` (1:5).
pub(crate) fn no_zero() -> Vec<DeviceRule> {
    let read = DeviceRule {
        allow: false,
        kind: Kind::Char,
        major: Some(1),
        minor: Some(5),
        access: Access::of("r"),
    };
    vec![DeviceRule::EVERYTHING, read]
}

fn zero_is_kept_away(group: &Group) {
    let script = "head -c 1 /dev/full >/dev/null && ! head -c 1 /dev/zero 2>/dev/null";
    let mut child = group.start(script);
    assert!(child.wait().unwrap().success());
}

#[test]
fn device_rules_hold_as_lines_of_version_1() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let limits = Limits {
        devices: no_zero(),
        ..Limits::default()
    };
    zero_is_kept_away(&Group::new("rules", &limits));
}

#[test]
fn device_rules_hold_as_a_program_of_version_2() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let group = Group::new("filter", &Limits::default());
    let folder = group.cgroup.unified_fd().unwrap();
    filter::attach(folder.as_fd(), &no_zero()).unwrap();
    zero_is_kept_away(&group);
}

/// A second list takes the place of the first: it may also give back.
#[test]
fn a_program_of_version_2_is_replaced() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let group = Group::new("replaced", &Limits::default());
    let folder = group.cgroup.unified_fd().unwrap();
    let holds = |script: &str| group.start(script).wait().unwrap().success();
    for (rules, script) in [
        (no_zero(), "! head -c 1 /dev/zero 2>&-"),
        (
            vec![DeviceRule::EVERYTHING],
            "head -c 1 /dev/zero >/dev/null",
        ),
        (vec![DeviceRule::NOTHING], "! head -c 1 /dev/full 2>&-"),
        (no_zero(), "head -c 1 /dev/full >/dev/null"),
    ] {
        filter::attach(folder.as_fd(), &rules).unwrap();
        assert!(holds(script), "{script}");
    }
}

#[test]
fn the_default_rules_give_null_and_refuse_disks() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let mut devices = vec![DeviceRule::NOTHING];
    devices.extend(cgroups::devices::defaults());
    let limits = Limits {
        devices,
        ..Limits::default()
    };
    let group = Group::new("defaults", &limits);
    let folder = tempfile::tempdir().unwrap();
    // A driver's number that nobody has: EPERM comes before ENXIO.
    let script = format!(
        "head -c 1 /dev/zero > /dev/null && cd {} && mknod disk b 240 77 && \
         LC_ALL=C head -c 1 disk 2>&1 | grep -q 'not permitted'",
        folder.path().display()
    );
    assert!(group.start(&script).wait().unwrap().success());
}
