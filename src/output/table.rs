//! Columns: what Go's text/tabwriter does with minimum width 10 and padding 3, which
//! is how docker's client sets its tables.
//!
//! A cell ends with a tab; what follows the last tab of a line belongs to no column.
//! Neighbouring lines that have a cell in the same column share its width.

use std::ops::Range;

const MINIMUM: usize = 10;
const PADDING: usize = 3;

/// Sets `text`, whose cells end with tabs and whose lines end with newlines.
pub(crate) fn align(text: &str) -> String {
    align_from(text, MINIMUM)
}

/// The same with columns of at least twenty letters, as `top` has them.
pub(crate) fn align_wide(text: &str) -> String {
    align_from(text, 20)
}

fn align_from(text: &str, minimum: usize) -> String {
    let lines: Vec<Vec<&str>> = text
        .split_inclusive('\n')
        .map(|line| line.trim_end_matches('\n').split('\t').collect())
        .collect();
    let mut widths: Vec<Vec<usize>> = vec![Vec::new(); lines.len()];
    let whole = 0..lines.len();
    measure(&lines, &mut widths, whole, 0, minimum);
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (at, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(at) {
                out.extend(std::iter::repeat_n(' ', width - length(cell)));
            }
        }
        out.push('\n');
    }
    out
}

/// Finds the width of `column` in each run of lines that have it, and then of the
/// columns to its right within that run.
fn measure(
    lines: &[Vec<&str>],
    widths: &mut [Vec<usize>],
    among: Range<usize>,
    column: usize,
    minimum: usize,
) {
    let has_cell = |at: usize| lines[at].len() > column + 1;
    let mut at = among.start;
    while at < among.end {
        if !has_cell(at) {
            at += 1;
            continue;
        }
        let start = at;
        while at < among.end && has_cell(at) {
            at += 1;
        }
        let cells = lines[start..at].iter().map(|line| length(line[column]));
        let widest = cells.max().unwrap_or(0);
        let width = minimum.max(widest + PADDING);
        widths[start..at]
            .iter_mut()
            .for_each(|line| line.push(width));
        measure(lines, widths, start..at, column + 1, minimum);
    }
}

fn length(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_and_three_and_at_least_ten() {
        let text = "CONTAINER ID\tPORTS\tNAMES\n4f1cab838d64\t\tweb\n";
        let expected = "CONTAINER ID   PORTS     NAMES\n4f1cab838d64             web\n";
        assert_eq!(align(text), expected);
    }

    #[test]
    fn a_line_without_the_cell_parts_the_column() {
        let text = "long long long\tb\nx\ny\tb\n";
        assert_eq!(align(text), "long long long   b\nx\ny         b\n");
    }

    #[test]
    fn width_is_counted_in_letters_not_bytes() {
        assert_eq!(align("äöüäöüäö\tb\n"), "äöüäöüäö   b\n");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(align(""), "");
    }
}
