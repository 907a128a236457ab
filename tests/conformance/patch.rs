//! Changing a specification by what differs from it, as JSON merge patches do (RFC 7386).
//!
//! A name with a `+` behind it appends to a list: an entry that has the same `type` or
//! `destination` is replaced. One with a `-` takes those away that it names.

use serde_json::Value;

/// Changes `whole` by `patch`.
pub(crate) fn merge(whole: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *whole = patch.clone();
        return;
    };
    if !whole.is_object() {
        *whole = Value::Object(serde_json::Map::new());
    }
    for (name, value) in fields {
        if let Some(name) = name.strip_suffix('+') {
            append(&mut whole[name], value);
        } else if let Some(name) = name.strip_suffix('-') {
            remove(&mut whole[name], value);
        } else {
            merge(&mut whole[name], value);
        }
    }
}

fn append(list: &mut Value, more: &Value) {
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    let list = list.as_array_mut().expect("a list to append to");
    for entry in more.as_array().expect("a list of more") {
        let same = |other: &&mut Value| key(other).is_some() && key(other) == key(entry);
        match list.iter_mut().find(same) {
            Some(other) => *other = entry.clone(),
            None => list.push(entry.clone()),
        }
    }
}

fn remove(list: &mut Value, names: &Value) {
    let names = names.as_array().expect("a list of names");
    let list = list.as_array_mut().expect("a list to take away from");
    list.retain(|entry| !names.iter().any(|name| key(entry) == Some(name)));
}

/// By what an entry of a list is known.
fn key(entry: &Value) -> Option<&Value> {
    entry.get("destination").or_else(|| entry.get("type"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_changed_and_nothing_else() {
        let mut whole = json!({ "a": { "b": 1, "c": [1] }, "d": [{ "type": "x", "n": 1 }, { "type": "y" }] });
        let patch = json!({ "a": { "b": 2, "c+": [3] }, "d+": [{ "type": "x", "n": 2 }], "e": { "f": true } });
        merge(&mut whole, &patch);
        assert_eq!(
            whole,
            json!({
                "a": { "b": 2, "c": [1, 3] },
                "d": [{ "type": "x", "n": 2 }, { "type": "y" }],
                "e": { "f": true },
            })
        );
        merge(&mut whole, &json!({ "d-": ["y"], "a": 7 }));
        assert_eq!(whole["d"], json!([{ "type": "x", "n": 2 }]));
        assert_eq!(whole["a"], 7);
    }
}
