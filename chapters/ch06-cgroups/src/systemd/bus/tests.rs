//! Values and messages: by the specification's examples, there and back, and broken.

use proptest::prelude::*;

use super::message::{Field, Kind, Message};
use super::wire::{Reader, Value, signature};

fn written(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| value.write(&mut out));
    out
}

#[test]
fn the_specifications_examples() {
    // "Marshaling basic types": three strings in a row, little end first.
    let three = ["foo", "+", "bar"].map(Value::text);
    let bytes = b"\x03\0\0\0foo\0\x01\0\0\0+\0\0\0\x03\0\0\0bar\0";
    assert_eq!(written(&three), bytes);
    // "Marshaling containers": an array of one number of eight bytes, big end first.
    let bytes = b"\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\x05";
    let five = Value::Array("t".into(), vec![Value::U64(5)]);
    let five = [five];
    assert_eq!(Reader::new(bytes, true).all("at").unwrap(), five);
    let little = b"\x08\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0";
    assert_eq!(written(&five), little);
    // And a variant: its signature, padding, the value.
    let variant = Value::Variant(Box::new(Value::Bool(true)));
    assert_eq!(written(&[variant]), b"\x01b\0\0\x01\0\0\0");
    // An array of structs is aligned before its first one, also when it has none.
    let none = Value::Array("(sv)".into(), Vec::new());
    assert_eq!(written(&[none, Value::Byte(7)]), b"\0\0\0\0\0\0\0\0\x07");
}

#[test]
fn a_call_is_a_header_and_a_body() {
    let call = Message::new(Kind::Call, 1, &[Value::text("a")])
        .with(Field::Path, Value::Path("/o".into()))
        .with(Field::Member, Value::text("Hi"));
    let bytes = [
        // Little end, a call, no flags, version 1; six bytes of body; number 1.
        &b"l\x01\0\x01\x06\0\0\0\x01\0\0\0"[..],
        // 35 bytes of fields, each at a multiple of eight.
        b"\x23\0\0\0",
        b"\x08\x01g\0\x01s\0\0",
        b"\x01\x01o\0\x02\0\0\0/o\0\0\0\0\0\0",
        b"\x03\x01s\0\x02\0\0\0Hi\0",
        // The body begins at the next multiple of eight.
        b"\0\0\0\0\0",
        b"\x01\0\0\0a\0",
    ];
    let expected = bytes.concat();
    assert_eq!(call.bytes(), expected);
    let read = Message::read(&mut &expected[..]).unwrap();
    assert_eq!(read, call);
    assert_eq!(read.text(Field::Member), "Hi");
    assert_eq!(read.values().unwrap(), [Value::text("a")]);
}

#[test]
fn lengths_are_not_believed() {
    let call = Message::new(Kind::Call, 1, &[Value::text("a")]).bytes();
    let told = |bytes: &[u8]| {
        let error = Message::read(&mut &bytes[..]).unwrap_err();
        format!("{error:#}")
    };
    for end in 0..call.len() {
        assert!(told(&call[..end]).contains("closed"), "{end}");
    }
    for (at, what) in [(4, "mebibyte"), (12, "mebibyte")] {
        let mut long = call.clone();
        long[at..at + 4].fill(0xff);
        assert!(told(&long).contains(what), "{at}");
    }
    // Long, but allowed: no more than what comes is kept.
    let mut long = call.clone();
    long[4..8].copy_from_slice(&(1_u32 << 19).to_le_bytes());
    assert!(told(&long).contains("closed"));
    let mut other = call.clone();
    other[0] = b'x';
    assert!(told(&other).contains("byte order"));
    other = call;
    other[3] = 2;
    assert!(told(&other).contains("version 2"));
}

#[test]
fn what_is_no_value_is_refused() {
    let deep = [b"\x01v\0".repeat(100), b"\x01y\0\x07".to_vec()].concat();
    let arrays = "a".repeat(200) + "y";
    let rows: [(&str, &[u8], &str); 13] = [
        ("b", b"\x02\0\0\0", "neither"),
        ("s", b"\x03\0\0\0foo", "ends too soon"),
        ("s", b"\x03\0\0\0foox", "broken text"),
        ("s", b"\x03\0\0\0f\0o\0", "broken text"),
        ("s", b"\x01\0\0\0\xff\0", "utf-8"),
        ("s", b"\xff\xff\xff\xff", "ends too soon"),
        ("ay", b"\x05\0\0\0abc", "longer than its message"),
        ("au", b"\x05\0\0\0aaaabbbb", "within a value"),
        ("v", b"\x02yy\0\x01\x02", "more than one"),
        ("v", &deep, "too deep"),
        (&arrays, b"", "too deep"),
        ("h", b"\0\0\0\0", "not expected"),
        ("y", b"\x01\x02", "more bytes"),
    ];
    for (signature, bytes, what) in rows {
        let error = Reader::new(bytes, false).all(signature).unwrap_err();
        assert!(
            format!("{error:#}").contains(what),
            "{signature}: {error:#}"
        );
    }
    for signature in [
        "(", ")", "()", "a", "a)", "(a)", "(y", "y)", "A", "é", "(()y)",
    ] {
        assert!(
            Reader::new(&[0; 64], false).all(signature).is_err(),
            "{signature}"
        );
    }
}

/// Values of one type each, by the type.
fn any_value() -> impl Strategy<Value = Value> {
    let text = "[^\0]{0,9}";
    let leaf = prop_oneof![
        any::<u8>().prop_map(Value::Byte),
        any::<bool>().prop_map(Value::Bool),
        any::<u32>().prop_map(Value::U32),
        any::<u64>().prop_map(Value::U64),
        text.prop_map(Value::Text),
        text.prop_map(Value::Path),
        "[a-z]{0,9}".prop_map(Value::Signature),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner
                .clone()
                .prop_map(|value| Value::Variant(Box::new(value))),
            some().prop_map(Value::Struct),
            // The elements of an array are of one type: the first one, again and again.
            (inner.clone(), 0..4_usize).prop_map(|(value, count)| {
                Value::Array(value.signature(), vec![value; count])
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(values in prop::collection::vec(any_value(), 0..5)) {
        let bytes = written(&values);
        let read = Reader::new(&bytes, false).all(&signature(&values));
        prop_assert_eq!(read.unwrap(), values.clone());
        let message = Message::new(Kind::Signal, 9, &values)
            .with(Field::Sender, Value::text(":1.5"));
        let read = Message::read(&mut &message.bytes()[..]).unwrap();
        prop_assert_eq!(read.values().unwrap(), values);
        prop_assert_eq!(read.text(Field::Sender), ":1.5");
    }

    #[test]
    fn whatever_comes_is_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        signature in "[ybutsogva()]{0,9}",
        big in any::<bool>(),
    ) {
        let _ = Reader::new(&bytes, big).all(&signature);
    }

    #[test]
    fn a_message_with_a_wrong_byte_is_read_or_refused(
        values in prop::collection::vec(any_value(), 0..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = Message::new(Kind::Answer, 9, &values).bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = Message::read(&mut &bytes[..]) {
            let _ = message.values();
        }
    }
}
