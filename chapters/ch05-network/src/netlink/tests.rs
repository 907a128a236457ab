//! Messages as the kernel's headers lay them out, and bytes that are none.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::message::{first, take};
use super::*;

fn written(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    let message = Message {
        kind,
        flags,
        sequence,
        body,
    };
    message.write(&mut datagram);
    datagram
}

fn answer(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    written(kind, 0, sequence, body)
}

fn error(sequence: u32, code: i32) -> Vec<u8> {
    // What was asked for comes along after the code, in whole or its header.
    let body = [code.to_ne_bytes().as_slice(), &[0; 16]].concat();
    answer(libc::NLMSG_ERROR as u16, sequence, &body)
}

fn done(sequence: u32, code: i32) -> Vec<u8> {
    answer(libc::NLMSG_DONE as u16, sequence, &code.to_ne_bytes())
}

#[test]
fn a_message_is_a_header_and_a_body() {
    let mut datagram = Vec::new();
    let message = Message {
        kind: libc::RTM_GETLINK,
        flags: REQUEST | libc::NLM_F_ACK as u16,
        sequence: 0x0102_0304,
        body: &[0xaa; 5],
    };
    message.write(&mut datagram);
    // netlink(7): the length counts the header, and not the padding.
    let header = [21, 0, 0, 0, 18, 0, 5, 0, 4, 3, 2, 1, 0, 0, 0, 0];
    let body = [0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0, 0, 0];
    assert_eq!(datagram, [header.as_slice(), &body].concat());
    let mut rest = datagram.as_slice();
    assert_eq!(first(&mut rest), Some(message));
    assert_eq!(rest, [0; 0]);
}

#[test]
fn attributes_are_padded_and_may_hold_others() {
    let inner = Attributes::default().text(3, "ab");
    let outer = Attributes::default().nested(4, inner.clone());
    assert_eq!(outer.sent(), [12, 0, 4, 0x80, 7, 0, 3, 0, b'a', b'b', 0, 0]);
    // The flag is not a part of the kind.
    assert_eq!(outer.get(4), Some(inner.sent()));
    let numbers = Attributes::default().number(1, 2).big_endian(3, 4);
    assert_eq!(
        numbers.sent(),
        [8, 0, 1, 0, 2, 0, 0, 0, 8, 0, 3, 0, 0, 0, 0, 4]
    );
}

#[test]
fn a_value_that_is_too_long_is_cut_and_no_attributes_come_of_it() {
    let smuggled = Attributes::default().number(7, 7);
    let value = smuggled.sent().repeat(10_000);
    let attributes = Attributes::default().bytes(1, &value);
    let kinds: Vec<_> = attributes.iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [1]);
    assert_eq!(attributes.get(1).map(<[u8]>::len), Some(65_531));
}

#[test]
fn attributes_end_where_the_bytes_are_none() {
    let good = [4, 0, 1, 0];
    for bad in [
        &[0, 0, 2, 0][..],
        &[3, 0, 2, 0],
        &[9, 0, 2, 0, 0, 0, 0, 0],
        &[4, 0, 2],
    ] {
        let all = Attributes::received(&[&good, bad].concat());
        assert_eq!(all.iter().collect::<Vec<_>>(), [(1, [].as_slice())]);
    }
}

#[test]
fn an_acknowledgement_ends_and_a_refusal_is_the_error() {
    let mut answers = Vec::new();
    assert_eq!(take(&error(7, 0), &(7..=7), &mut answers), Ok(true));
    // Of a transaction, the last one counts; a refusal counts wherever it is.
    assert_eq!(take(&error(7, 0), &(0..=8), &mut answers), Ok(false));
    let refused = error(7, -libc::EPERM);
    let perm = Err(Errno::EPERM);
    assert_eq!(take(&refused, &(0..=8), &mut answers), perm);
    // An answer to somebody else is not ours.
    assert_eq!(take(&refused, &(8..=8), &mut answers), Ok(false));
    let lowest = take(&error(7, i32::MIN), &(7..=7), &mut answers);
    assert!(lowest.is_err(), "{lowest:?}");
    assert_eq!(answers, []);
}

