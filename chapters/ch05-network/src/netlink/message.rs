//! Messages in a datagram (`struct nlmsghdr` of `<linux/netlink.h>`).

use std::ops::RangeInclusive;

use nix::errno::Errno;

/// How long the header is (`NLMSG_HDRLEN`).
const HEADER: usize = 16;
/// Kinds below this one are netlink's own.
const FIRST_KIND: u16 = libc::NLMSG_MIN_TYPE as u16;
const ERROR: u16 = libc::NLMSG_ERROR as u16;
const DONE: u16 = libc::NLMSG_DONE as u16;

/// The flag of all messages that go to the kernel.
pub(crate) const REQUEST: u16 = libc::NLM_F_REQUEST as u16;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) body: &'a [u8],
}

/// What the kernel said, other than that it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

// ANCHOR: message
impl Message<'_> {
    /// Appends the message to a datagram.
    pub(crate) fn write(&self, datagram: &mut Vec<u8>) {
        let length = u32::try_from(HEADER + self.body.len()).unwrap_or(u32::MAX);
        datagram.extend(length.to_ne_bytes());
        datagram.extend(self.kind.to_ne_bytes());
        datagram.extend(self.flags.to_ne_bytes());
        datagram.extend(self.sequence.to_ne_bytes());
        // The sender's port: the kernel knows it.
        datagram.extend(0_u32.to_ne_bytes());
        datagram.extend(self.body);
        datagram.resize(datagram.len().next_multiple_of(4), 0);
    }
}
// ANCHOR_END: message

/// Takes from a datagram what answers `requests`; true when the last of them is done.
/// Answers to others are passed over: a list that nobody read to its end, for one.
pub(super) fn take(
    datagram: &[u8],
    requests: &RangeInclusive<u32>,
    answers: &mut Vec<Answer>,
) -> nix::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = first(&mut rest).ok_or(Errno::EBADMSG)?;
        if !requests.contains(&message.sequence) {
            continue;
        }
        match message.kind {
            ERROR | DONE => {
                refusal(&message)?;
                if message.sequence == *requests.end() {
                    return Ok(true);
                }
            }
            kind if kind >= FIRST_KIND => answers.push(Answer {
                kind,
                body: message.body.to_owned(),
            }),
            _ => {}
        }
    }
    Ok(false)
}

/// The errno of an answer that is a refusal. Both kinds begin with it, negative; 0 makes
/// of an error an acknowledgement, and a list may end with how many there were.
fn refusal(end: &Message<'_>) -> nix::Result<()> {
    match number(end.body, 0).map(u32::cast_signed) {
        Some(code) if code < 0 => Err(Errno::from_raw(code.saturating_neg())),
        None if end.kind == ERROR => Err(Errno::EBADMSG),
        _ => Ok(()),
    }
}

/// The first message; `rest` is what comes after it, always shorter. `None` when the
/// bytes are not one, or say that they are longer than they are.
pub(super) fn first<'a>(rest: &mut &'a [u8]) -> Option<Message<'a>> {
    let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, ..]: [u8; HEADER] =
        *rest.first_chunk()?;
    let length = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
    let message = Message {
        kind: u16::from_ne_bytes([k0, k1]),
        flags: u16::from_ne_bytes([f0, f1]),
        sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
        body: rest.get(HEADER..length)?,
    };
    // Each message is padded to four bytes, but the last one need not be.
    *rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some(message)
}

/// The number at an offset.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*four))
}
