#!/bin/sh
# Creates .venv and installs the locked dependencies, checked by hash.
#
#   tools/setup.sh runtime|test
#
# Through uv when it is on PATH, else through pip; both install the same versions, since the files
# in requirements/ are exports of uv.lock. A stamp with the hash of what was asked for makes a second
# run quick. The project itself is installed last, without build isolation, so that its build backend
# comes from the lock too.
set -eu
cd "$(dirname "$0")/.."

purpose=${1:?usage: tools/setup.sh runtime|test}
venv=.venv
stamp=$venv/evenhand-$purpose.stamp

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

is_recent_python() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_recent_python "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or newer."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if is_recent_python "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer on PATH. Install one, or name it: make PYTHON=/path/to/python3.11 …"
}

# What the stamp stands for: the lock, this script, the package's metadata and the interpreter.
wanted() {
    "$python" -c '
import hashlib, pathlib, sys
digest = hashlib.sha256(sys.version.encode() + sys.argv[1].encode())
for name in sys.argv[2:]:
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
' "$(pwd -P)" uv.lock pyproject.toml tools/setup.sh requirements/*.txt
}

is_current() {
    [ -x $venv/bin/python ] && [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# Debian and its children ship Python without ensurepip. Then root gets the package, and everybody
# else the pip that the lock names.
make_venv_with_pip() {
    "$python" -m venv --clear $venv >/dev/null 2>&1 && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $package (this Python has no ensurepip) …"
        {
            apt-get update -qq &&
                DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
                    "$package"
        } </dev/null >&2 && "$python" -m venv --clear $venv >&2 && return
    fi
    say "Fetching pip (this Python has no ensurepip) …"
    rm -rf $venv
    "$python" -m venv --without-pip $venv >&2 && $venv/bin/python tools/fetch_pip.py >&2 && return
    rm -rf $venv
    fail "this Python cannot make a virtual environment with pip. Install $package" \
        "(apt-get install $package), or put uv on PATH (https://docs.astral.sh/uv/), and run the" \
        "same command again."
}

install_with_uv() {
    groups="--no-default-groups --group build"
    [ "$purpose" = runtime ] || groups="$groups --group dev"
    if ! is_recent_python $venv/bin/python; then
        rm -rf $venv
        uv venv --quiet --python "$python" $venv
    fi
    # shellcheck disable=SC2086  # The groups are separate words.
    UV_PROJECT_ENVIRONMENT=$venv uv sync --quiet --frozen --inexact --no-install-project $groups
    uv pip install --quiet --python $venv/bin/python --no-deps --no-build-isolation --editable .
}

install_with_pip() {
    if ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
        make_venv_with_pip
    fi
    pip="$venv/bin/python -m pip --disable-pip-version-check --quiet --no-input"
    # The file is complete. pip would still look for "coverage[toml]", find a newer coverage than the
    # locked one, and refuse it.
    $pip install --no-deps --require-hashes --requirement "requirements/$purpose.txt"
    $pip install --no-deps --no-build-isolation --editable .
}

python=$(find_python)
hash=$(wanted)
if is_current "$stamp" "$hash"; then
    exit 0
fi
if [ "$purpose" = runtime ] && is_current $venv/evenhand-test.stamp "$hash"; then
    exit 0 # The test environment holds the runtime's.
fi

# A stamp is written only when everything is there, so that an interrupted set-up is done again.
rm -f $venv/evenhand-*.stamp
if command -v uv >/dev/null 2>&1; then
    say "Setting up .venv with uv (locked, $purpose) …"
    install_with_uv
else
    say "Setting up .venv with pip (locked, checked by hash, $purpose) …"
    install_with_pip
fi
printf '%s\n' "$hash" >"$stamp"
