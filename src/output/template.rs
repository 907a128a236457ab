//! Go templates, as far as `--format` is used: text/template's data side.
//!
//! There are fields, chains, variables, pipes, `if`, `else`, `range`, `with`, and the
//! functions that Go and docker define ([`functions`]). There are no user-defined
//! templates, no methods but docker's `.Label "key"`, and no `break`.
//! Reference: <https://pkg.go.dev/text/template>.

mod evaluate;
mod functions;
mod lex;
mod parse;

pub(crate) use evaluate::NoField;

use anyhow::Result;
use serde_json::{Map, Value};

/// A template that parsed.
#[derive(Debug)]
pub(crate) struct Template(Vec<Node>);

impl Template {
    /// Parses `text`; what stands outside of `{{` and `}}` stands for itself.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        parse::parse(text).map(Self)
    }

    /// The text that the template makes of `data`.
    pub(crate) fn execute(&self, data: &Value) -> Result<String> {
        evaluate::execute(&self.0, data, Labels::Of(&Map::new()))
    }

    /// As [`Template::execute`], for a row of a table, which has labels.
    pub(crate) fn execute_row(&self, data: &Value, labels: Labels<'_>) -> Result<String> {
        evaluate::execute(&self.0, data, labels)
    }
}

/// What `{{.Label "key"}}` gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Labels<'l> {
    /// The value, or nothing.
    Of(&'l Map<String, Value>),
    /// The key: this is the row of heads.
    Heads,
}

/// A piece of a template.
#[derive(Debug)]
enum Node {
    Text(String),
    /// A pipeline whose value is printed, unless it is kept in a variable.
    Print(Pipeline),
    If(Pipeline, Vec<Node>, Vec<Node>),
    With(Pipeline, Vec<Node>, Vec<Node>),
    Range(Range),
}

/// `{{range $key, $value := pipeline}}body{{else}}otherwise{{end}}`.
#[derive(Debug)]
struct Range {
    key: Option<String>,
    value: Option<String>,
    over: Pipeline,
    body: Vec<Node>,
    otherwise: Vec<Node>,
}

/// Calls, each handing its value to the next one as the last argument.
#[derive(Debug)]
struct Pipeline {
    variable: Option<String>,
    calls: Vec<Call>,
}

/// A function or a field, with its arguments; or a lone value.
#[derive(Debug)]
struct Call {
    what: Term,
    arguments: Vec<Term>,
}

/// What has a value.
#[derive(Debug)]
enum Term {
    Dot,
    Variable(String),
    Literal(Value),
    Function(String),
    Group(Pipeline),
    /// Fields of a value, by name, outermost first.
    Field(Box<Term>, Vec<String>),
}

#[cfg(test)]
mod tests;
