#!/usr/bin/env bash
# Types transcripts of the book and runs them, line by line: `just demo NAME` one of them,
# `just demo ch01` all that the chapter's pages show, in their order. The same files are
# the book's and its tests'. Enter goes on; without a terminal it does not wait.
set -u
cd "$(dirname "$0")/.." || exit 1
src=$PWD/book/src
transcripts=$src/transcripts
if [ -z "${1:-}" ]; then
    echo "demos:"
    ls "$transcripts" | sed -n 's/^\(.*\)\.console$/  \1/p'
    exit 0
fi
case $1 in
    # The pages in the book's order. One may show pieces of a transcript: it is played once.
    ch[0-9][0-9]) pages=$(sed -n "s|.*(\($1-[a-z-]*\.md\)).*|$src/\1|p" "$src/SUMMARY.md")
        files=$(grep -sho 'transcripts/[a-z0-9-]*\.console' $pages /dev/null |
            awk -v src="$src" '!seen[$0]++ { print src "/" $0 }') ;;
    *) files=$transcripts/$1.console ;;
esac
for file in $files; do
    [ -e "$file" ] || { echo "there is no transcript $file" >&2; exit 1; }
done
[ -n "$files" ] || { echo "no page of $1 shows a transcript" >&2; exit 1; }

# What a reader's shell knows: our programs by the names that the book gives them. They
# are built already; a test says where.
programs=${SKIFF_PROGRAMS:-$PWD/target/debug}
skiff() { "$programs/skiff" "$@"; }
cargo() {
    local program
    case "$*" in
        'run -q -p '*) program=$4 && shift 4 ;;
        'run -q -- '*) program=skiff && shift 2 ;;
        *) command cargo "$@" && return ;;
    esac
    [ "${1:-}" != -- ] || shift
    "$programs/$program" "$@"
}
[ "$(id -u)" != 0 ] || sudo() { "$@"; }

type_out() {
    local i
    printf '$ '
    for ((i = 0; i < ${#1}; i++)); do
        printf '%s' "${1:i:1}"
        [ ! -t 1 ] || sleep 0.02
    done
    [ ! -t 3 ] || read -r -s _ <&3
    printf '\n'
}

# What is typed begins with `$ `, and goes on until it is complete. The rest is what was
# seen, once.
play() {
    local command= line
    while IFS= read -r line || [ -n "$line" ]; do
        if ! bash -n <<< "$command" 2> /dev/null; then
            command+=$'\n'$line
            continue
        fi
        if [ -n "$command" ]; then type_out "$command"; eval "$command" < /dev/null 3<&-; fi
        command=
        case $line in '$ '*) command=${line#\$ } ;; esac
    done
    if [ -n "$command" ]; then type_out "$command"; eval "$command" < /dev/null 3<&-; fi
}
# Where it is typed: here, or where a test may leave files.
cd "${SKIFF_PLACE:-.}" || exit 1
for file in $files; do
    # Each in a shell of its own, as its test has it. Enter is read from the terminal.
    (play 3<&0 < "$file")
    echo
done
