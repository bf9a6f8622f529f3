# Set-up, demonstration and checks. Needs Python 3.11 or newer, git and make; `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
VAR_DIR ?= var
SERVE ?= 1
WORKERS ?= 2
# 0: test-slow leaves out hundreds of kills and races, which take longer than a change should wait.
ENDURANCE ?= 1
# A folder: the tests leave their results there, and validation writes them beside the requirements.
RESULTS ?=
REPORT ?= per-protocol
SITE ?= STL
REPORT_DIR ?= $(VAR_DIR)/report

# With no home directory the tools' caches stay inside the clone.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.cache/home
endif
# Where the system keeps certificates, as behind a company's proxy, the tools that bring their own trust these too.
SYSTEM_CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(SYSTEM_CERTIFICATES),)
export SSL_CERT_FILE ?= $(SYSTEM_CERTIFICATES)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_CERTIFICATES)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1
export VAR_DIR

PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
PYTEST := $(PY) -m pytest
# The name's own program is run, since a version manager may put names on PATH that refuse to start.
FIND_PYTHON := for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done
# uv is fast; pip, which reads pip's own configuration, is asked when uv cannot reach an index.
INSTALL = $(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r $(1) \
	|| $(PY) -m pip install --quiet --require-hashes -r $(1)

COVERAGE := $(PY) -m coverage
# The tests that walk the modules which trust rests on (named in pyproject.toml); what sweeps every table and every
# address for the same code, and what races, takes minutes and adds no branch.
WALKED := tests/trial/audit tests/trial/signatures tests/trial/locks tests/audit/test_routes.py tests/trial/test_kept_from.py \
	tests/trial/participants/test_signatures.py tests/trial/participants/test_unsigned.py \
	tests/reports/test_signatures.py tests/reports/test_freeze.py \
	--ignore-glob='*/test_triggers.py' --ignore-glob='*/test_race.py'
RESULT = $(if $(RESULTS),--junit-xml=$(RESULTS)/$(1).xml)
SHORT := $(if $(filter 0,$(ENDURANCE)), and not endurance)

VENV_READY := $(VENV)/.ready-venv
RUNTIME_READY := $(VENV)/.ready-runtime
DEV_READY := $(VENV)/.ready-dev
NODE_READY := node_modules/.ready
REPORT_READY := $(REPORT_DIR)/.ready
CODE := trial infusion assessments imaging reports tests tools manage.py

.PHONY: help install demo prepare report serve test test-slow test-services lint migrations coverage bench config validation lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

$(VENV_READY): requirements/uv.txt
	@python="$$($(FIND_PYTHON))"; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 or newer with its venv module was found." \
			"Install one (Debian: apt-get install python3 python3-venv) and run make again." >&2; exit 1; \
	fi; \
	[ -x $(PY) ] || "$$python" -m venv $(VENV)
	@$(PY) -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(RUNTIME_READY): $(VENV_READY) requirements/runtime.txt
	@echo "Installing the Python packages"
	@$(call INSTALL,requirements/runtime.txt)
	@touch $@

$(DEV_READY): $(RUNTIME_READY) requirements/dev.txt
	@echo "Installing the packages for tests and checks"
	@$(call INSTALL,requirements/dev.txt)
	@touch $@

# Of each package only the minified file and its source map are served.
$(NODE_READY): package.json package-lock.json .npmrc requirements/node.txt | $(VENV_READY)
	@echo "Installing the style sheets and charts"
	@command -v npm >/dev/null 2>&1 || { $(call INSTALL,requirements/node.txt); }
	@PATH="$$PATH:$(abspath $(VENV))/bin" npm ci --ignore-scripts --loglevel=error
	@find node_modules/@tabler/core/dist node_modules/uplot/dist -type f \
		! -name 'tabler.min.css*' ! -name 'tabler.min.js*' ! -name 'uPlot.iife.min.js' ! -name 'uPlot.min.css' -delete
	@touch $@

install: $(RUNTIME_READY) $(NODE_READY) ## install what the site needs into this folder

prepare: install
	@$(MANAGE) bootstrap
	@$(MANAGE) load_cohort

report: prepare ## write the per-protocol report from the data as they are now
	@$(MANAGE) build_report $(REPORT) --site $(SITE) --out $(REPORT_DIR) --ordered-by pi

# The demo's data are the same in every run, so its report is written again only when the program has changed.
$(REPORT_READY): $(RUNTIME_READY) $(shell git ls-files -- trial infusion assessments imaging reports 2>/dev/null) | prepare
	@if $(MANAGE) build_report $(REPORT) --site $(SITE) --out $(REPORT_DIR) --ordered-by pi; then touch $@; \
	elif [ "$(SERVE)" = 0 ]; then exit 1; \
	else echo "The site is served all the same."; fi

demo: prepare $(REPORT_READY) ## load the demo trial, write its report, serve the site (SERVE=0 stops after the report)
	@echo "The report is on the site under Reports and in $(REPORT_DIR)/ (make report writes it again)."
ifneq ($(SERVE),0)
	@exec $(MANAGE) up
endif

serve: install ## serve the site with the data it has
	@$(MANAGE) bootstrap
	@exec $(MANAGE) up

test: $(DEV_READY) $(NODE_READY) ## tests on SQLite, then those of the database again on PostgreSQL
	@$(PY) -m tests.engines versions
	$(PYTEST) -n $(WORKERS) $(call RESULT,sqlite) -m "not slow and not services"
	$(PY) -m tests.engines postgres -- $(PYTEST) -n $(WORKERS) $(call RESULT,postgresql) -m "db_engine and not slow and not browser and not services"

test-slow: $(DEV_READY) $(NODE_READY) ## the long tests, on both engines
	$(PYTEST) -n $(WORKERS) $(call RESULT,slow-sqlite) -m "slow and not services$(SHORT)"
	$(PY) -m tests.engines postgres --durable -- $(PYTEST) -n $(WORKERS) $(call RESULT,slow-postgresql) -m "db_engine and slow and not browser and not services$(SHORT)"

test-services: $(DEV_READY) $(NODE_READY) ## tests with PostgreSQL, Redis and RabbitMQ
	$(PY) -m tests.engines postgres redis rabbitmq -- $(PYTEST) -m "services"

coverage: $(DEV_READY) $(NODE_READY) ## every branch of permissions, audit, signatures and locks, on both engines
	@rm -rf $(VAR_DIR)/coverage
	$(COVERAGE) run -m pytest -n $(WORKERS) -m "not slow" $(WALKED)
	$(PY) -m tests.engines postgres -- $(COVERAGE) run -m pytest -n $(WORKERS) -m "db_engine and not slow" $(WALKED)
	@$(COVERAGE) combine --quiet
	$(COVERAGE) report

lint: $(DEV_READY) ## style, traps of security, types
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive $(filter-out tests,$(CODE))
	$(VENV)/bin/mypy

migrations: $(RUNTIME_READY) ## fail when a model change has no migration
	$(MANAGE) makemigrations --check --dry-run

bench: $(DEV_READY) $(NODE_READY) ## time the set-up and the pages of a demo site
	$(PY) -m tests.bench

config: $(RUNTIME_READY) ## write docs/configuration.md from the settings
	$(PY) -m tools.configuration

validation: $(DEV_READY) ## write docs/validation/matrix.md; with RESULTS=folder its matrix.md with what passed
	$(PY) -m tools.validation $(if $(RESULTS),--results $(RESULTS)/*.xml --out $(RESULTS)/matrix.md)

lock: $(VENV_READY) ## resolve the pinned, hashed requirements again
	@for set in "runtime:" "dev:--extra dev -c requirements/runtime.txt"; do \
		$(VENV)/bin/uv pip compile pyproject.toml $${set#*:} --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate --no-emit-index-url --quiet -o requirements/$${set%%:*}.txt; \
	done

clean: ## remove everything that make created, the demo data included
	rm -rf $(VENV) node_modules $(VAR_DIR) .cache
