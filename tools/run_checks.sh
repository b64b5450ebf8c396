#!/bin/sh
# Runs every gate, even after one has failed, and names those that failed at the end.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=

gate() {
    name=$1
    shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed $name,"
}

gate "ruff" $bin/ruff check --quiet --output-format concise .
gate "ruff format" $bin/ruff format --check --output-format concise .
gate "types" $bin/basedpyright --level error
gate "floor plan" $bin/lint-imports --no-logo --no-cache
gate "house rules" env PYTHONPATH=tools $bin/python -m house
gate "locks" sh tools/lock.sh --check

if [ -n "$failed" ]; then
    printf 'error: these gates failed:%s\n' "${failed%,}." >&2
    exit 1
fi
