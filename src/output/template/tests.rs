//! What Go's template engine and docker's client print, as tables.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Labels, Template};

fn data() -> Value {
    json!({
        "Id": "4f1c", "Name": "/web", "Size": 3, "Big": 4_294_967_296_u64, "Ratio": 0.5,
        "State": {"Running": true, "Pid": 42, "Error": ""},
        "Config": {"Env": ["A=1", "B=2"], "Labels": {"b": "2", "a": "1"}, "Cmd": null},
        "Mounts": []
    })
}

fn shown(template: &str) -> String {
    match Template::parse(template).and_then(|t| t.execute(&data())) {
        Ok(text) => text,
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn print_as_in_go(rows: &[(&str, &str)]) {
    for (template, expected) in rows {
        assert_eq!(shown(template), *expected, "{template}");
    }
}

#[test]
fn fields_print_as_in_go() {
    print_as_in_go(&[
        ("{{.Id}}", "4f1c"),
        ("{{ .State.Pid }}!", "42!"),
        ("{{.ID}} {{.State.PID}}", "4f1c 42"),
        ("{{.State}}", "map[Error: Pid:42 Running:true]"),
        ("{{.Config.Env}}", "[A=1 B=2]"),
        ("{{.Config.Cmd}}", "<no value>"),
        ("{{.Big}} {{.Ratio}}", "4294967296 0.5"),
    ]);
}

#[test]
fn functions_print_as_in_go() {
    print_as_in_go(&[
        ("{{json .Config.Env}}", r#"["A=1","B=2"]"#),
        ("{{.Config.Env | json}}", r#"["A=1","B=2"]"#),
        ("{{join .Config.Env \", \"}}", "A=1, B=2"),
        ("{{upper .Name}} {{.Name | upper | lower}}", "/WEB /web"),
        ("{{index .Config.Env 1}}", "B=2"),
        ("{{index .Config.Labels \"a\"}}", "1"),
        ("{{index .Config.Labels \"none\"}}|", "|"),
        ("{{(index .Config.Env 0)}}", "A=1"),
        ("{{len .Config.Env}}", "2"),
        ("{{slice .Id 0 2}}", "4f"),
        ("{{println .Id .Size}}", "4f1c 3\n"),
        ("{{print 1 2}}{{print \"a\" 2}}", "1 2a2"),
        (
            "{{printf \"%s=%d %-5s| %q\" .Id .Size \"a\" .Name}}",
            "4f1c=3 a    | \"/web\"",
        ),
        (
            "{{and .Size .Mounts}}{{or .Config.Cmd .Id}}{{not .Size}}",
            "[]4f1cfalse",
        ),
        ("{{eq .Size 1 2 3}}{{ne .Id \"x\"}}", "truetrue"),
        (
            "{{title \"some words\"}}{{truncate .Id 2}}{{pad \"a\" 1 2}}|",
            "Some Words4f a  |",
        ),
        ("{{json (split \"a,b\" \",\")}}", r#"["a","b"]"#),
    ]);
}

#[test]
fn blocks_and_text_print_as_in_go() {
    print_as_in_go(&[
        ("plain", "plain"),
        ("{{range .Config.Env}}<{{.}}>{{end}}", "<A=1><B=2>"),
        (
            "{{range $i, $e := .Config.Env}}{{$i}}{{$e}} {{end}}",
            "0A=1 1B=2 ",
        ),
        (
            "{{range $k, $v := .Config.Labels}}{{$k}}{{$v}}{{end}}",
            "a1b2",
        ),
        ("{{range .Mounts}}x{{else}}none{{end}}", "none"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        (
            "{{if eq .Size 1}}1{{else if gt .Size 2}}big{{else}}2{{end}}",
            "big",
        ),
        ("{{with .State}}{{.Pid}}{{$.Id}}{{end}}", "424f1c"),
        ("{{$x := .Size}}{{$x}}{{$x}}", "33"),
        ("a {{- .Size -}} b", "a3b"),
        ("a {{- .SIZE -}} b", "a3b"),
        ("a{{/* not }} shown */}}b", "ab"),
        ("{{\"}}\"}}{{`raw\"`}}", "}}raw\""),
        ("{{\"a\\tb\"}}", "a\tb"),
    ]);
}

#[test]
fn what_is_wrong_is_named() {
    for (template, part) in [
        (
            "{{.State.Nope}}",
            "at <.State.Nope>: map has no entry for key \"Nope\"",
        ),
        ("{{.Id.X}}", "can't evaluate field X"),
        ("{{.Id", "unclosed action"),
        ("{{if .Id}}", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{nope .Id}}", "function \"nope\" not defined"),
        ("{{(.Id}}", "unclosed left paren"),
        ("{{index .Config.Env 7}}", "out of range"),
        ("{{\"a}}", "unclosed action"),
        ("{{.Id | }}", "missing value"),
        ("{{.Id 3}}", "cannot be invoked"),
        ("{{upper}}", "wrong number of args for upper"),
        ("{{$x}}", "undefined variable"),
        ("{{.Id @}}", "unexpected '@'"),
    ] {
        let shown = shown(template);
        assert!(shown.starts_with("error: "), "{template}: {shown}");
        assert!(shown.contains(part), "{template}: {shown}");
    }
}

#[test]
fn a_row_has_its_labels() {
    let mut labels = Map::new();
    labels.insert("tier".into(), "web".into());
    let template = Template::parse("{{.Label \"tier\"}}|{{.Label \"none\"}}").unwrap();
    assert_eq!(
        template
            .execute_row(&json!({}), Labels::Of(&labels))
            .unwrap(),
        "web|"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[{}. a-z$\"`|()0-9=,:/*-]{0,40}") {
        if let Ok(template) = Template::parse(&text) {
            let _ = template.execute(&data());
        }
    }

    #[test]
    fn text_without_braces_stands_for_itself(text in "[^{]*") {
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.execute(&Value::Null).unwrap(), text);
    }

    #[test]
    fn a_quoted_string_is_itself(text in "[ -~]*") {
        let template = format!("{{{{{}}}}}", Value::from(text.as_str()));
        prop_assert_eq!(Template::parse(&template).unwrap().execute(&Value::Null).unwrap(), text);
    }
}
