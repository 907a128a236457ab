//! The escape ladder: the chapters' rows joined, as the book prints them.

use support::generated;
use support::ladder::{falls_back, rows, table};

#[test]
fn the_books_table_is_the_chapters_rows() {
    generated("ladder.md", &table(&rows()));
}

#[test]
fn what_a_chapter_stops_no_later_one_lets_through() {
    let rows = rows();
    let count = rows.len();
    assert!(count >= 3, "the first chapters have rows, not {count}");
    assert_eq!(falls_back(&rows), [""; 0]);
}
