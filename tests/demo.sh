#!/usr/bin/env bash
# Types a transcript of the book and runs it, line by line: `just demo NAME`. The same file
# is the book's and its test's. Enter goes on; without a terminal it does not wait.
set -u
cd "$(dirname "$0")/.." || exit 1
transcripts=book/src/transcripts
if [ -z "${1:-}" ]; then
    echo "demos:"
    ls "$transcripts" | sed -n 's/^\(.*\)\.console$/  \1/p'
    exit 0
fi
# A chapter's own name stands for its first transcript.
file=$transcripts/$1.console
[ -e "$file" ] || file=$(ls "$transcripts/$1"*.console 2>/dev/null | head -n 1)
[ -e "$file" ] || { echo "no transcript begins with $1" >&2; exit 1; }

# What a reader's shell knows: our programs by the names that the book gives them.
programs=$PWD/target/debug
skiff() { "$programs/skiff" "$@"; }
[ "$(id -u)" != 0 ] || sudo() { "$@"; }

type_out() {
    local i
    printf '$ '
    for ((i = 0; i < ${#1}; i++)); do
        printf '%s' "${1:i:1}"
        [ ! -t 1 ] || sleep 0.02
    done
    [ ! -t 0 ] || read -r -s _ < /dev/tty
    printf '\n'
}

# What is typed begins with `$ `; `> ` goes on with it. The rest is what was seen, once.
command=
while IFS= read -r line || [ -n "$line" ]; do
    # Output may begin with `> ` too: only a command that is not complete goes on.
    if [[ $line = '> '* ]] && ! bash -n <<< "$command" 2> /dev/null; then
        command+=$'\n'${line#> }
        continue
    fi
    if [ -n "$command" ]; then type_out "$command"; eval "$command" < /dev/null; fi
    command=
    case $line in '$ '*) command=${line#\$ } ;; esac
done < "$file"
if [ -n "$command" ]; then type_out "$command"; eval "$command" < /dev/null; fi
