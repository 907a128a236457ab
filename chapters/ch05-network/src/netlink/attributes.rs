//! Netlink attributes: length, kind, value, padded to four bytes (`struct nlattr`).

/// How long a length and a kind are (`NLA_HDRLEN`).
const HEADER: usize = 4;
/// The value is attributes.
const NESTED: u16 = libc::NLA_F_NESTED as u16;
/// The bits of a kind that are not flags.
const KIND: u16 = libc::NLA_TYPE_MASK as u16;

/// Attributes, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes(Vec<u8>);

impl Attributes {
    /// As they were received.
    pub(crate) fn received(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }

    /// As they are sent.
    pub(crate) fn sent(&self) -> &[u8] {
        &self.0
    }

    /// Appends an attribute.
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        // A value too long for its length is cut, and refused for what it then is. It
        // must not go on as attributes that nobody wrote.
        let most = usize::from(u16::MAX) - HEADER;
        let value = value.get(..most).unwrap_or(value);
        let length = u16::try_from(HEADER + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// A number in the machine's own order.
    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// A number in the network's order: big end first.
    pub(crate) fn big_endian(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// A text, with the zero at its end.
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        self.bytes(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// Attributes as a value.
    pub(crate) fn nested(self, kind: u16, inner: Self) -> Self {
        self.bytes(kind | NESTED, &inner.0)
    }

    /// Kinds and values. They end where the bytes no longer are attributes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let [a, b, c, d] = *rest.first_chunk()?;
            let length = usize::from(u16::from_ne_bytes([a, b]));
            let value = rest.get(HEADER..length)?;
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some((u16::from_ne_bytes([c, d]) & KIND, value))
        })
    }

    /// The value of the first attribute of this kind.
    pub(crate) fn get(&self, kind: u16) -> Option<&[u8]> {
        let mut all = self.iter();
        all.find_map(|(other, value)| (other == kind).then_some(value))
    }
}
