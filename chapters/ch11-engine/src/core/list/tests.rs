//! What is listed, and how it is told.

use super::*;
use crate::core::model::container;

fn core() -> Core {
    let mut core = Core::default();
    for (number, (name, status, code)) in [
        ("web", Status::Running, 0),
        ("web2", Status::Exited, 7),
        ("db", Status::Created, 0),
    ]
    .into_iter()
    .enumerate()
    {
        let mut made = container(&format!("{number}{number}aa"), name);
        made.created = Timestamp::from_second(number.try_into().unwrap()).unwrap();
        made.state.status = status;
        made.state.exit_code = code;
        made.config.image = "busybox".into();
        made.config.labels = [("n".to_owned(), number.to_string())].into();
        core.insert(made);
    }
    core
}

fn names(wanted: &Wanted) -> String {
    let core = core();
    let list = core.list(wanted).unwrap();
    list.iter()
        .map(|made| made.name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_running_ones_or_all_the_youngest_first() {
    assert_eq!(names(&Wanted::default()), "web");
    assert_eq!(
        names(&Wanted {
            all: true,
            ..Wanted::default()
        }),
        "db web2 web"
    );
    assert_eq!(
        names(&Wanted {
            limit: Some(2),
            ..Wanted::default()
        }),
        "db web2"
    );
}

#[test]
fn filters_choose() {
    for (filter, expected) in [
        (r#"{"name":["web"]}"#, "web2 web"),
        (r#"{"name":["^/?web$"]}"#, "web"),
        (r#"{"status":["exited"]}"#, "web2"),
        (r#"{"exited":["7"]}"#, "web2"),
        (r#"{"exited":["0"]}"#, ""),
        (r#"{"label":["n=2"]}"#, "db"),
        (r#"{"label":{"n":true}}"#, "db web2 web"),
        (r#"{"id":["11"]}"#, "web2"),
        (r#"{"ancestor":["busybox"]}"#, "db web2 web"),
        (r#"{"ancestor":["alpine"]}"#, ""),
        (r#"{"before":["web2"]}"#, "web"),
        (r#"{"since":["web2"]}"#, "db"),
    ] {
        let filters = Filters::parse(filter).unwrap();
        let wanted = Wanted {
            all: true,
            limit: None,
            filters,
        };
        assert_eq!(names(&wanted), expected, "{filter}");
    }
}

#[test]
fn bad_filters_are_named() {
    for (filter, words) in [
        (r#"{"zz":["1"]}"#, "invalid filter 'zz'"),
        (r#"{"status":["up"]}"#, "invalid filter 'status=up'"),
        (r#"{"exited":["x"]}"#, "invalid filter 'exited=x'"),
        (r#"{"before":["none"]}"#, "No such container: none"),
    ] {
        let filters = Filters::parse(filter).unwrap();
        let refusal = core()
            .list(&Wanted {
                filters,
                ..Wanted::default()
            })
            .unwrap_err();
        assert!(refusal.message.starts_with(words), "{}", refusal.message);
    }
}

#[test]
fn time_spans_as_docker_tells_them() {
    for (seconds, text) in [
        (0, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (14 * 86400, "2 weeks"),
        (60 * 86400, "2 months"),
        (730 * 86400, "2 years"),
    ] {
        assert_eq!(human_duration(seconds), text);
    }
}