#[test]
fn a_list_is_what_comes_before_its_end() {
    let parts = [
        answer(20, 2, b"late"),
        answer(20, 3, b"one"),
        answer(libc::NLMSG_NOOP as u16, 3, b""),
        answer(20, 3, b"two"),
        done(3, 0),
    ];
    let mut answers = Vec::new();
    assert_eq!(take(&parts.concat(), &(3..=3), &mut answers), Ok(true));
    let bodies: Vec<_> = answers.iter().map(|answer| &answer.body[..]).collect();
    assert_eq!(bodies, [b"one", b"two"]);
    // A list that the kernel broke off is not a short one.
    let broken = take(&done(3, -libc::EMSGSIZE), &(3..=3), &mut answers);
    assert_eq!(broken, Err(Errno::EMSGSIZE));
}

#[test]
fn a_length_is_not_believed() {
    let whole = answer(20, 1, b"body");
    let mut answers = Vec::new();
    for length in [0_u32, 4, 15, 21, 4096, u32::MAX] {
        let mut message = whole.clone();
        message[..4].copy_from_slice(&length.to_ne_bytes());
        let taken = take(&message, &(1..=1), &mut answers);
        assert_eq!(taken, Err(Errno::EBADMSG), "{length}");
    }
    let short = answer(libc::NLMSG_ERROR as u16, 1, &[0; 3]);
    let taken = take(&short, &(1..=1), &mut answers);
    assert_eq!(taken, Err(Errno::EBADMSG));
    assert_eq!(answers, []);
}

#[test]
fn an_answer_that_does_not_fit_is_an_error() {
    let socket = Socket::open(SockProtocol::NetlinkRoute).unwrap();
    let flags = REQUEST | libc::NLM_F_DUMP as u16;
    let datagram = written(libc::RTM_GETLINK, flags, 1, &[0; 16]);
    send(socket.0.as_raw_fd(), &datagram, MsgFlags::empty()).unwrap();
    let mut room = [0; 20];
    assert_eq!(socket.receive(&mut room), Err(Errno::EMSGSIZE));
}

/// Bytes that look like answers, with one of them changed.
fn nearly_answers() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![0..5_u16, 16..30_u16];
    let message = (kind, 0..4_u32, vec(any::<u8>(), 0..40));
    let messages = vec(message, 1..6);
    (messages, any::<Index>(), any::<u8>()).prop_map(|(messages, at, byte)| {
        let mut bytes: Vec<u8> = messages
            .iter()
            .flat_map(|(kind, sequence, body)| answer(*kind, *sequence, body))
            .collect();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    })
}

proptest! {
    #[test]
    fn any_datagram_is_read_to_its_end(
        bytes in prop_oneof![vec(any::<u8>(), 0..200), nearly_answers()],
    ) {
        let mut answers = Vec::new();
        let _ = take(&bytes, &(1..=2), &mut answers);
        prop_assert!(answers.len() <= bytes.len() / 16);
        let length: usize = answers.iter().map(|answer| answer.body.len()).sum();
        prop_assert!(length <= bytes.len());
    }

    #[test]
    fn any_attributes_are_read_to_their_end(bytes in vec(any::<u8>(), 0..200)) {
        let attributes = Attributes::received(&bytes);
        prop_assert!(attributes.iter().count() <= bytes.len() / 4);
    }

    #[test]
    fn attributes_are_read_as_they_were_written(
        all in vec((0..0x4000_u16, vec(any::<u8>(), 0..20)), 0..8),
    ) {
        let written = all.iter().fold(Attributes::default(), |written, (kind, value)| {
            written.bytes(*kind, value)
        });
        prop_assert_eq!(written.sent().len() % 4, 0);
        let read: Vec<_> = written.iter().map(|(k, v)| (k, v.to_owned())).collect();
        prop_assert_eq!(read, all);
    }
}
