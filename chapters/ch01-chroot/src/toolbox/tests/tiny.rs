//! ELF files with headers and nothing to run.

/// What a file is to say of itself; by default a static program for x86_64.
#[derive(Clone, Copy)]
pub(super) struct Tiny<'a> {
    pub(super) machine: u16,
    pub(super) loader: Option<&'a str>,
    pub(super) needed: &'a [&'a str],
    pub(super) rpath: &'a str,
    pub(super) runpath: &'a str,
}

impl Default for Tiny<'_> {
    fn default() -> Self {
        Self {
            machine: 62,
            loader: None,
            needed: &[],
            rpath: "",
            runpath: "",
        }
    }
}

const HEADER: u64 = 64;
const SEGMENT: u64 = 56;
/// Where the file is loaded: offsets and addresses must not be mixed up.
const BASE: u64 = 0x40_0000;

impl Tiny<'_> {
    /// Header, three segments (load, interp, dynamic), strings, dynamic entries.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0u8];
        let mut add = |text: &str| {
            let at = strings.len() as u64;
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        let loader = self.loader.unwrap_or_default();
        let loader_at = add(loader);
        let mut entries: Vec<(u64, u64)> =
            self.needed.iter().map(|name| (1, add(name))).collect();
        for (tag, path) in [(15, self.rpath), (29, self.runpath)] {
            if !path.is_empty() {
                entries.push((tag, add(path)));
            }
        }
        let strings_at = HEADER + 3 * SEGMENT;
        let dynamic_at = (strings_at + strings.len() as u64).next_multiple_of(8);
        entries.push((5, BASE + strings_at));
        entries.push((0, 0));
        let dynamic = entries.len() as u64 * 16;
        let end = dynamic_at + dynamic;
        let dynamic = if self.needed.is_empty() { 0 } else { dynamic };

        let mut file = self.header();
        segment(&mut file, 1, 0, end);
        let length = if loader.is_empty() {
            0
        } else {
            loader.len() as u64 + 1
        };
        // An unused segment is a null one.
        segment(
            &mut file,
            if length == 0 { 0 } else { 3 },
            strings_at + loader_at,
            length,
        );
        segment(
            &mut file,
            if dynamic == 0 { 0 } else { 2 },
            dynamic_at,
            dynamic,
        );
        file.extend(&strings);
        file.resize(usize::try_from(dynamic_at).unwrap(), 0);
        for (tag, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        file
    }

    fn header(&self) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        for half in [3, self.machine] {
            file.extend(half.to_le_bytes());
        }
        file.extend(1u32.to_le_bytes());
        for word in [0, HEADER, 0] {
            file.extend(word.to_le_bytes()); // entry, segments, sections
        }
        file.extend(0u32.to_le_bytes());
        for half in [64u16, 56, 3, 64, 0, 0] {
            file.extend(half.to_le_bytes());
        }
        file
    }
}

fn segment(file: &mut Vec<u8>, kind: u32, offset: u64, length: u64) {
    file.extend(kind.to_le_bytes());
    file.extend(4u32.to_le_bytes());
    for word in [offset, BASE + offset, BASE + offset, length, length, 1] {
        file.extend(word.to_le_bytes());
    }
}
