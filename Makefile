# make demo   installs the run time into .venv and runs the built-in street scene
# make dev    the whole development environment in .venv
# make test   every test      make lint   every style and type check      make bench   every benchmark, briefly
#
# PYTHON=python3.12 picks another interpreter, THERMALSDK_CUDA=0|1|auto what the native module is built for.

PYTHON ?= python3
CXX ?= g++
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --progress-bar off
BUILD_INPUTS := pyproject.toml setup.py $(wildcard cpp_ops/*.* cpp_ops/cuda/*.*)

.PHONY: demo dev test lint bench clean check-machine
.DELETE_ON_ERROR:

demo: .venv/run-time.stamp
	$(BIN)/thermalsdk demo --out demo_out

dev: .venv/dev.stamp

test: .venv/dev.stamp
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(wildcard cpp_ops/*.h cpp_ops/*.cpp cpp_ops/cuda/*)

bench: .venv/dev.stamp
	set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script --quick; done

clean:
	rm -rf .venv build demo_out sdk/thermalsdk/_ops.*.so sdk/*.egg-info

# Stamps say what .venv holds. The development environment includes the run time, so it renews both.
.venv/run-time.stamp: $(BUILD_INPUTS) | .venv/bin/python
	@echo "thermalsdk: installing the run time into .venv"
	$(PIP) -e ".[cpu,video]"
	@$(NATIVE_MODULE)
	@touch $@

.venv/dev.stamp: $(BUILD_INPUTS) | .venv/bin/python
	@echo "thermalsdk: installing the development environment into .venv"
	$(PIP) -e ".[dev]"
	@$(NATIVE_MODULE)
	@touch .venv/run-time.stamp $@

.venv/bin/python: | check-machine
	$(PYTHON) -m venv .venv

# pip hides what setup.py says.
NATIVE_MODULE = $(BIN)/python -c 'from thermalsdk import _ops; \
	print("thermalsdk: native module built for", "CPU and CUDA" if _ops.has_cuda else "the CPU alone")'

check-machine:
	@missing=""; note() { missing="$$missing\n  - $$1"; }; \
	if ! command -v $(PYTHON) >/dev/null; then note "$(PYTHON)"; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then \
		note "Python 3.10 or later: $(PYTHON) is $$($(PYTHON) -V 2>&1) (choose with make PYTHON=python3.12)"; \
	else \
		$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || note "the Python module venv (python3-venv)"; \
		header="$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"; \
		test -f "$$header" || note "Python.h (python3-dev)"; \
	fi; \
	command -v $(CXX) >/dev/null || note "a C++ compiler (g++)"; \
	if [ -n "$$missing" ]; then \
		printf 'thermalsdk: this machine lacks:%b\n' "$$missing" >&2; \
		echo "On Debian or Ubuntu: sudo apt install python3-venv python3-dev make g++" >&2; \
		exit 1; \
	fi
