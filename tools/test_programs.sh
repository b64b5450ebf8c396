#!/bin/sh
# Makes sure of the programs that the tests need beside Python: a Chromium, the server programs of
# PostgreSQL 15 and Node 18 or newer. Sourced by run_tests.sh, for which it sets
#
#   EVENHAND_TEST_CHROMIUM   path of the browser
#   EVENHAND_TEST_PG15_BIN   folder with PostgreSQL 15's initdb and postgres
#
# (given values win). As root on a Debian what is missing is installed; elsewhere the run FAILS and
# says what to install: a test that cannot run is not a test that passed.

find_chromium() {
    for candidate in "${EVENHAND_TEST_CHROMIUM:-}" /usr/bin/chromium chromium chromium-browser \
        google-chrome google-chrome-stable; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

find_postgres_15() {
    for candidate in "${EVENHAND_TEST_PG15_BIN:-}" /usr/lib/postgresql/15/bin /usr/pgsql-15/bin \
        /opt/homebrew/opt/postgresql@15/bin; do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/postgres" ]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

has_node() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null
}

# Debian's postgresql-15 starts a cluster when it is installed; the tests want its programs only.
keep_postgres_quiet() {
    mkdir -p /etc/postgresql-common
    settings=/etc/postgresql-common/createcluster.conf
    if [ ! -e $settings ]; then
        echo 'create_main_cluster = false' >$settings
    elif ! grep -q '^create_main_cluster *= *false' $settings; then
        echo 'create_main_cluster = false' >>$settings
    fi
}

# Lists what is missing, one Debian package a line.
missing_packages() {
    find_chromium >/dev/null || echo chromium
    find_postgres_15 >/dev/null || echo postgresql-15
    has_node || printf 'nodejs\nnpm\n'
}

install_packages() {
    echo "Installing for the tests: $* …" >&2
    case " $* " in *" postgresql-15 "*) keep_postgres_quiet ;; esac
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get update -qq >&2 || return 1
    # --force-confold: keep the setting that was just written, without asking.
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@" \
        </dev/null >&2
}

require_test_programs() {
    # shellcheck disable=SC2046  # One word per package.
    set -- $(missing_packages)
    if [ $# -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        # Which packages are missing decides below; apt-get's own message stands above.
        install_packages "$@" || true
        # shellcheck disable=SC2046
        set -- $(missing_packages)
    fi
    if [ $# -gt 0 ]; then
        {
            echo "error: the tests need programs that are not here. Install them, then run again:"
            for package in "$@"; do
                case $package in
                chromium) echo "  - Chromium or Chrome on PATH, or EVENHAND_TEST_CHROMIUM=/path" ;;
                postgresql-15) echo "  - the server programs of PostgreSQL 15 in" \
                    "/usr/lib/postgresql/15/bin, or EVENHAND_TEST_PG15_BIN=/folder" ;;
                nodejs) echo "  - Node 18 or newer, with npm" ;;
                esac
            done
            echo "On Debian or Ubuntu, as root: apt-get update && apt-get install $*"
        } >&2
        return 1
    fi
    EVENHAND_TEST_CHROMIUM=$(find_chromium)
    EVENHAND_TEST_PG15_BIN=$(find_postgres_15)
    export EVENHAND_TEST_CHROMIUM EVENHAND_TEST_PG15_BIN
}
