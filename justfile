# What one does here. `just` alone lists it.

_list:
    @just --list --unsorted

# Is it formatted, and does clippy have nothing to say?
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# All tests; what this machine cannot do is skipped, aloud. (As root, more is done.)
test *args:
    cargo test --workspace {{args}}

# Builds the book into target/book.
book:
    mdbook build book --dest-dir "{{justfile_directory()}}/target/book"

# Writes anew what the book prints: transcripts, figures, needs, snapshots. Read the diff.
bless:
    cargo build --workspace
    SKIFF_BLESS=1 INSTA_UPDATE=always cargo test --workspace
    git diff --stat

# Measures anew where the time of a start goes (chapter 9's table). On a quiet machine.
times:
    rm -f book/src/generated/start-times.md
    SKIFF_BLESS=1 cargo test -p ch09 --test times
    git diff book/src/generated/start-times.md

# Types and runs a transcript of the book (`just demo` lists them); Enter goes on.
demo name="":
    @cargo build --quiet --workspace
    @bash tests/demo.sh "{{name}}"

# Measures against docker, podman, ctr, crun, runc and youki, where they are. Needs root.
bench *args:
    cargo bench --bench peers -- {{args}}

# Fuzzes one target of tests/fuzz for a while. Needs cargo-fuzz and a nightly compiler.
fuzz target seconds="60":
    cargo +nightly fuzz run --fuzz-dir tests/fuzz {{target}} -- -max_total_time={{seconds}}

# Licences and duplicate versions of what we depend on.
deny:
    cargo deny --offline check licenses bans sources
