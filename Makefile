# Everything installs into .venv and .frugal in this checkout, once. `make` lists the commands.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up down test test-fast test-system test-engine test-days test-cloud \
	test-cost test-unit test-faults check bench lock base docs audit setup engine moved

# Compiled modules halve the time of each preview, and the user's own Python settings are not ours.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV
export UV_PYTHON_DOWNLOADS := never
# Networks that inspect TLS have their certificate in the system, where pip and Go look too.
export UV_SYSTEM_CERTS := true

UV := .frugal/uv/bin/uv
SYNC := $(UV) pip sync --quiet --require-hashes
# The apps with packages for tests are tested and checked; of the others only what is locked is
# renewed.
APPS := $(patsubst apps/%/requirements-dev.lock,%,$(wildcard apps/*/requirements-dev.lock))
LOCKED := $(filter $(patsubst %.in,%.lock,$(wildcard apps/*/requirements*.in)), \
	$(wildcard apps/*/requirements.lock) $(wildcard apps/*/requirements-dev.lock))
CODE := __main__.py $(filter-out apps/,$(wildcard */)) $(APPS:%=apps/%)
SAY_PACKAGES = echo "Installing the $$(grep -c '^[a-z].*==' $<) packages of $< into
NO_PACKAGES = { echo "Error: the packages of $@ could not be installed (the reason is above)." \
	"Check the network (HTTPS_PROXY) and the free space, then run the command again." >&2; exit 1; }

# Virtualenvs hold absolute paths: a checkout that was moved or copied is set up anew.
MOVED := $(shell [ "$$(cat .frugal/place 2>/dev/null)" = "$$(pwd -P)" ] || echo moved)

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

up: .venv/run.stamp ## Bring everything up on this machine; prints the addresses
	@.venv/bin/frugal up

down: .venv/run.stamp ## Take it down to nothing; YES=1 deletes rows unasked
	@.venv/bin/frugal down $(if $(YES),--yes)

test: .venv/dev.stamp engine $(APPS:%=.frugal/venvs/%/stamp) ## Run every test
	@$(MAKE) --no-print-directory --jobs $(LANES) test-system test-days test-engine test-cloud \
		$(APPS:%=test-%) test-cost test-unit

