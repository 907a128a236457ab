//! A tree and data to text.

use std::fmt;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::functions::{self, text, truth};
use super::{Call, Labels, Node, Pipeline, Range, Term};

/// Executes `nodes` on `data`.
pub(super) fn execute(
    nodes: &[Node],
    data: &Value,
    labels: Labels<'_>,
) -> Result<String> {
    let mut run = Run {
        variables: vec![(String::new(), data.clone())],
        labels,
        out: String::new(),
    };
    run.nodes(nodes, data)?;
    Ok(run.out)
}

/// A template names a field that the data does not have.
#[derive(Debug)]
pub(crate) struct NoField {
    path: String,
    name: String,
}

impl fmt::Display for NoField {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, name } = self;
        write!(
            to,
            "executing \"\" at <.{path}>: map has no entry for key {name:?}"
        )
    }
}

impl std::error::Error for NoField {}

struct Run<'a> {
    /// Innermost last; `$` itself is the one without a name.
    variables: Vec<(String, Value)>,
    labels: Labels<'a>,
    out: String,
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<()> {
        for node in nodes {
            self.node(node, dot)?;
        }
        Ok(())
    }

    /// A block: what it declares ends with it.
    fn block(&mut self, nodes: &[Node], dot: &Value) -> Result<()> {
        let outside = self.variables.len();
        let done = self.nodes(nodes, dot);
        self.variables.truncate(outside);
        done
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<()> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Print(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variable.is_none() {
                    self.out.push_str(&text(&value));
                }
            }
            Node::If(condition, then, otherwise) => {
                let outside = self.variables.len();
                let value = self.pipeline(condition, dot)?;
                self.block(if truth(&value) { then } else { otherwise }, dot)?;
                self.variables.truncate(outside);
            }
            Node::With(what, then, otherwise) => {
                let outside = self.variables.len();
                let value = self.pipeline(what, dot)?;
                if truth(&value) {
                    self.block(then, &value)?;
                } else {
                    self.block(otherwise, dot)?;
                }
                self.variables.truncate(outside);
            }
            Node::Range(range) => self.range(range, dot)?,
        }
        Ok(())
    }

    fn range(&mut self, range: &Range, dot: &Value) -> Result<()> {
        let items: Vec<(Value, Value)> = match self.pipeline(&range.over, dot)? {
            Value::Null => Vec::new(),
            Value::Array(items) => {
                let numbered = items.into_iter().enumerate();
                numbered.map(|(at, item)| (Value::from(at), item)).collect()
            }
            Value::Object(map) => {
                let mut items: Vec<_> = map.into_iter().collect();
                items.sort_by(|one, other| one.0.cmp(&other.0));
                let keyed = items.into_iter();
                keyed.map(|(key, item)| (Value::from(key), item)).collect()
            }
            other => bail!("range can't iterate over {}", text(&other)),
        };
        if items.is_empty() {
            return self.block(&range.otherwise, dot);
        }
        for (key, item) in items {
            let outside = self.variables.len();
            if let Some(name) = &range.key {
                self.variables.push((name.clone(), key));
            }
            if let Some(name) = &range.value {
                self.variables.push((name.clone(), item.clone()));
            }
            let done = self.nodes(&range.body, &item);
            self.variables.truncate(outside);
            done?;
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value> {
        let mut value = None;
        for call in &pipeline.calls {
            value = Some(self.call(call, dot, value)?);
        }
        let value = value.unwrap_or(Value::Null);
        if let Some(name) = &pipeline.variable {
            self.variables.push((name.clone(), value.clone()));
        }
        Ok(value)
    }

    fn call(&mut self, call: &Call, dot: &Value, piped: Option<Value>) -> Result<Value> {
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            arguments.push(self.term(argument, dot)?);
        }
        arguments.extend(piped);
        match &call.what {
            Term::Function(name) => functions::call(name, arguments),
            Term::Field(_, names)
                if names.last().is_some_and(|n| n == "Label") && arguments.len() == 1 =>
            {
                Ok(self.label(&arguments[0]))
            }
            what if arguments.is_empty() => self.term(what, dot),
            Term::Field(_, names) => {
                bail!("{} has arguments but cannot be invoked", names.join("."))
            }
            _ => bail!("can't give argument to non-function"),
        }
    }

    fn label(&self, key: &Value) -> Value {
        match (self.labels, key.as_str()) {
            (Labels::Heads, _) => key.clone(),
            (Labels::Of(labels), Some(key)) => {
                labels.get(key).cloned().unwrap_or_else(|| Value::from(""))
            }
            (Labels::Of(_), None) => Value::from(""),
        }
    }

    fn term(&mut self, term: &Term, dot: &Value) -> Result<Value> {
        Ok(match term {
            Term::Dot => dot.clone(),
            Term::Literal(value) => value.clone(),
            Term::Function(name) => functions::call(name, Vec::new())?,
            Term::Group(pipeline) => self.pipeline(pipeline, dot)?,
            Term::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                match found {
                    Some((_, value)) => value.clone(),
                    None => bail!("undefined variable \"${name}\""),
                }
            }
            Term::Field(base, names) => {
                let mut value = self.term(base, dot)?;
                for (at, name) in names.iter().enumerate() {
                    value = field(value, name, &names[..=at])?;
                }
                value
            }
        })
    }
}

/// An entry by its name. Docker's templates name Go's fields, which differ from the
/// JSON's members by case at most: `.Server.APIVersion` is `ApiVersion`.
fn entry(mut map: Map<String, Value>, name: &str) -> Option<Value> {
    map.remove(name).or_else(|| {
        let alike = |(key, value): (String, Value)| {
            key.eq_ignore_ascii_case(name).then_some(value)
        };
        map.into_iter().find_map(alike)
    })
}

fn field(value: Value, name: &str, path: &[String]) -> Result<Value> {
    let path = path.join(".");
    match value {
        Value::Object(map) => match entry(map, name) {
            Some(value) => Ok(value),
            None => Err(NoField {
                path,
                name: name.to_owned(),
            }
            .into()),
        },
        Value::Null => {
            bail!("executing \"\" at <.{path}>: nil data; no entry for key {name:?}")
        }
        other => bail!(
            "executing \"\" at <.{path}>: can't evaluate field {name} in {}",
            text(&other)
        ),
    }
}
