# nnjax: `make demo` and `make test` need only git, make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
PYTHON312 ?= python3.12
BIN := .venv/bin
# As pip does for packages that it copies: without it, a machine that writes no bytecode compiles 350 modules at each start.
COMPILE := $(BIN)/python -m compileall -q nnjax scripts

.PHONY: demo gallery docs test test-all test-3.12 lint test-peers torture tpu-check bench clean

demo: .venv/installed
	$(BIN)/nnjax demo

# Every mistake that a loss curve can show, made on purpose and diagnosed.
gallery: .venv/installed
	$(BIN)/nnjax gallery

# The documentation as a site: site/index.html opens from the disk. A broken link or a public name without a page fails.
docs: .venv/installed-docs
	$(BIN)/python -m pytest tests/test_docs_links.py tests/test_docs_reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

test: lint
	@$(COMPILE)
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What is marked slow too, with programs compiled as users have them; then the quick tests by Python 3.12 and its JAX.
test-all: lint
	XLA_FLAGS= $(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or not slow" --hypothesis-profile=default
	@if $(PYTHON312) --version > /dev/null 2>&1; then $(MAKE) test-3.12; \
	  else echo "Python 3.12 is not here: only $$($(BIN)/python --version) was tested."; fi

test-3.12: .venv/installed-3.12
	.venv/3.12/bin/python -m pytest -n 2 --dist loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Against PyTorch too (a large download).
test-peers: .venv/installed-peers
	$(BIN)/python -m pytest -m peers

# Bad inputs and mutated files have to end in a sentence; real runs, killed and starved of disk at random moments and
# between any two files, have to lose nothing: an hour on two cores.
torture: .venv/installed-dev
	$(BIN)/python -m scripts.fuzz
	$(BIN)/python -m scripts.torture

# The compiler for TPUs (a large download), on a machine without one: writes docs/tpu.md.
tpu-check: .venv/installed-tpu
	.venv/tpu/bin/python -m scripts.tpu_check --out=docs/tpu.md
	JAX_PLATFORMS=cpu .venv/tpu/bin/python -m pytest -m tpu

# Some hours on two cores; NNJAX_DATA names the folder of Fashion-MNIST.
bench: .venv/installed-peers
	$(BIN)/python -m scripts.bench

.venv/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "nnjax needs Python 3.11 or newer, but $(PYTHON) is older: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/created pyproject.toml
	$(BIN)/pip install -q -e '.[tfds]'
	@$(COMPILE)
	@touch $@

.venv/installed-dev: .venv/created pyproject.toml
	$(BIN)/pip install -q -e '.[dev]'
	@$(COMPILE)
	@touch $@ .venv/installed

.venv/installed-3.12: .venv/created pyproject.toml
	$(PYTHON312) -m venv .venv/3.12
	.venv/3.12/bin/pip install -q -e '.[dev]'
	@touch $@

.venv/installed-docs: .venv/installed-dev
	$(BIN)/pip install -q -e '.[docs]'
	@touch $@

.venv/installed-peers: .venv/installed-dev
	$(BIN)/pip install -q -e '.[peers]'
	@touch $@

# In an environment of its own: where libtpu finds no TPU it says so at the start of every script.
.venv/installed-tpu: .venv/created pyproject.toml
	$(PYTHON) -m venv .venv/tpu
	@.venv/tpu/bin/pip install -q -e '.[dev,tpu]' \
	  || { echo "libtpu, which compiles for TPUs, cannot be had: Linux and a package index are needed." >&2; exit 2; }
	@touch $@

clean:
	rm -rf .venv runs site
