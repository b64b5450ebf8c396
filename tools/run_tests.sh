#!/bin/sh
# Runs the gates, the browser code's tests and the Python tests; ends with pytest's closing line.
set -eu
cd "$(dirname "$0")/.."
. tools/test_programs.sh

require_test_programs

# A failed gate does not hide what the tests have to say; it fails the run all the same.
gates=0
sh tools/run_checks.sh || gates=$?
browser=0

if [ -f frontend/package.json ]; then
    (
        export CI=true NO_COLOR=1
        export npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false
        # One chain: behind "||" a subshell does not stop at the first error by itself.
        cd frontend &&
            echo "== browser code" &&
            npm ci --silent </dev/null &&
            npm test --silent </dev/null &&
            # What "npm run check" does, but for the tests: they have just run.
            npm run --silent lint </dev/null &&
            npm run --silent types </dev/null &&
            npm run --silent vendor:check </dev/null
    ) || browser=$?
fi

echo "== tests"
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
# Two processes, a module each at a time: one works while the other waits.
.venv/bin/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --cov --cov-report=term --cov-report="json:$report" \
    </dev/null || status=$?
# Silent when every floor is reached, so that pytest's closing line is the last one.
[ "$status" != 0 ] || .venv/bin/python tools/coverage_floors.py "$report" || status=$?

[ "$gates" = 0 ] && [ "$browser" = 0 ] || {
    echo "error: the tests' result stands above, but a gate or the browser code's tests failed." >&2
    exit 1
}
exit "$status"
