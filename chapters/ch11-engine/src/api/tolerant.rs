//! Reading JSON as Go reads it: null, missing and empty are the same.

use std::fmt;
use std::ops::Deref;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

/// Declares structs of the Engine API: PascalCase names, and every field may be null
/// or missing, which leaves it at its default.
macro_rules! tolerant {
    ($($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $name {$(
            $(#[$field_meta])*
            #[serde(default, deserialize_with = "crate::api::tolerant::or_default")]
            pub $field: $type,
        )*}
    )*};
}

pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A command line: a list of words, or a single string that is one word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Words(pub Vec<String>);

impl Deref for Words {
    type Target = Vec<String>;
    fn deref(&self) -> &Vec<String> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            One(String),
            Many(Vec<String>),
        }
        match Shape::deserialize(deserializer) {
            Ok(Shape::One(word)) => Ok(Self(vec![word])),
            Ok(Shape::Many(words)) => Ok(Self(words)),
            Err(_) => Err(D::Error::custom("expected a string or a list of strings")),
        }
    }
}

/// Why a body was not taken; the text is docker's.
#[derive(Debug, PartialEq, Eq)]
pub struct BadBody(String);

impl fmt::Display for BadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadBody {}

/// Reads one JSON document; what follows it is an error.
///
/// # Errors
/// No document, a broken one, a wrong type, or more than one.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadBody> {
    let mut documents = serde_json::Deserializer::from_slice(body).into_iter::<T>();
    let first = match documents.next() {
        None => {
            return Err(BadBody(
                "invalid JSON: got EOF while reading request body".into(),
            ));
        }
        Some(Err(error)) => return Err(BadBody(format!("invalid JSON: {error}"))),
        Some(Ok(first)) => first,
    };
    let rest = body.get(documents.byte_offset()..).unwrap_or_default();
    if rest.iter().any(|byte| !byte.is_ascii_whitespace()) {
        return Err(BadBody("unexpected content after JSON".into()));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CreateRequest;

    #[test]
    fn null_missing_and_empty_are_the_same() {
        let empty: CreateRequest = parse(b"{}").unwrap();
        let null = br#"{"Image":null,"Cmd":null,"Env":null,"Labels":null,"Tty":null,
            "HostConfig":null,"NetworkingConfig":null,"StopTimeout":null}"#;
        assert_eq!(parse::<CreateRequest>(null).unwrap(), empty);
        let blank = br#"{"Image":"","Env":[],"Labels":{},"HostConfig":{},
            "NetworkingConfig":{}}"#;
        assert_eq!(parse::<CreateRequest>(blank).unwrap(), empty);
        let deep = br#"{"HostConfig":{"Binds":null,"PidsLimit":null,"Mounts":null,
            "PortBindings":null,"RestartPolicy":null,"LogConfig":{"Config":null}}}"#;
        assert_eq!(parse::<CreateRequest>(deep).unwrap(), empty);
    }

    #[test]
    fn what_nobody_knows_is_passed_over() {
        let body = br#"{"Image":"x","Frobnicate":{"a":[1]},"HostConfig":{"Zz":1}}"#;
        assert_eq!(parse::<CreateRequest>(body).unwrap().config.image, "x");
    }

    #[test]
    fn a_command_is_a_list_or_a_word() {
        let body = br#"{"Cmd":"ls","Entrypoint":["a","b"]}"#;
        let request: CreateRequest = parse(body).unwrap();
        assert_eq!(request.config.cmd.unwrap().0, ["ls"]);
        assert_eq!(request.config.entrypoint.unwrap().0, ["a", "b"]);
    }

    #[test]
    fn a_bad_body_is_named() {
        let says = |body: &[u8]| parse::<CreateRequest>(body).unwrap_err().to_string();
        assert!(says(b"").starts_with("invalid JSON: got EOF"));
        assert!(says(b"{").starts_with("invalid JSON: EOF"));
        assert!(says(br#"{"Tty":"yes"}"#).starts_with("invalid JSON: invalid type"));
        assert_eq!(says(b"{} {}"), "unexpected content after JSON");
        assert_eq!(says(b"{}x"), "unexpected content after JSON");
        assert!(parse::<CreateRequest>(b" {} \n").is_ok());
    }

    #[test]
    fn a_deep_nest_is_refused_not_followed() {
        let mut body = br#"{"HostConfig":"#.to_vec();
        body.extend(std::iter::repeat_n(b'[', 100_000));
        assert!(parse::<CreateRequest>(&body).is_err());
    }
}
