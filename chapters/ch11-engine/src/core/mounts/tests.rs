//! What is taken for a mount, and what is refused.

use super::*;

fn binds(list: &[&str]) -> Result<Vec<Planned>, String> {
    let binds = Some(list.iter().map(|bind| (*bind).to_owned()).collect());
    let host = HostConfig {
        binds,
        ..HostConfig::default()
    };
    plan(&host).map_err(|refusal| refusal.message)
}

#[test]
fn binds_are_paths_or_volumes_with_options() {
    let planned = binds(&["/a/../b:/x/y:ro", "data:/x", "/c:/z:rshared"]).unwrap();
    assert_eq!(planned[0].source, Source::Volume("data".into()));
    assert_eq!(
        planned[0].target,
        Path::new("/x"),
        "the outer one comes first"
    );
    let last = planned.last().unwrap();
    assert_eq!(
        last.source,
        Source::Host {
            path: "/b".into(),
            create: true
        }
    );
    assert_eq!(last.options, ["rbind", "ro", "rprivate"]);
    assert_eq!(planned[1].options, ["rbind", "rshared"]);
}

#[test]
fn bad_binds_are_refused_in_dockers_words() {
    for (bind, words) in [
        (
            "x/y:/a",
            "includes invalid characters for a local volume name",
        ),
        ("..:/a", "includes invalid characters"),
        (":/a", "invalid volume specification: ':/a'"),
        ("/a", "invalid volume specification: '/a'"),
        ("/a:/b:zz", "invalid mode: zz"),
        ("/a:/b:ro:x", "invalid volume specification"),
        ("/a:/", "destination can't be '/'"),
        ("/a:/b/..", "destination can't be '/'"),
        ("/a:b", "mount path must be absolute"),
    ] {
        let message = binds(&[bind]).unwrap_err();
        assert!(message.contains(words), "{bind}: {message}");
    }
    let twice = binds(&["/a:/b", "/c:/b/"]).unwrap_err();
    assert_eq!(twice, "Duplicate mount point: /b");
}

#[test]
fn mounts_are_of_three_types() {
    let mount = |text: &str| {
        let mounts = vec![serde_json::from_str(text).unwrap()];
        plan(&HostConfig {
            mounts,
            ..HostConfig::default()
        })
        .map_err(|refusal| refusal.message)
    };
    let bind = r#"{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true}"#;
    let planned = &mount(bind).unwrap()[0];
    assert_eq!(
        planned.source,
        Source::Host {
            path: "/a".into(),
            create: false
        }
    );
    assert_eq!(planned.options, ["rbind", "rprivate", "ro"]);
    let tmpfs = r#"{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"Mode":448}}"#;
    assert!(
        mount(tmpfs).unwrap()[0]
            .options
            .contains(&"mode=700".to_owned())
    );
    let npipe = r#"{"Type":"npipe","Source":"a","Target":"/b"}"#;
    assert_eq!(mount(npipe).unwrap_err(), "mount type unknown: \"npipe\"");
    let relative = r#"{"Type":"bind","Source":"a","Target":"/b"}"#;
    assert!(mount(relative).unwrap_err().contains("must be absolute"));
}
