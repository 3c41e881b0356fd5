# Words for people.

say() { printf '\n== %s\n' "$*"; }

complain() { printf 'tests/run: %s\n' "$*" >&2; }
