//! `--format`: a table, a table of one's own, JSON, or a template a row.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::table;
use super::template::{Labels, NoField, Template};

/// What a row can show, and what a table shows of it by itself.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The fields, and the heads of their columns.
    pub(crate) heads: &'static [(&'static str, &'static str)],
    /// The fields of the default table.
    pub(crate) default: Vec<&'static str>,
}

/// A row: its fields by name, and the labels behind `{{.Label "key"}}`.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) fields: Map<String, Value>,
    pub(crate) labels: Map<String, Value>,
}

/// The text of `rows`, each a line; `quiet` shows nothing but ids.
pub(crate) fn render(
    columns: &Columns,
    rows: Vec<Row>,
    format: Option<&str>,
    quiet: bool,
) -> Result<String> {
    // In a shell a tab is easier written as a backslash and a t.
    let format = format.unwrap_or("table").trim();
    let format = format.replace("\\t", "\t").replace("\\n", "\n");
    let own_table = format.strip_prefix("table").filter(|rest| {
        rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '{')
    });
    let (template, is_table) = match (own_table, format.as_str()) {
        (Some(""), _) if quiet => ("{{.ID}}".to_owned(), false),
        (Some(""), _) => (default_table(columns), true),
        (Some(rest), _) => (rest.trim_start().to_owned(), true),
        (None, "json") => ("{{json .}}".to_owned(), false),
        (None, own) => (own.to_owned(), false),
    };
    let template = Template::parse(&template).context("failed to parse template")?;
    let heads = template.execute_row(&heads(columns), Labels::Heads);
    let mut text = match heads {
        // Said even where there is no row to miss it.
        Err(error) if error.is::<NoField>() => {
            return Err(error).context("failed to execute template");
        }
        heads if is_table => heads.unwrap_or_default() + "\n",
        _ => String::new(),
    };
    for row in rows {
        let fields = Value::Object(row.fields);
        let line = template.execute_row(&fields, Labels::Of(&row.labels));
        text.push_str(&line.context("failed to execute template")?);
        text.push('\n');
    }
    Ok(match is_table {
        true => table::align(&text),
        false => text,
    })
}

fn default_table(columns: &Columns) -> String {
    let fields = columns
        .default
        .iter()
        .map(|field| format!("{{{{.{field}}}}}"));
    fields.collect::<Vec<_>>().join("\t")
}

fn heads(columns: &Columns) -> Value {
    let heads = columns.heads.iter();
    heads
        .map(|(field, head)| ((*field).to_owned(), Value::from(*head)))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn columns() -> Columns {
        Columns {
            heads: &[("ID", "CONTAINER ID"), ("Names", "NAMES")],
            default: vec!["ID", "Names"],
        }
    }

    fn rows() -> Vec<Row> {
        let row = |id: &str, name: &str| Row {
            fields: json!({"ID": id, "Names": name})
                .as_object()
                .unwrap()
                .clone(),
            labels: json!({"tier": name}).as_object().unwrap().clone(),
        };
        vec![row("4f1cab838d64", "web"), row("90", "db")]
    }

    #[test]
    fn a_format_is_a_table_json_or_a_template() {
        for (format, quiet, expected) in [
            (
                None,
                false,
                "CONTAINER ID   NAMES\n4f1cab838d64   web\n90             db\n",
            ),
            (None, true, "4f1cab838d64\n90\n"),
            (Some("table"), true, "4f1cab838d64\n90\n"),
            (Some("{{.Names}}"), true, "web\ndb\n"),
            (
                Some("table {{.Names}}\\t{{.Label \"tier\"}}"),
                false,
                "NAMES     tier\nweb       web\ndb        db\n",
            ),
            (
                Some("json"),
                false,
                "{\"ID\":\"4f1cab838d64\",\"Names\":\"web\"}\n{\"ID\":\"90\",\"Names\":\"db\"}\n",
            ),
            (Some("tablecloth"), false, "tablecloth\ntablecloth\n"),
        ] {
            let text = render(&columns(), rows(), format, quiet).unwrap();
            assert_eq!(text, expected, "{format:?}");
        }
    }

    #[test]
    fn a_field_that_no_row_has_is_named() {
        for rows in [rows(), Vec::new()] {
            let error = render(&columns(), rows, Some("{{.Nope}}"), false).unwrap_err();
            assert!(format!("{error:#}").contains("no entry for key \"Nope\""));
        }
    }
}
