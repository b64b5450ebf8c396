#!/bin/sh
# Renews uv.lock and its exports for pip, or compares them.
#
#   tools/lock.sh            resolve again (pyproject.toml holds the cooldown) and export
#   tools/lock.sh --export   export uv.lock as it is
#   tools/lock.sh --check    exit 1 when uv.lock does not fit pyproject.toml or an export differs
set -eu
cd "$(dirname "$0")/.."

# Settings of this machine (other indexes, a folder of wheels) must not leak into the lock.
for variable in $(env | sed -n 's/^\(UV_[A-Z_]*\)=.*/\1/p'); do
    case $variable in UV_CACHE_DIR | UV_OFFLINE) ;; *) unset "$variable" ;; esac
done

uv=.venv/bin/uv
[ -x $uv ] || uv=$(command -v uv) || {
    echo "error: uv is missing. Run 'make check' once; it installs uv into .venv." >&2
    exit 1
}

export_to() {
    folder=$1
    for purpose in runtime test; do
        groups="--no-default-groups --group build"
        [ $purpose = runtime ] || groups="$groups --group dev"
        {
            echo "# Exported from uv.lock by 'make lock'. Do not edit: 'make check' compares the two."
            echo "# For pip: pip install --no-deps --require-hashes -r requirements/$purpose.txt"
            # shellcheck disable=SC2086  # The groups are separate words.
            "$uv" export --quiet --frozen --no-header --no-annotate --no-emit-project $groups
        } >"$folder/$purpose.txt"
    done
}

case ${1:-} in
"")
    "$uv" lock --upgrade
    export_to requirements
    ;;
--export)
    export_to requirements
    ;;
--check)
    "$uv" lock --quiet --check --offline || {
        echo "error: uv.lock does not fit pyproject.toml. Run 'make lock'." >&2
        exit 1
    }
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    export_to "$folder"
    for purpose in runtime test; do
        cmp -s "$folder/$purpose.txt" "requirements/$purpose.txt" || {
            echo "error: requirements/$purpose.txt differs from uv.lock." \
                "Run 'sh tools/lock.sh --export' (or 'make lock')." >&2
            exit 1
        }
    done
    ;;
*)
    echo "usage: tools/lock.sh [--export|--check]" >&2
    exit 2
    ;;
esac
