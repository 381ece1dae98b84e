# make demo    the run time in .venv, and a built-in street scene in demo_out/
# make test    the development tools in .venv, and every test
# make dev     the development tools alone; `make lint` and `make bench` use them
#
# PYTHON=python3.12 picks another interpreter. Each environment is made once, and again when its inputs change.
# Python compiles a package when it is first imported; to compile all of them now would take a minute.

PYTHON ?= python3
CXX ?= g++
VENV := .venv
BIN := $(VENV)/bin
BUILD_INPUTS := pyproject.toml setup.py $(wildcard cpp_ops/* cpp_ops/python/* cpp_ops/cuda/*)

# Runs on any Python 3, so that an old one is told apart from a missing package.
define PREREQUISITES
import importlib.util, os, shutil, sys, sysconfig
missing = []
if sys.version_info < (3, 10):
    missing.append("Python 3.10 or newer, not %d.%d: choose one with make PYTHON=..." % sys.version_info[:2])
if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
    missing.append("virtual environments for %s (Debian: apt install python3-venv)" % sys.executable)
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    missing.append("the header Python.h for %s (Debian: apt install python3-dev)" % sys.executable)
if shutil.which(sys.argv[1].split()[0]) is None:
    missing.append("the C++ compiler %s (Debian: apt install g++)" % sys.argv[1])
if missing:
    sys.exit("thermalsdk needs:\n" + "\n".join("  - " + line for line in missing))
endef
export PREREQUISITES

.PHONY: demo dev test lint bench prerequisites

demo: $(VENV)/.runtime
	$(BIN)/thermalsdk demo --out demo_out

dev: $(VENV)/.dev

# Two processes, each of one thread so that they leave each other a core; files that take long come early.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror cpp_ops/*.h cpp_ops/*.cpp cpp_ops/python/* cpp_ops/cuda/* tests/cpp_ops/*.cpp

# BENCH= runs them in full.
BENCH ?= --quick
bench: $(VENV)/.dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script $(BENCH) || exit 1; done

prerequisites:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "thermalsdk needs $(PYTHON), 3.10 or newer (Debian: apt install python3 python3-venv python3-dev g++)"; exit 1; }
	@$(PYTHON) -c "$$PREREQUISITES" "$(CXX)"

$(BIN)/python: | prerequisites
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BUILD_INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[cpu,video]"
	@touch $@

$(VENV)/.dev: $(BUILD_INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[dev]"
	@touch $@ $(VENV)/.runtime
