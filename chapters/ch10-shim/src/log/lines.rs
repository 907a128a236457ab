//! Output cut into lines, however it arrives.

/// No piece is longer; a longer line is recorded in several (docker's number).
pub const LONGEST: usize = 16 * 1024;

/// The unfinished line of one stream.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Hands each line that `bytes` complete to `take`, with its newline, and each
    /// full piece of a line that is too long.
    // ANCHOR: add
    pub fn add(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            while self.begun.len() > LONGEST {
                let rest = self.begun.split_off(character_border(&self.begun));
                take(&std::mem::replace(&mut self.begun, rest));
            }
            if self.begun.ends_with(b"\n") {
                take(&self.begun);
                self.begun.clear();
            }
        }
    }
    // ANCHOR_END: add

    /// Hands over what is left when nothing more comes.
    pub fn end(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            take(&self.begun);
        }
        // Not cleared but given back: the memory is the idle shim's.
        self.begun = Vec::new();
    }
}

/// Where to cut a piece of at most [`LONGEST`] bytes off: not within a character, if
/// it is UTF-8, else each half of it would be recorded as U+FFFD.
fn character_border(bytes: &[u8]) -> usize {
    let continues = |at: &usize| bytes[*at] & 0b1100_0000 == 0b1000_0000;
    let border = (LONGEST - 3..=LONGEST).rev().find(|at| !continues(at));
    border.unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &[u8], cut: usize) -> Vec<Vec<u8>> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        for piece in text.chunks(cut) {
            lines.add(piece, |line| told.push(line.to_vec()));
        }
        lines.end(|line| told.push(line.to_vec()));
        told
    }

    /// Bytes with newlines in them, and runs that are longer than a piece.
    fn output() -> impl Strategy<Value = Vec<u8>> {
        let run = (
            prop::sample::select(b"\nx\xc3\x80".to_vec()),
            1_usize..20_000,
        );
        prop::collection::vec(run, 0..8).prop_map(|runs| {
            runs.into_iter()
                .flat_map(|(byte, times)| {
                    // A newline alone: twenty thousand empty lines show nothing new.
                    std::iter::repeat_n(byte, if byte == b'\n' { 1 } else { times })
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added(text in output(), cut in 1_usize..40_000) {
            prop_assert_eq!(split(&text, cut).concat(), text);
        }

        #[test]
        fn the_pieces_do_not_depend_on_how_the_output_arrived(
            text in output(), cut in 1_usize..40_000,
        ) {
            prop_assert_eq!(split(&text, cut), split(&text, text.len().max(1)));
        }

        #[test]
        fn a_piece_is_one_line_or_part_of_one(text in output(), cut in 1_usize..40_000) {
            for piece in split(&text, cut) {
                prop_assert!((1..=LONGEST).contains(&piece.len()));
                prop_assert!(!piece[..piece.len() - 1].contains(&b'\n'));
            }
        }

        #[test]
        fn characters_are_not_cut(text in "[a-zé漢🦀]{8000,9000}") {
            for piece in split(text.as_bytes(), 4096) {
                prop_assert!(std::str::from_utf8(&piece).is_ok());
            }
        }
    }
}
