//! Mounts whose files have other ids than on the disk.

use std::os::unix::fs::chown;

use super::*;

/// A folder of files that belong to 5:6, in a tmpfs of the world's home.
fn volume(world: &World) -> String {
    let folder = world.folder("volume");
    fs::write(folder.join("file"), "content").unwrap();
    for path in [&folder, &folder.join("file")] {
        chown(path, Some(5), Some(6)).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

fn map(inside: u32, outside: u32, size: u32) -> Value {
    json!([{ "containerID": inside, "hostID": outside, "size": size }])
}

fn seen(world: &World, change: impl FnOnce(&mut Value)) -> support::Output {
    let bundle = bundle(world, "mapped", |spec| {
        let line = "stat -c %u:%g /data/file; echo >/data/new; stat -c %u:%g /data/new";
        spec["process"]["args"] = json!(["sh", "-c", line]);
        change(spec);
    });
    let out = world.skiff(&["run", "--bundle", &bundle, "mapped"]);
    fs::remove_dir_all(bundle).unwrap();
    out
}

fn bind(spec: &mut Value, source: &str, options: &[&str], maps: Option<(Value, Value)>) {
    let mut mount = json!({
        "destination": "/data", "type": "bind", "source": source, "options": options,
    });
    if let Some((uid, gid)) = maps {
        mount["uidMappings"] = uid;
        mount["gidMappings"] = gid;
    }
    spec["mounts"].as_array_mut().unwrap().push(mount);
}

#[test]
fn files_belong_to_others_on_the_mount() {
    let Some(world) = world() else { return };
    let source = volume(&world);
    for options in [&["rbind", "idmap"], &["rbind", "ridmap"]] {
        let out = seen(&world, |spec| {
            let maps = (map(0, 1000, 100), map(0, 2000, 100));
            bind(spec, &source, options, Some(maps));
            spec["process"]["user"] = json!({ "uid": 1005, "gid": 2006 });
            spec["process"]["args"][2] = json!("stat -c %u:%g /data/file");
        });
        assert_eq!(out.ok(), "1005:2006\n");
    }
    // Without the word, but with maps: the maps are meant.
    let out = seen(&world, |spec| {
        bind(spec, &source, &["bind"], Some((map(5, 0, 1), map(6, 0, 1))));
    });
    assert_eq!(out.ok(), "0:0\n0:0\n");
    use std::os::unix::fs::MetadataExt;
    let new = fs::metadata(format!("{source}/new")).unwrap();
    assert_eq!((new.uid(), new.gid()), (5, 6), "on the disk");
}

/// The use that it was made for: a container with a user namespace sees a volume of the
/// host's with its own ids.
#[test]
fn the_maps_of_the_containers_own_user_namespace() {
    let Some(world) = world() else { return };
    let source = volume(&world);
    let with_user = |spec: &mut Value, options: &[&str]| {
        let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.push(json!({ "type": "user" }));
        spec["linux"]["uidMappings"] = map(0, 100_000, 1000);
        spec["linux"]["gidMappings"] = map(0, 100_000, 1000);
        spec["process"]["args"][2] = json!("stat -c %u:%g /data/file");
        bind(spec, &source, options, None);
    };
    let out = seen(&world, |spec| with_user(spec, &["rbind", "idmap"]));
    assert_eq!(out.ok(), "5:6\n");
    let out = seen(&world, |spec| with_user(spec, &["rbind"]));
    assert_eq!(out.ok(), "65534:65534\n", "the control");
}

/// The kernel asks who root is when it makes a network namespace, not afterwards: so the
/// ids are mapped first (chapter 2's test `launch` has a launcher that is slow to do so).
#[test]
fn the_files_of_the_containers_own_network_are_its_roots() {
    let Some(world) = world() else { return };
    let out = seen(&world, |spec| {
        let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.push(json!({ "type": "user" }));
        spec["linux"]["uidMappings"] = map(0, 100_000, 1000);
        spec["linux"]["gidMappings"] = map(0, 100_000, 1000);
        spec["process"]["args"][2] = json!("stat -c %u:%g /proc/net/dev");
    });
    assert_eq!(out.ok(), "0:0\n");
}

#[test]
fn maps_that_cannot_be_are_named() {
    let Some(world) = world() else { return };
    let source = volume(&world);
    seen(&world, |spec| {
        bind(spec, &source, &["rbind", "idmap"], None)
    })
    .refused(1, "to be id-mapped: by which maps?");
    seen(&world, |spec| {
        let maps = (map(0, 1, 1), json!([]));
        bind(spec, &source, &["rbind", "idmap"], Some(maps));
    })
    .refused(1, "needs both uidMappings and gidMappings");
    seen(&world, |spec| {
        let mut mount = json!({
            "destination": "/data", "type": "tmpfs", "source": "tmpfs",
        });
        mount["uidMappings"] = map(0, 1, 1);
        mount["gidMappings"] = map(0, 1, 1);
        spec["mounts"].as_array_mut().unwrap().push(mount);
    })
    .refused(1, "id maps are for binds only");
    // procfs belongs to the kernel, and cannot have them.
    seen(&world, |spec| {
        let maps = (map(0, 1, 1), map(0, 1, 1));
        bind(spec, "/proc/sys", &["bind", "idmap"], Some(maps));
    })
    .refused(1, "its file system cannot have id maps");
}
