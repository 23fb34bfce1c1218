# Two commands from a fresh checkout: `make demo` and `make test`. Both set up all they need, in the checkout.
# PYTHON=python3.12 chooses an interpreter; without it the first of CANDIDATES that will do is taken.
PYTHON ?=
CANDIDATES := python3 python3.13 python3.12 python3.11 python
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTEST_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE # the tests start hundreds of processes: what was compiled once is kept

# An environment whose Python is gone is made anew.
$(shell [ ! -e $(BIN)/pip ] || $(BIN)/python -c '' 2>/dev/null || rm -rf $(VENV))

.DEFAULT_GOAL := help
.PHONY: help demo screenshots install traces test check bench chaos lock licences clean browser
.NOTPARALLEL:

help: ## what can be typed here
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

# bin/pip is what `python -m venv` writes last: an interrupted one is made anew.
$(BIN)/pip:
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  found=$$python; "$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
	  echo "Making an environment in $(VENV) with $$python"; \
	  exec "$$python" -m venv --clear $(VENV); \
	done; \
	if [ -n "$$found" ]; then \
	  echo "$$found is new enough, but has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"; \
	else \
	  echo "mlcompare needs Python 3.11 or newer; none of these is: $(or $(PYTHON),$(CANDIDATES))"; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; \
	fi >&2; exit 1

# The locks are complete: nothing is resolved when they are installed, so no newer release can get in the way.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/pip
	@[ $(VENV)/.test -nt requirements/runtime.txt ] || lock=requirements/runtime.txt; \
	  $(BIN)/python requirements/installer.py --editable $$lock
	@touch $@

$(VENV)/.test: requirements/test.txt | $(BIN)/pip
	@$(BIN)/python requirements/installer.py requirements/test.txt
	@touch $@

demo: $(VENV)/.runtime ## train, log, start the bot and a local Slack page (ARGS=--once: do it and stop)
	@$(BIN)/python -m bot demo $(ARGS)

screenshots: $(VENV)/.test $(VENV)/.runtime browser ## take the pictures in README and docs anew, and the text beside them
	@$(BIN)/python tests/screenshots.py

install: $(VENV)/.runtime ## set up .venv/bin/mlcompare, to run it for real

traces: $(VENV)/.runtime ## add to it what sends traces to OTEL_EXPORTER_OTLP_ENDPOINT
	@$(BIN)/python requirements/installer.py requirements/otel.txt

browser: $(VENV)/.test
	@$(BIN)/python tests/browser.py

# The checks go on beside the tests, and are shown after them: mypy takes one processor for a minute.
test: $(VENV)/.test $(VENV)/.runtime browser ## every check and every test
	@$(MAKE) --no-print-directory check >$(VENV)/check.log 2>&1 & checks=$$!; trap 'kill $$checks' INT TERM; \
	  $(BIN)/python -m pytest $(PYTEST_ARGS); tests=$$?; \
	  wait $$checks; checks=$$?; cat $(VENV)/check.log; exit $$((tests || checks))

check: $(VENV)/.test $(VENV)/.runtime ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test $(VENV)/.runtime ## measure, as ratios against a bare client
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(VENV)/.test $(VENV)/.runtime ## kill the bot 200 times while runs end and Slack fails, and count (most of an hour)
	@$(BIN)/python -m tests.chaos $(ARGS)

lock: | $(BIN)/pip ## pin requirements/*.in anew, with hashes and no index named (ARGS=--upgrade: to the newest)
	@$(BIN)/python requirements/installer.py requirements/lock.txt
	cd requirements && for set in lock runtime otel test; do \
	  ../$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
	    --no-emit-index-url --no-emit-find-links --no-config --quiet $(ARGS) -o $$set.txt $$set.in || exit 1; done

licences: $(VENV)/.runtime ## write docs/licences.md anew, from what is installed
	@$(BIN)/python requirements/licences.py

clean: ## remove what the commands above made
	rm -rf $(VENV) .mlcompare .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
