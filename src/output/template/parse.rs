//! Tokens to a tree.

use std::iter::Peekable;
use std::vec::IntoIter;

use anyhow::{Result, bail, ensure};

use super::lex::{Piece, Token, pieces};
use super::{Call, Node, Pipeline, Range, Term};

type Pieces = Peekable<IntoIter<Piece>>;

/// Parses a whole template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>> {
    let mut pieces = pieces(text)?.into_iter().peekable();
    let (nodes, end) = list(&mut pieces)?;
    match end {
        End::OfText => Ok(nodes),
        End::Keyword => bail!("unexpected {{{{end}}}}"),
        End::Else(_) => bail!("unexpected {{{{else}}}}"),
    }
}

/// What ended a list of nodes.
enum End {
    OfText,
    Keyword,
    /// `else`, and what follows it: nothing, or `if …`.
    Else(Tokens),
}

fn list(pieces: &mut Pieces) -> Result<(Vec<Node>, End)> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let tokens = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(tokens) => tokens,
        };
        let mut tokens = Tokens(tokens.into_iter().peekable());
        match tokens.keyword().as_deref() {
            Some("end") => return Ok((nodes, End::Keyword)),
            Some("else") => return Ok((nodes, End::Else(tokens))),
            Some(word) => nodes.push(control(word, tokens, pieces)?),
            None => nodes.push(Node::Print(tokens.whole_pipeline()?)),
        }
    }
    Ok((nodes, End::OfText))
}

fn control(word: &str, mut tokens: Tokens, pieces: &mut Pieces) -> Result<Node> {
    if word == "range" {
        let (key, value) = tokens.range_variables();
        let over = tokens.whole_pipeline()?;
        let (body, otherwise) = branches(pieces, word)?;
        return Ok(Node::Range(Range {
            key,
            value,
            over,
            body,
            otherwise,
        }));
    }
    let condition = tokens.whole_pipeline()?;
    let (then, otherwise) = branches(pieces, word)?;
    Ok(match word {
        "if" => Node::If(condition, then, otherwise),
        _ => Node::With(condition, then, otherwise),
    })
}

/// The body and what follows `else`, which `else if` makes a list of one.
fn branches(pieces: &mut Pieces, word: &str) -> Result<(Vec<Node>, Vec<Node>)> {
    let (body, end) = list(pieces)?;
    let mut rest = match end {
        End::OfText => bail!("unexpected EOF"),
        End::Keyword => return Ok((body, Vec::new())),
        End::Else(rest) => rest,
    };
    if rest.0.peek().is_none() {
        let (otherwise, end) = list(pieces)?;
        ensure!(matches!(end, End::Keyword), "expected end after else");
        return Ok((body, otherwise));
    }
    match rest.keyword().as_deref() {
        Some(next) if next == word && next != "range" => {
            Ok((body, vec![control(word, rest, pieces)?]))
        }
        _ => bail!("unexpected words after else"),
    }
}

/// The tokens of one action.
struct Tokens(Peekable<IntoIter<Token>>);

impl Tokens {
    fn keyword(&mut self) -> Option<String> {
        let is_keyword = |token: &Token| {
            matches!(token, Token::Word(word)
                if ["if", "with", "range", "else", "end"].contains(&word.as_str()))
        };
        match self.0.next_if(is_keyword) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// `$value :=` or `$key, $value :=`, if that is how the range begins.
    fn range_variables(&mut self) -> (Option<String>, Option<String>) {
        let ahead: Vec<Token> = self.0.clone().take(4).collect();
        let (names, length) = match ahead.as_slice() {
            [Token::Variable(value), Token::Assign, ..] => {
                ((None, Some(value.clone())), 2)
            }
            [
                Token::Variable(key),
                Token::Comma,
                Token::Variable(value),
                Token::Assign,
            ] => ((Some(key.clone()), Some(value.clone())), 4),
            _ => return (None, None),
        };
        self.0.by_ref().take(length).for_each(drop);
        names
    }

    fn whole_pipeline(&mut self) -> Result<Pipeline> {
        let pipeline = self.pipeline()?;
        match self.0.next() {
            None => Ok(pipeline),
            Some(token) => bail!("unexpected {token:?}"),
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let (_, variable) = self.range_variables();
        let mut calls = vec![self.call()?];
        while self.0.next_if_eq(&Token::Pipe).is_some() {
            calls.push(self.call()?);
        }
        Ok(Pipeline { variable, calls })
    }

    fn call(&mut self) -> Result<Call> {
        let Some(what) = self.term()? else {
            bail!("missing value for command");
        };
        let mut arguments = Vec::new();
        while let Some(argument) = self.term()? {
            arguments.push(argument);
        }
        Ok(Call { what, arguments })
    }

    fn term(&mut self) -> Result<Option<Term>> {
        let starts = |token: &Token| {
            !matches!(
                token,
                Token::Pipe | Token::Close | Token::Comma | Token::Assign
            )
        };
        let Some(token) = self.0.next_if(starts) else {
            return Ok(None);
        };
        let base = match token {
            Token::Field { name, .. } => {
                let mut names = vec![name];
                self.joined_fields(&mut names);
                return Ok(Some(Term::Field(Box::new(Term::Dot), names)));
            }
            Token::Variable(name) => Term::Variable(name),
            Token::Literal(value) => return Ok(Some(Term::Literal(value))),
            Token::Word(name) => {
                ensure!(
                    super::functions::known(&name),
                    "function {name:?} not defined"
                );
                return Ok(Some(Term::Function(name)));
            }
            Token::Open => {
                let inner = self.pipeline()?;
                ensure!(self.0.next() == Some(Token::Close), "unclosed left paren");
                Term::Group(inner)
            }
            _ => Term::Dot,
        };
        let mut names = Vec::new();
        self.joined_fields(&mut names);
        Ok(Some(if names.is_empty() {
            base
        } else {
            Term::Field(Box::new(base), names)
        }))
    }

    fn joined_fields(&mut self, names: &mut Vec<String>) {
        let joined = |token: &Token| matches!(token, Token::Field { joined: true, .. });
        while let Some(Token::Field { name, .. }) = self.0.next_if(joined) {
            names.push(name);
        }
    }
}
