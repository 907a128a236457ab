//! Limits that few ask for: each is there, or refused by its name.

use super::*;

/// What a group's files say while the container runs, or why it does not.
fn limited(world: &World, resources: Value, files: &[&str]) -> Result<String, String> {
    let group = format!("{}/rare", world.cgroup_parent());
    let bundle = bundle(world, "rare", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{group}"));
        spec["linux"]["resources"] = resources;
    });
    let line = r#"exec "$0" create --bundle "$1" rare >"$HOME/out" 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let made = world.run(&["sh", "-c", line, program, &bundle]);
    let said = fs::read_to_string(world.home().join("out")).unwrap();
    fs::remove_dir_all(bundle).unwrap();
    if made.code != 0 {
        world.skiff(&["state", "rare"]).refused(1, "does not exist");
        return Err(said);
    }
    let read = |file: &&str| {
        let (tree, file) = file.split_once('/').unwrap();
        fs::read_to_string(format!("/sys/fs/cgroup/{tree}/{group}/{file}")).unwrap()
    };
    let read: String = files.iter().map(read).collect();
    let _ = world.skiff(&["delete", "--force", "rare"]).ok();
    Ok(read)
}

#[test]
fn limits_that_few_ask_for() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let disk = disk();
    let (major, minor) = disk;
    let at = |rate: u64| json!([{ "major": major, "minor": minor, "rate": rate }]);
    let rows = [
        (
            json!({ "cpu": { "idle": 1 } }),
            "cpu/cpu.idle",
            "1\n".to_owned(),
        ),
        (
            json!({ "cpu": { "quota": 50000, "period": 100_000, "burst": 20000 } }),
            "cpu/cpu.cfs_burst_us",
            "20000\n".to_owned(),
        ),
        (
            json!({ "memory": { "limit": 67_108_864, "disableOOMKiller": true } }),
            "memory/memory.oom_control",
            "oom_kill_disable 1\n".to_owned(),
        ),
        (
            json!({ "blockIO": { "throttleReadBpsDevice": at(1_048_576) } }),
            "blkio/blkio.throttle.read_bps_device",
            format!("{major}:{minor} 1048576\n"),
        ),
        (
            json!({ "blockIO": { "throttleWriteBpsDevice": at(1_048_577) } }),
            "blkio/blkio.throttle.write_bps_device",
            format!("{major}:{minor} 1048577\n"),
        ),
        (
            json!({ "blockIO": { "throttleReadIOPSDevice": at(100) } }),
            "blkio/blkio.throttle.read_iops_device",
            format!("{major}:{minor} 100\n"),
        ),
        (
            json!({ "blockIO": { "throttleWriteIOPSDevice": at(101) } }),
            "blkio/blkio.throttle.write_iops_device",
            format!("{major}:{minor} 101\n"),
        ),
    ];
    for (asked, file, says) in rows {
        let read = limited(&world, asked.clone(), &[file]);
        assert!(
            read.as_ref().is_ok_and(|read| read.contains(&says)),
            "{asked} ({says}): {read:?}"
        );
    }
}

/// The disk that the root is on, by its numbers.
fn disk() -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let device = fs::metadata("/").unwrap().dev();
    (nix::sys::stat::major(device), nix::sys::stat::minor(device))
}

/// Where a controller is, its limit holds; where it is not, the limit is named.
#[test]
fn limits_of_controllers_that_may_not_be_here() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let here = |controller: &str| {
        let text = fs::read_to_string("/proc/cgroups").unwrap();
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        lines.any(|words| words[0] == controller && words[1] != "0")
    };
    let rows = [
        (
            "net_cls",
            json!({ "network": { "classID": 1_048_577 } }),
            "net_cls.classid",
        ),
        (
            "net_prio",
            json!({ "network": { "priorities": [{ "name": "lo", "priority": 3 }] } }),
            "net_prio.ifpriomap",
        ),
        (
            "rdma",
            json!({ "rdma": { "mlx4_0": { "hcaHandles": 2 } } }),
            "rdma.max",
        ),
        (
            "",
            json!({ "blockIO": { "leafWeight": 10 } }),
            "blkio.leaf_weight",
        ),
        (
            "",
            json!({ "hugepageLimits": [{ "pageSize": "3MB", "limit": 1 }] }),
            "hugetlb.3MB",
        ),
    ];
    for (controller, asked, file) in rows {
        match limited(&world, asked.clone(), &[]) {
            Ok(_) => assert!(here(controller), "{asked}"),
            Err(said) => assert!(said.contains(file), "{asked}: {said}"),
        }
    }
}

/// Huge pages, in whichever tree they are counted.
#[test]
fn huge_pages() {
    let Some(world) = world() else { return };
    if !needs(&[Need::HugePages]) {
        return;
    }
    let asked = json!({ "hugepageLimits": [{ "pageSize": "2MB", "limit": 4_194_304 }] });
    let read = limited(&world, asked, &["unified/hugetlb.2MB.max"]);
    assert_eq!(read, Ok("4194304\n".to_owned()));
}

/// What is asked for by the name of a version 2 file is in that file, or refused.
#[test]
fn files_by_their_names() {
    let Some(world) = world() else { return };
    if !needs(&[Need::HugePages]) {
        return;
    }
    let asked = json!({ "unified": { "hugetlb.2MB.max": "4194304" } });
    let read = limited(&world, asked, &["unified/hugetlb.2MB.max"]);
    assert_eq!(read, Ok("4194304\n".to_owned()));
    for file in ["nosuch.max", "nosuch", "../cgroup.freeze"] {
        let said = limited(&world, json!({ "unified": { file: "1" } }), &[]);
        let said = said.expect_err(file);
        assert!(said.contains(&format!("unified[{file}]")), "{said}");
    }
    // A file of version 1 as well, and not what was asked for.
    if std::path::Path::new("/sys/fs/cgroup/pids").exists() {
        let said = limited(&world, json!({ "unified": { "pids.max": "9" } }), &[]);
        let said = said.expect_err("pids are limited by version 1 here");
        assert!(said.contains("unified[pids.max]"), "{said}");
    }
}

#[test]
fn an_update_may_be_checked_first() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let bundle = bundle(&world, "check", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    create(&world, &bundle, "check");
    let limit = |bytes: u64| {
        let text = json!({ "memory": { "limit": bytes, "checkBeforeUpdate": true } });
        let words = world.command(&[
            world.skiff_path().to_str().unwrap(),
            "update",
            "-r",
            "-",
            "check",
        ]);
        Job::start(words, Some(text.to_string().as_bytes())).wait()
    };
    limit(4096).refused(1, "would leave less than");
    let _ = limit(256 << 20).ok();
    let _ = world.skiff(&["delete", "--force", "check"]).ok();
}
