# SPDX-License-Identifier: GPL-3.0-or-later
# Every target does its own set-up: Debian packages, the virtual environment .venv, MicroPython. What has
# been set up is not done again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test hil pico bench soak lint wheel setup setup-test clean

PYTHON ?= python3
BIN := .venv/bin
STAMPS := .stamps
STUBS := micropython-rp2-stubs==1.25.0.post3 micropython-stdlib-stubs==1.25.0
DEMO_OUT ?= results/demo

# Published test vectors, where this machine has them.
ifneq ($(wildcard ../shared/reference/vectors/.),)
export HANREF_VECTORS ?= $(abspath ../shared/reference/vectors)
endif
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help:
	@echo "make demo   a HAN runs the November 2022 scenario; verdicts on screen, report in $(DEMO_OUT)"
	@echo "make test   lint, types and all tests"
	@echo "make hil    the tests on emulated boards alone"
	@echo "make pico   the Raspberry Pi Pico firmware, built and booted in a simulator"
	@echo "make bench  figures of speed and size"
	@echo "make soak   tests too long for every day"
	@echo "make lint   ruff and mypy alone"
	@echo "make wheel  the installable package, in dist"
	@echo "make setup  set-up alone; make clean removes what was set up here"

demo: setup
	@$(BIN)/hanref run november-2022 --tier emulated --out $(DEMO_OUT)

test: lint
	@$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile tests
	@$(BIN)/python -m pytest -q hil_tests

hil: setup-test
	@$(BIN)/python -m pytest -q hil_tests

pico: setup-test $(STAMPS)/packages-pico
	@$(BIN)/python -m pytest -q -m pico tests/host

bench: setup-test
	@$(BIN)/python -m benchmarks

soak: setup-test $(STAMPS)/packages-pico
	@$(BIN)/python -m pytest -q -m soak --numprocesses auto --maxprocesses 4 tests
	@$(BIN)/python -m pytest -q -m soak hil_tests

lint: setup-test
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary --config-file firmware/mypy.ini --cache-dir .mypy_cache/firmware

wheel: setup
	@$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

setup: $(STAMPS)/packages-run $(STAMPS)/venv
	@$(BIN)/python -m hanref.toolchain build unix emulated

setup-test: setup $(STAMPS)/packages-test $(STAMPS)/typings

# Debian packages by group; .ci/packages says in one line what is missing where it cannot install them.
$(STAMPS)/packages-%: .ci/packages
	@mkdir -p $(STAMPS)
	@.ci/packages $*
	@touch $@

$(STAMPS)/venv: pyproject.toml hatch_build.py | $(STAMPS)/packages-run
	@echo "hanref: setting up .venv" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --editable '.[test]'
	@touch $@

$(STAMPS)/typings: Makefile | $(STAMPS)/venv
	@rm -rf .venv/typings
	@$(BIN)/python -m pip install --quiet --quiet --no-deps --target .venv/typings $(STUBS)
	@touch $@

clean:
	@rm -rf .venv $(STAMPS) results dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