# Of an app without marked tests there would be none to run, which pytest calls a failure.
MARKED = $(patsubst apps/%/pyproject.toml,%,$(shell grep -ls '"unit:' apps/*/pyproject.toml))
test-fast: .venv/dev.stamp $(MARKED:%=.frugal/venvs/%/stamp) ## Run the tests without engine or servers
	@$(MAKE) --no-print-directory --jobs $(PROCESSORS) test-unit test-cost \
		$(MARKED:%=test-%) APP_TESTS="-m unit"

# One more at a time than processors: much of a lane is waiting, and with more of them what depends
# on time fails. The longest go first; the first shows how it goes, the others what they said.
PROCESSORS = $$(getconf _NPROCESSORS_ONLN)
LANES = $$(($(PROCESSORS) + 1))
PYTEST = .venv/bin/pytest $(PYTEST_ARGUMENTS)
THEN_SHOW = 2>&1); code=$$?; printf '%s\n' "== $@" "$$said"; exit $$code

# The tests of Azure's bad days mostly wait, so they have a lane of their own.
DAYS = tests/system/test_bad_days.py tests/engine/test_bad_days.py

test-system:
	@$(PYTEST) tests/browser tests/system $(DAYS:%=--ignore %)

test-days:
	@said=$$($(PYTEST) -q $(DAYS) $(THEN_SHOW)

test-engine test-cloud test-cost test-unit: test-%:
	@said=$$($(PYTEST) -q tests/$* $(DAYS:%=--ignore %) $(THEN_SHOW)

$(APPS:%=test-%): test-%:
	@said=$$(cd apps/$* && ../../.frugal/venvs/$*/bin/python -m pytest -q $(APP_TESTS) $(THEN_SHOW)

# Takes hours; `make test` does not run it. FAULTS="--parts kills --points 3" makes it smaller.
test-faults: .venv/dev.stamp engine .frugal/venvs/translator/stamp
	@.venv/bin/python -m tests.faults $(FAULTS)

check: .venv/dev.stamp $(APPS:%=.frugal/venvs/%/stamp) ## Check format, lint, docstrings and types
	@.venv/bin/ruff format --check --quiet $(CODE)
	@.venv/bin/ruff check --quiet $(CODE)
	@.venv/bin/python -m tools.docstrings
	@for folder in . $(APPS:%=apps/%); do .venv/bin/basedpyright --project "$$folder" || exit 1; done

bench: .venv/dev.stamp engine ## Measure; prints tables
	@.venv/bin/python -m benchmarks

setup: .venv/run.stamp engine ## Install what `make up` needs, and start nothing

lock: .frugal/uv.stamp ## Renew every lock file
	@set -e; uv="$$PWD/$(UV)"; compile() { echo "$$1/$$2.lock"; (cd "$$1"; shift; name=$$1; shift; \
		"$$uv" pip compile --quiet --universal --generate-hashes --no-header \
		--python-version 3.11 --upgrade "$$name.in" -o "$$name.lock" "$$@"); }; \
	for name in uv run go audit; do compile . requirements/$$name; done; \
	compile . requirements/dev -c requirements/run.lock; \
	for lock in $(LOCKED); do compile "$${lock%/*}" "$$(basename "$$lock" .lock)"; done

base: .venv/run.stamp ## Renew the digests of the base images
	@.venv/bin/python -m tools.base_images

docs: .venv/run.stamp engine ## Renew the tables and bills of the documentation
	@.venv/bin/python -m tools.docs

audit: .frugal/venvs/audit/stamp ## Look up known vulnerabilities of what the lock files name
	@.frugal/venvs/audit/bin/python -m tools.audit

engine: .venv/run.stamp
	@.venv/bin/python -m frugal.local.engine

moved:
	@[ ! -e .frugal/place ] || echo "This checkout was in $$(cat .frugal/place): setting it up anew"
	@rm -rf .venv .frugal/bin .frugal/go .frugal/uv .frugal/venvs

# Kept back until it is known to be a failure: interrupted, both show a traceback.
.frugal/uv.stamp: requirements/uv.lock tools/python.sh $(MOVED)
	@python=$$(tools/python.sh) && mkdir -p .frugal || exit 1; echo "Installing uv"; \
	trap 'echo "Stopped. Run the command again and it goes on." >&2; exit 130' INT; \
	( "$$python" -m venv --clear .frugal/uv && \
	.frugal/uv/bin/python -m pip install --quiet --disable-pip-version-check --retries 2 \
		--only-binary :all: --require-hashes -r requirements/uv.lock ) >.frugal/uv.log 2>&1 || \
	{ cat .frugal/uv.log >&2; $(NO_PACKAGES); }
	@pwd -P > .frugal/place
	@touch $@

# frugal itself is installed in place; uv builds that without a network.
INSTALL = [ -x .venv/bin/python ] || $(UV) venv --quiet --python .frugal/uv/bin/python .venv; \
	$(SYNC) --python .venv/bin/python $< || $(NO_PACKAGES); \
	$(UV) pip install --quiet --offline --no-deps --python .venv/bin/python --editable .

.venv/run.stamp: requirements/run.lock pyproject.toml .frugal/uv.stamp
	@$(SAY_PACKAGES) .venv"
	@set -e; $(INSTALL)
	@rm -f .venv/dev.stamp
	@touch $@

# The same versions and more, so that it serves `make up` too.
.venv/dev.stamp: requirements/dev.lock pyproject.toml .frugal/uv.stamp
	@$(SAY_PACKAGES) .venv"
	@set -e; $(INSTALL)
	@touch .venv/run.stamp $@

# An environment of its own for each app, and for the auditor.
define VENV
@$(SAY_PACKAGES) $(@D)"
@set -e; $(UV) venv --quiet --clear --python .frugal/uv/bin/python $(@D); \
$(SYNC) --python $(@D)/bin/python $< || $(NO_PACKAGES)
@touch $@
endef

.frugal/venvs/%/stamp: apps/%/requirements-dev.lock .frugal/uv.stamp
	$(VENV)

# An app with the packages of its image alone, for `frugal export`.
.frugal/venvs/%-run/stamp: apps/%/requirements.lock .frugal/uv.stamp
	$(VENV)

.frugal/venvs/audit/stamp: requirements/audit.lock .frugal/uv.stamp
	$(VENV)
