# The two commands of the README: `make demo` and `make test`. Both bring their own environment.

VENV ?= .venv
BIN := $(VENV)/bin
EXAMPLE := examples/headline.json
FORMAT := gpt-4o

ifneq ($(shell command -v uv 2>/dev/null),)
create := uv venv --quiet --allow-existing --python '>=3.11' $(VENV)
install := uv pip install --quiet --python $(BIN)/python
else
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$python && break; done)
install := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# An older pip does not know --group.
create = $(or $(PYTHON),$(error Python 3.11 or newer is needed)) -m venv $(VENV) && \
	$(install) 'pip>=25.1'
endif

.DEFAULT_GOAL := help
.PHONY: help demo test opinions firm properties slow coverage bench formats fuzz lines building engines mutate check docs lock clean
.DELETE_ON_ERROR:

help:  ## list what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile

demo: $(VENV)/.base  ## a conversation as tokens, decoded back, and as a prompt
	@echo '# The conversation of $(EXAMPLE) as the tokens of $(FORMAT):'
	@$(BIN)/chatfmt show --format $(FORMAT) $(EXAMPLE)
	@echo '# Encoded, and decoded again:'
	@$(BIN)/chatfmt encode --format $(FORMAT) $(EXAMPLE) | $(BIN)/chatfmt decode --format $(FORMAT) -
	@echo '# As a prompt for the next reply:'
	@$(BIN)/chatfmt prompt --format $(FORMAT) $(EXAMPLE)

# One process for each core, up to eight; ARGS="-n 0" runs the tests in this one.
CORES := -n auto --maxprocesses 8 --dist loadgroup

test: $(VENV)/.test  ## the tests that take seconds
	@$(BIN)/python -m pytest -m 'not slow' $(CORES) $(ARGS)

slow: $(VENV)/.slow  ## the tests that take minutes
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'slow and not opinions' -o faulthandler_timeout=1800 \
		-n 2 --dist loadfile $(ARGS)

firm: $(VENV)/.test  ## the tests that say the same every time
	@$(BIN)/python -m pytest -m 'not slow and not hypothesis' $(CORES) $(ARGS)

# What stands around the core: 95 % of the branches of each, and all of them everywhere else.
OUTER := adapters commands corpus pretrained rollouts serve show templates web

# `firm` and `properties` are `make test` in halves: what draws at random says nothing firm about
# coverage.
coverage: $(VENV)/.test  ## the same as firm, and whether they reach every branch
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -m 'not slow and not hypothesis' $(CORES) $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@omit=$$(printf ',src/chatfmt/%s/*' $(OUTER)); $(BIN)/python -m coverage report --omit "$${omit#,}"
	@for folder in $(OUTER); do $(BIN)/python -m coverage report --fail-under 95 \
		--include "src/chatfmt/$$folder/*" || exit; done

opinions: $(VENV)/.opinions  ## compare with renderers that others have written by hand
	@CHATFMT_REQUIRE_HEAVY=1 $(BIN)/python -m pytest -m opinions tests/test_second_opinions.py \
		tests/serve/test_prime_library.py tests/serve/test_tinker_library.py $(ARGS)

properties: $(VENV)/.test  ## the tests that draw at random
	@$(BIN)/python -m pytest -m 'not slow and hypothesis' $(CORES) $(ARGS)

bench: $(VENV)/.bench  ## measure speed beside others, and write docs/performance.md
	@PYTHONPATH=tests $(BIN)/python -W ignore -m benchmarks $(ARGS)

formats: $(VENV)/.test  ## what published chat templates write, and what the rows of the table make of it
	@CHATFMT_SHARED=$${CHATFMT_SHARED:-../shared} $(BIN)/python conformance/layouts.py $(ARGS)

templates: $(VENV)/.test  ## import the public chat templates in the packages of a folder; ARGS=FOLDER
	@$(BIN)/python conformance/templates.py $(ARGS)

fuzz: $(VENV)/.fuzz  ## try for a minute to break it; ARGS="--seconds 3600" for an hour
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

lines: $(VENV)/.test  ## draw format lines until 100,000 are accepted: is what they write read back?
	@PYTHONPATH=tests $(BIN)/python -m fuzz.search $(ARGS)

building: $(VENV)/.test  ## draw 100,000 rows of every word: is each made or refused in seconds?
	@PYTHONPATH=tests $(BIN)/python -m fuzz.building $(ARGS)

engines: $(VENV)/.test  ## try every character: with which does the faster encoder split otherwise?
	@$(install) --editable '.[fast]'
	@$(BIN)/python -m fuzz.engines

mutate: $(VENV)/.mutate  ## change the core in a copy: does a test fail? takes long; ARGS="--sample 100" tries some
	@$(BIN)/python tests/mutate.py $(ARGS)

docs: $(VENV)/.docs  ## build the documentation into site/, without a warning or a dead link
	@$(BIN)/python docs/make_site.py

lock: $(VENV)/.lock  ## write requirements-dev.txt anew, from the newest versions
	@$(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate \
		--custom-compile-command 'make lock' pyproject.toml \
		$(addprefix --extra ,cli data fast hf jinja web) $(addprefix --group ,$(LOCKED_GROUPS)) \
		--output-file requirements-dev.txt

check: $(VENV)/.check  ## ruff and mypy --strict
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy --strict src tests $(wildcard benchmarks/*.py conformance/*.py examples/*.py fuzz/*.py)

clean:  ## remove the environment and what was built
	@rm -rf $(VENV) build dist site

# Each stamp is an environment that holds what pyproject.toml asks for. With LOCKED=1 it begins with
# the very files that requirements-dev.txt lists, so that what follows is there already; only the
# heavy ones of `make slow` and `make bench` are not among them.
LOCKED_GROUPS := test check docs fuzz mutate

$(VENV)/.base: pyproject.toml
	@echo 'Installing chatfmt into $(VENV) ...'
	@$(create)
ifneq ($(LOCKED),)
	@$(install) --require-hashes --requirement requirements-dev.txt
endif
	@$(install) --editable '.[cli]'
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@echo 'Installing what the tests need ...'
	@$(install) --editable '.[cli,data,fast,hf,jinja,web]' --group test
	@touch $@

$(VENV)/.slow: $(VENV)/.test
	@echo 'Installing what the slow tests need ...'
	@$(install) --editable '.[cli,data,fast,hf,jinja,ray,web]' --group slow
	@touch $@

$(VENV)/.opinions: $(VENV)/.test
	@echo 'Installing what others have written ...'
	@$(install) --group vocabularies --group opinions
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@echo 'Installing what is compared with ...'
	@$(install) --group bench
	@touch $@

$(VENV)/.fuzz: $(VENV)/.test
	@echo 'Installing the fuzzer ...'
	@$(install) --group fuzz
	@touch $@

$(VENV)/.mutate: $(VENV)/.test
	@echo 'Installing what changes the code ...'
	@$(install) --group mutate
	@touch $@

$(VENV)/.docs: $(VENV)/.test
	@echo 'Installing what draws the documentation ...'
	@$(install) --group docs
	@touch $@

$(VENV)/.lock: $(VENV)/.base
	@$(install) --group lock
	@touch $@

$(VENV)/.check: $(VENV)/.test
	@echo 'Installing ruff and mypy ...'
	@$(install) --group check
	@touch $@
