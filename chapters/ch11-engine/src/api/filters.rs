//! `filters=`: which containers, images, events are meant.
//!
//! On the wire it is JSON in a query parameter, in two shapes that clients mix:
//! `{"label":["a=b"]}` and the older `{"label":{"a=b":true}}`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Each key with the values of which one must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, Vec<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    List(Vec<String>),
    Map(BTreeMap<String, bool>),
}

impl Filters {
    /// Reads the query parameter; an empty one asks for nothing.
    ///
    /// # Errors
    /// The text is neither shape; the error is docker's sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let raw: BTreeMap<String, Option<Values>> =
            serde_json::from_str(text).map_err(|_| format!("invalid filter '{text}'"))?;
        let list = |values| match values {
            None => Vec::new(),
            Some(Values::List(list)) => list,
            Some(Values::Map(map)) => map
                .into_iter()
                .filter_map(|(value, on)| on.then_some(value))
                .collect(),
        };
        Ok(Self(
            raw.into_iter()
                .map(|(key, values)| (key, list(values)))
                .collect(),
        ))
    }

    /// Adds a value to a key.
    pub fn add(&mut self, key: &str, value: &str) {
        self.0
            .entry(key.to_owned())
            .or_default()
            .push(value.to_owned());
    }

    /// The text for the wire.
    pub fn to_json(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// The values of a key; none means that the key asks for nothing.
    pub fn get(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a key that is not among `known`.
    ///
    /// # Errors
    /// Docker's sentence, naming the key.
    pub fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("invalid filter '{key}'")),
            None => Ok(()),
        }
    }

    /// Whether `matches` holds for one of the key's values, or the key asks for nothing.
    pub fn any(&self, key: &str, matches: impl Fn(&str) -> bool) -> bool {
        let values = self.get(key);
        values.is_empty() || values.iter().any(|value| matches(value))
    }

    /// Whether all of `label`'s values (`key` or `key=value`) are among `labels`.
    pub fn labels(&self, labels: &BTreeMap<String, String>) -> bool {
        self.get("label")
            .iter()
            .all(|wanted| match wanted.split_once('=') {
                Some((key, value)) => labels.get(key).is_some_and(|has| has == value),
                None => labels.contains_key(wanted),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read() {
        let list = Filters::parse(r#"{"label":["a=b","c"],"name":null}"#).unwrap();
        let map =
            Filters::parse(r#"{"label":{"a=b":true,"c":true,"d":false},"name":{}}"#)
                .unwrap();
        assert_eq!(list.get("label"), map.get("label"));
        assert_eq!(Filters::parse("").unwrap(), Filters::default());
        assert_eq!(Filters::parse("zz").unwrap_err(), "invalid filter 'zz'");
        assert_eq!(Filters::parse(&list.to_json()).unwrap(), {
            let mut same = list.clone();
            same.0.insert("name".into(), Vec::new());
            same
        });
    }

    #[test]
    fn all_labels_must_match_but_one_name() {
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let asks = |text| Filters::parse(text).unwrap();
        assert!(asks(r#"{"label":["a","a=b"]}"#).labels(&labels));
        assert!(!asks(r#"{"label":["a","c"]}"#).labels(&labels));
        assert!(asks(r#"{"name":["x","y"]}"#).any("name", |name| name == "y"));
        assert!(asks("{}").any("name", |_| false));
        assert_eq!(
            asks(r#"{"zz":["1"]}"#).only(&["label"]).unwrap_err(),
            "invalid filter 'zz'"
        );
    }
}
