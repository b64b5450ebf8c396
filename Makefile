# The front door. Every goal works on a fresh clone with Python 3.11+, make and a POSIX shell.
#
#   DATA=DIR     data folder for demo and up (default: ~/.local/share/evenhand)
#   PYTHON=PROG  the Python to build .venv with (default: the first of python3, python3.11 … that is
#                3.11 or newer)

.DEFAULT_GOAL := help
.PHONY: help demo up test check lock format setup
MAKEFLAGS += --no-print-directory

DATA ?=
PYTHON ?=
export PYTHON

EVENHAND := .venv/bin/evenhand
DATA_OPTION := $(if $(DATA),--data "$(DATA)")

help: ## Show this list.
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)$$/make \1 - \2/p' Makefile

demo: ## Set everything up, run the main job on real data, print a summary.
	@sh tools/setup.sh runtime
	@$(EVENHAND) demo $(DATA_OPTION)

up: ## Leave the service running with the demo's data and print its address.
	@sh tools/setup.sh runtime
	@$(EVENHAND) demo --serve $(DATA_OPTION)

test: ## Install what the tests need, run every gate and every test.
	@sh tools/setup.sh test
	@sh tools/run_tests.sh

check: ## Run the gates: format, lint, types, floor plan, house rules, lock files.
	@sh tools/setup.sh test
	@sh tools/run_checks.sh

format: ## Let ruff format the code and repair what it can.
	@sh tools/setup.sh test
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

lock: ## Renew uv.lock and the exported hash files (needs the network).
	@sh tools/setup.sh test
	@sh tools/lock.sh

setup: ## Create .venv with the locked runtime dependencies.
	@sh tools/setup.sh runtime
