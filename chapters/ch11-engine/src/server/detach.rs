//! The keys by which a terminal leaves its container running: ctrl-p ctrl-q.

/// Looks for a sequence of keys in what is typed.
///
/// A key of the sequence is held back until the next one shows what it was: that of
/// which nothing comes is typed after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    sequence: Vec<u8>,
    /// How many keys of it were typed just now.
    held: usize,
}

impl Keys {
    /// Reads `a,ctrl-p`, docker's way to write keys; empty means docker's own.
    ///
    /// # Errors
    /// A key that there is not.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = if text.is_empty() {
            "ctrl-p,ctrl-q"
        } else {
            text
        };
        let sequence: Result<Vec<u8>, String> = text.split(',').map(key).collect();
        Ok(Self {
            sequence: sequence?,
            held: 0,
        })
    }

    /// Takes the sequence out of what was typed; true when it is complete: what was
    /// typed after it is dropped.
    pub(super) fn filter(&mut self, typed: &mut Vec<u8>) -> bool {
        let mut passed = Vec::with_capacity(typed.len() + self.held);
        let mut complete = false;
        for byte in typed.iter().copied() {
            if self.sequence.get(self.held) == Some(&byte) {
                self.held += 1;
                if self.held == self.sequence.len() {
                    self.held = 0;
                    complete = true;
                    break;
                }
                continue;
            }
            passed.extend(self.sequence.iter().take(self.held));
            self.held = 0;
            if self.sequence.first() == Some(&byte) {
                self.held = 1;
            } else {
                passed.push(byte);
            }
        }
        *typed = passed;
        complete
    }
}

fn key(name: &str) -> Result<u8, String> {
    let unknown = || format!("Invalid detach keys ({name}) provided");
    let byte = match name.as_bytes() {
        [byte] => *byte,
        [b'c', b't', b'r', b'l', b'-', byte] => match byte {
            b'a'..=b'z' => byte - b'a' + 1,
            b'@' => 0,
            b'[' => 27,
            b'\\' => 28,
            b']' => 29,
            b'^' => 30,
            b'_' => 31,
            _ => return Err(unknown()),
        },
        b"DEL" => 127,
        _ => return Err(unknown()),
    };
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &mut Keys, text: &[u8]) -> (Vec<u8>, bool) {
        let mut text = text.to_vec();
        let complete = keys.filter(&mut text);
        (text, complete)
    }

    #[test]
    fn the_sequence_is_found_across_pieces_and_nothing_else_is_lost() {
        let mut keys = Keys::parse("").unwrap();
        assert_eq!(typed(&mut keys, b"ls\x10"), (b"ls".to_vec(), false));
        assert_eq!(typed(&mut keys, b"x"), (b"\x10x".to_vec(), false));
        assert_eq!(
            typed(&mut keys, b"\x10\x10x"),
            (b"\x10\x10x".to_vec(), false)
        );
        assert_eq!(typed(&mut keys, b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(typed(&mut keys, b"\x11b"), (Vec::new(), true));
    }

    #[test]
    fn keys_have_names() {
        assert_eq!(
            Keys::parse("a,ctrl-a,ctrl-[").unwrap().sequence,
            [b'a', 1, 27]
        );
        for wrong in ["ctrl-", "ctrl-1", "foo", "a,,b"] {
            assert!(Keys::parse(wrong).is_err(), "{wrong}");
        }
    }
}
