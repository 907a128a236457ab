//! Streams between two ends of a pipe, without a daemon.

use std::io::Cursor;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::client::run;

#[test]
fn input_ends_while_output_still_comes() {
    let (ended, out) = run(async {
        let (ours, theirs) = duplex(64);
        let container = async {
            let (mut from, mut to) = split(theirs);
            let mut all = Vec::new();
            from.read_to_end(&mut all).await?;
            to.write_all(&[1, 0, 0, 0, 0, 0, 0, 3]).await?;
            to.write_all(format!("{:>3}", all.len()).as_bytes()).await?;
            to.shutdown().await?;
            anyhow::Ok(())
        };
        let mut out = Vec::new();
        let (from, to) = split(ours);
        let input = carry_in(Cursor::new(vec![b'x'; 500]), to, None);
        let carried = race(input, carry_out(from, false, &mut out, Vec::new()));
        let (ended, done) = tokio::join!(carried, container);
        done?;
        Ok((ended?, out))
    })
    .unwrap();
    assert_eq!((ended, out.as_slice()), (Ended::Closed, b"500".as_slice()));
}

#[test]
fn the_detach_keys_end_it_and_do_not_pass() {
    let (ended, passed) = run(async {
        let (ours, mut theirs) = duplex(64);
        let (from, to) = split(ours);
        let typed = Cursor::new(b"ab\x10\x11cd".to_vec());
        let input = carry_in(typed, to, Some(DetachKeys::default()));
        let ended = race(input, carry_out(from, true, Vec::new(), Vec::new())).await?;
        let mut passed = Vec::new();
        theirs.read_to_end(&mut passed).await?;
        Ok((ended, passed))
    })
    .unwrap();
    assert_eq!(
        (ended, passed.as_slice()),
        (Ended::Detached, b"ab".as_slice())
    );
}

#[test]
fn a_stream_that_is_not_framed_is_an_error() {
    let printed = run(carry_out(
        b"plain bytes".as_slice(),
        false,
        Vec::new(),
        Vec::new(),
    ));
    assert!(
        printed
            .unwrap_err()
            .to_string()
            .contains("unrecognized stream")
    );
}
