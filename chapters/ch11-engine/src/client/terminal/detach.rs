//! The keys that leave a container alone: `ctrl-p,ctrl-q` unless told otherwise.

use std::str::FromStr;

use anyhow::{Result, bail};

/// A sequence of keys, and how much of it has been typed.
#[derive(Clone, Debug)]
pub struct DetachKeys {
    keys: Vec<u8>,
    typed: usize,
}

impl Default for DetachKeys {
    fn default() -> Self {
        Self {
            keys: vec![16, 17],
            typed: 0,
        }
    }
}

impl FromStr for DetachKeys {
    type Err = anyhow::Error;

    /// Keys between commas: a character, or `ctrl-` and one of `a`–`z @ [ \ ] ^ _`.
    fn from_str(text: &str) -> Result<Self> {
        let mut keys = Vec::new();
        for key in text.split(',') {
            keys.push(match (key.as_bytes(), key.strip_prefix("ctrl-")) {
                (&[key], _) => key,
                (_, Some(control)) => match *control.as_bytes() {
                    [letter @ b'a'..=b'z'] => letter - b'a' + 1,
                    [sign @ (b'@' | b'['..=b'_')] => sign - b'@',
                    _ => bail!("unknown character: '{key}'"),
                },
                _ => bail!("unknown character: '{key}'"),
            });
        }
        Ok(Self { keys, typed: 0 })
    }
}

impl DetachKeys {
    /// Takes what was typed and gives what the container shall have of it, and whether
    /// the sequence is complete. A beginning of the sequence is held back until it is
    /// clear that it is none.
    pub fn feed(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut pass = Vec::with_capacity(typed.len());
        for byte in typed {
            if self.keys.get(self.typed) != Some(byte) {
                pass.extend_from_slice(&self.keys[..self.typed]);
                self.typed = 0;
            }
            if self.keys.get(self.typed) == Some(byte) {
                self.typed += 1;
            } else {
                pass.push(*byte);
            }
            if self.typed == self.keys.len() {
                self.typed = 0;
                return (pass, true);
            }
        }
        (pass, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_letters_and_controls() {
        let keys = |text: &str| text.parse::<DetachKeys>().map(|k| k.keys).ok();
        assert_eq!(keys("ctrl-p,ctrl-q"), Some(vec![16, 17]));
        assert_eq!(keys("a,ctrl-@,ctrl-\\"), Some(vec![b'a', 0, 28]));
        assert_eq!(keys("ctrl-ä"), None);
        assert_eq!(keys("shift-a"), None);
        assert_eq!(keys(""), None);
    }

    #[test]
    fn the_sequence_is_found_across_reads_and_a_beginning_is_given_back() {
        let mut keys = DetachKeys::default();
        assert_eq!(keys.feed(b"ls\x10"), (b"ls".to_vec(), false));
        assert_eq!(keys.feed(b"x\x10"), (b"\x10x".to_vec(), false));
        assert_eq!(keys.feed(b"\x10"), (b"\x10".to_vec(), false));
        assert_eq!(keys.feed(b"\x11rest"), (Vec::new(), true));
    }

    proptest! {
        #[test]
        fn without_the_sequence_every_byte_passes(
            typed in prop::collection::vec(prop_oneof![Just(16_u8), any::<u8>()], 0..60)
        ) {
            prop_assume!(!typed.windows(2).any(|two| two == [16, 17]));
            let mut keys = DetachKeys::default();
            let mut passed = Vec::new();
            for byte in &typed {
                let (pass, detached) = keys.feed(&[*byte]);
                prop_assert!(!detached);
                passed.extend(pass);
            }
            passed.extend_from_slice(&keys.keys[..keys.typed]);
            prop_assert_eq!(passed, typed);
        }
    }
}
