//! Golden tables, as docker's client prints them for the same answers.

use serde_json::json;

use super::*;
use crate::output::listing::render;

const NOW: i64 = 1_800_000_000;
const ID: &str = "ab838d644ef6552469f9a7729a67f2325e367cae31cb813dafb16c8b70851287";

fn summary() -> ContainerSummary {
    serde_json::from_value(json!({
        "Id": ID, "Names": ["/one", "/other/alias"], "Image": "toolbox",
        "ImageID": "sha256:709a4369f87a", "Command": "/bin/sleep 1000", "Created": NOW - 61,
        "Ports": [], "Labels": {"b": "2", "a": "1"}, "State": "running",
        "Status": "Up About a minute", "SizeRw": 12, "SizeRootFs": 1_984_000,
        "HostConfig": {"NetworkMode": "none"},
        "NetworkSettings": {"Networks": {"none": {}}},
        "Mounts": [{"Type": "volume", "Name": "0123456789abcdef", "Driver": "local"}]
    }))
    .unwrap()
}

fn shown(summary: &ContainerSummary, format: Option<&str>, short: bool) -> String {
    let row = container(summary, Style { short, now: NOW });
    render(&container_columns(false), vec![row], format, false).unwrap()
}

#[test]
fn ps_is_dockers_table() {
    assert_eq!(
        shown(&summary(), None, true),
        "CONTAINER ID   IMAGE     COMMAND             CREATED              STATUS              PORTS     NAMES\n\
         ab838d644ef6   toolbox   \"/bin/sleep 1000\"   About a minute ago   Up About a minute             one\n"
    );
}

#[test]
fn what_is_long_is_cut_unless_asked_for_in_full() {
    let mut found = summary();
    found.command = "sh -c 'a very long command line'".into();
    found.image = "x:1@sha256:abc".into();
    let format = Some("{{.ID}}|{{.Image}}|{{.Command}}|{{.Mounts}}|{{.Names}}");
    assert_eq!(
        shown(&found, format, true),
        "ab838d644ef6|x:1|\"sh -c 'a very long …\"|0123456789abcd…|one\n"
    );
    assert_eq!(
        shown(&found, format, false),
        format!(
            "{ID}|x:1@sha256:abc|\"sh -c 'a very long command line'\"|0123456789abcdef|one,other/alias\n"
        )
    );
    found.image = "sha256:709a4369f87a0000".into();
    found.image_id = "sha256:709a4369f87a0000".into();
    assert_eq!(shown(&found, Some("{{.Image}}"), true), "709a4369f87a\n");
}

#[test]
fn fields_are_dockers() {
    let format = Some(
        "{{.Labels}} {{.Label \"a\"}} {{.LocalVolumes}} {{.Networks}} {{.Size}} {{.State}}",
    );
    assert_eq!(
        shown(&summary(), format, true),
        "a=1,b=2 1 1 none 12B (virtual 1.98MB) running\n"
    );
    let json = shown(&summary(), Some("json"), true);
    assert!(json.starts_with("{\"Command\":\"\\\"/bin/sleep 1000\\\"\",\"CreatedAt\":"));
}

#[test]
fn ports_are_shown_with_where_they_lead() {
    let port = |ip: &str, public: Option<u16>| Port {
        ip: ip.into(),
        private_port: 80,
        public_port: public,
        kind: "tcp".into(),
    };
    assert_eq!(
        ports(&[
            port("0.0.0.0", Some(8080)),
            port("::", Some(8080)),
            port("", None)
        ]),
        "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 80/tcp"
    );
}

fn image(names: &[&str], digests: &[&str]) -> ImageSummary {
    serde_json::from_value(json!({
        "Id": "sha256:709a4369f87a5b009f98e4b030357cec", "RepoTags": names,
        "RepoDigests": digests, "Created": NOW - 23, "Size": 1_984_000, "Containers": -1
    }))
    .unwrap()
}

fn images_shown(found: &ImageSummary, digests: bool) -> String {
    let rows = images(
        found,
        digests,
        Style {
            short: true,
            now: NOW,
        },
    );
    render(&image_columns(digests), rows, None, false).unwrap()
}

#[test]
fn images_is_dockers_table() {
    assert_eq!(
        images_shown(&image(&["toolbox:latest", "h:5/t:1"], &[]), false),
        "REPOSITORY   TAG       IMAGE ID       CREATED          SIZE\n\
         h:5/t        1         709a4369f87a   23 seconds ago   1.98MB\n\
         toolbox      latest    709a4369f87a   23 seconds ago   1.98MB\n"
    );
    assert_eq!(
        images_shown(&image(&["toolbox:latest"], &[]), true),
        "REPOSITORY   TAG       DIGEST    IMAGE ID       CREATED          SIZE\n\
         toolbox      latest    <none>    709a4369f87a   23 seconds ago   1.98MB\n"
    );
}

#[test]
fn an_image_without_a_name_has_a_row() {
    for (names, digests) in [(&[][..], &[][..]), (&["<none>:<none>"], &["<none>@<none>"])]
    {
        let text = images_shown(&image(names, digests), false);
        assert!(text.ends_with(
            "<none>       <none>    709a4369f87a   23 seconds ago   1.98MB\n"
        ));
    }
    let text = images_shown(&image(&[], &["t@sha256:ab"]), true);
    assert!(
        text.contains("t            <none>    sha256:ab   709a4369f87a"),
        "{text}"
    );
}
