# Commands for developers and visitors. Everything is installed in .venv; uv is optional.

VENV := .venv
BIN := $(VENV)/bin
# Stamps of the installed dependencies: the bot, plus the demo, plus the development tools.
INSTALLED := $(VENV)/.installed
DEMONSTRABLE := $(VENV)/.installed-demo
DEVELOPED := $(VENV)/.installed-dev
# The tool that makes the site of docs/, apart from all others.
SITE := .venv-site
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)

# Without cached bytecode every test process would compile all modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo install run test postgresql faults soak played-days bench lint check campaign write-campaign fuzz picture format docs site \
	messages lock metrics advisories locked sbom wheel deb container packages clean
help:
	@echo "make demo    run the demo and print its address"
	@echo "make install install what the bot needs into .venv, and nothing else"
	@echo "make run     run the bot with the settings in .env"
	@echo "make test    run the tests, those that failed last time first; some of them:"
	@echo "               FILE=tests/health/test_monitor.py   these files, folders or single tests (tests/test_cli.py::test_...)"
	@echo "               CHANGED=1                 those that what is not committed can touch"
	@echo "               CHANGED=origin/main       those that the change since then can touch"
	@echo "               CLOCK_SEED=7              at another time in another zone, by this number"
	@echo "make postgresql  run with PostgreSQL what depends on the database most, or FILE=; TEST_DATABASE=postgresql"
	@echo "               before make faults, soak, played-days, campaign or write-campaign has them use it too"
	@echo "make faults  fifty kills, a dozen kills amid writes, and some simulated weeks"
	@echo "make played-days  play calls of known truth and write docs/played-days.md (CALLS=10000 SEED=1)"
	@echo "make soak    live through simulated weeks and write docs/soak.md (WEEKS=12 SEED=1)"
	@echo "make bench   measure, and write the tables of docs/benchmarks.md (ONLY=commands RUNS=3)"
	@echo "make metrics print figures of the source: widths, lengths, words, wiring (TREE=/path for another checkout)"
	@echo "make lint    format, lint, types, import rules, dead code, dependencies"
	@echo "make check   the same, the tests, the faults, and the site"
	@echo "make locked  check the lock files, without the internet"
	@echo "make sbom    write dist/mikopbx-bot.cdx.json: every package of the program, as CycloneDX"
	@echo "make advisories  ask what is publicly known of the versions in the lock files (needs the internet)"
	@echo "make format  put the code into shape"
	@echo "make docs    write into the documents what the program knows: commands, settings, metrics, errors"
	@echo "make site    make the site of docs/ in the folder site; a wrong link fails it"
	@echo "make messages  extract the texts and update the catalogues of translations"
	@echo "make campaign  kill the bot KILLS=1000 times amid every fault, by SEED=1, and audit its books"
	@echo "make write-campaign  kill the bot KILLS=200 times in the middle of writes, by SEED=1"
	@echo "make fuzz    ask a PBX that answers CASES=100000 kinds of garbage, by SEED=1"
	@echo "make wheel   build dist/*.whl, which pipx installs"
	@echo "make deb     build dist/*.deb for the release of Debian on this machine"
	@echo "make container  build the image mikopbx-bot with podman or docker"
	@echo "make packages  build, install and run wheel, deb and container (root, podman, buildah, debootstrap)"
	@echo "make picture take the README's picture anew (needs Chromium)"
	@echo "make lock    write the lock files anew (needs uv)"

# $(1) is the lock file, $(2) the text printed first, $(3) the module to load. Only modules that the bot loads are
# compiled: compiling all takes longer than the download, and a third more space. uv behaves the same. So are templates:
# where the bot may not write beside them, each start would compile those that it shows.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing $(2), once. 1/3: download of $$(grep -c == $(1)) packages named in $(1), by their hashes"
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes -r $(1) && \
		echo "2/3: the bot itself" && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps -e .; \
	else \
		"$(PYTHON)" -m venv $(VENV) && \
		$(BIN)/python -m pip uninstall --quiet --yes setuptools && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1) && \
		echo "2/3: the bot itself" && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -e .; \
	fi
	@echo "3/3: compiling what it loads, so that it starts at once"
	@$(BIN)/python -c "import bot.app.application, $(3), matplotlib.backends.backend_agg; \
		from bot.messages.renderer import Renderer; Renderer('ru').compile_all()"
endef

# With every extra, as the bot has always been installed from its source: an update takes away no charts and no PostgreSQL.
$(INSTALLED): requirements-full.lock pyproject.toml
	$(call install,$<,the bot with charts and PostgreSQL into $(VENV),bot.health.endpoints)
	@touch $@

# Also where more is installed already.
$(DEMONSTRABLE): requirements-demo.lock pyproject.toml
	$(call install,$<,the bot and the demo into $(VENV),bot.demo.launcher)
	@touch $@

$(DEVELOPED): requirements-dev.lock requirements-demo.lock requirements-full.lock pyproject.toml
	$(call install,$<,the bot and the developers' tools into $(VENV),bot.demo.launcher)
	@touch $(INSTALLED) $(DEMONSTRABLE) $@

# From the command line only: desktops also set LANGUAGE, to lists of locales.
DEMO_LANGUAGE = $(if $(findstring command,$(origin LANGUAGE)),--language $(LANGUAGE))
demo: $(DEMONSTRABLE)
	@$(BIN)/mikopbx-bot demo $(if $(PORT),--port $(PORT)) $(if $(PBXS),--pbxs $(PBXS)) $(if $(DIALECT),--dialect $(DIALECT)) $(DEMO_LANGUAGE)

install: $(INSTALLED)

run: $(INSTALLED)
	@$(BIN)/mikopbx-bot run

# The fault tests mostly wait, so lint runs beside them.
check: $(DEVELOPED)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint faults site
	@$(MAKE) --no-print-directory test

# Last failures first. A named selection includes long tests; a single file runs in one process, which is done before
# five have started.
PLAY := $(BIN)/pytest --failed-first --dist worksteal -n
# Beside four others on a machine with other work, the program or a stand-in may stand still for seconds. What failed is
# played once more, alone, with the same seeds; what is wrong fails again.
ALONE := $(BIN)/pytest --last-failed --last-failed-no-failures none --exitfirst --randomly-seed last -n 0 -m "not long"
ONE_FILE = $(and $(filter 1,$(words $(FILE))),$(findstring .py,$(FILE)))
test: $(DEVELOPED)
ifdef FILE
	CASES=all $(PLAY) $(or $(WORKERS),$(if $(ONE_FILE),0,5)) $(FILE)
else ifdef CHANGED
	@touched=$$($(BIN)/python -m tests.changed $(filter-out 1,$(CHANGED))) || exit; \
	if [ -n "$$touched" ]; then $(PLAY) $(or $(WORKERS),5) -m "not long" $$touched; fi
else
	$(PLAY) $(or $(WORKERS),5) -m "not long" || $(ALONE)
	@$(MAKE) --no-print-directory postgresql
endif

# What depends on the database most; the tests of the store themselves play on both.
ON_POSTGRESQL := tests/end_to_end tests/handlers/recovery tests/handlers/dispatch/test_forged_updates.py
HAS_POSTGRESQL := from tests.fixtures import postgresql; raise SystemExit(not postgresql.is_available())
postgresql: $(DEVELOPED)
	@if $(BIN)/python -c "$(HAS_POSTGRESQL)"; then \
		export TEST_DATABASE=postgresql; \
		$(PLAY) $(or $(WORKERS),5) -m "not long" $(or $(FILE),$(ON_POSTGRESQL)) || \
			$(ALONE) $(or $(FILE),$(ON_POSTGRESQL)); \
	else \
		echo "PostgreSQL is not installed: what depends on it was not tested; CI does"; \
	fi

# Run alone: beside other tests the program would wait for the machine, not for the injected faults.
faults: $(DEVELOPED)
	$(BIN)/pytest -n 4 --dist worksteal -m long

soak: $(DEVELOPED)
	$(BIN)/python -m tests.soak $(or $(WEEKS),12) $(or $(SEED),1)

played-days: $(DEVELOPED)
	$(BIN)/python -m tests.played_days $(or $(CALLS),10000) $(or $(SEED),1)

bench: $(DEVELOPED)
	$(BIN)/python -m tests.benchmarks --runs $(or $(RUNS),3) $(if $(ONLY),--only $(ONLY))

metrics: $(DEVELOPED)
	@$(BIN)/python -m tests.metrics $(TREE)

lint: $(DEVELOPED)
	nice $(BIN)/ruff format --check .
	nice $(BIN)/ruff check .
	nice $(BIN)/mypy
	nice $(BIN)/lint-imports
	nice $(BIN)/vulture
	nice $(BIN)/deptry .

campaign: $(DEVELOPED)
	$(BIN)/python -m tests.campaign --kills $(or $(KILLS),1000) --seed $(or $(SEED),1) --jobs 3 --report

write-campaign: $(DEVELOPED)
	EVERY_MOMENT=1 $(BIN)/pytest tests/handlers/recovery/test_killed.py
	$(BIN)/python -m tests.campaign_writes $(or $(KILLS),200) $(or $(SEED),1)

# The nightly number of cases; the ordinary tests run some hundreds of them.
fuzz: $(DEVELOPED)
	FUZZ_CASES=$(or $(CASES),100000) FUZZ_SEED=$(or $(SEED),1) $(BIN)/pytest -n $(or $(WORKERS),4) tests/fuzz

picture: $(DEVELOPED)
	SCREENSHOT=$(CURDIR)/docs/demo.png $(BIN)/pytest tests/end_to_end/operation/test_newcomer.py

format: $(DEVELOPED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEVELOPED)
	@$(BIN)/python -m tests.documents

$(SITE)/.installed: .ci/mkdocs-material.lock
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(SITE) && \
		VIRTUAL_ENV=$(SITE) uv pip install --quiet --require-hashes -r $<; \
	else \
		"$(PYTHON)" -m venv $(SITE) && \
		$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; \
	fi
	@touch $@

# With --quiet nothing would count as a warning. The variable spares an advertisement of the theme's.
site: $(SITE)/.installed
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict
	@! grep -rlE '<(script|link)[^>]*="https?://[^"]*\.(js|css|woff2?)' site --include='*.html' || \
		{ echo "These pages load something from the internet" >&2; exit 1; }
	@echo "Open site/index.html"

messages: $(DEVELOPED)
	@$(BIN)/python -m tests.catalogue

# Check the locked versions for published vulnerabilities; fails when a query fails.
advisories:
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && "$(PYTHON)" -m venv "$$tools" && \
	"$$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r .ci/pip-audit.lock && \
	"$$tools/bin/pip-audit" --strict --disable-pip --require-hashes -r requirements.lock && \
	"$$tools/bin/pip-audit" --strict --disable-pip --require-hashes -r requirements-dev.lock

# The development lock first: it is the largest, and its versions constrain the others.
# Wheels only: to install a source distribution is to run it.
LOCKED := --universal --python-version 3.11 --generate-hashes --only-binary :all: --emit-build-options --no-header --quiet
COMPILE := uv pip compile pyproject.toml $(LOCKED)
lock:
	$(COMPILE) --all-extras --group dev --upgrade --output-file requirements-dev.lock
	$(COMPILE) --extra charts --extra postgresql --constraint requirements-dev.lock --output-file requirements-full.lock
	$(COMPILE) --extra charts --extra demo --constraint requirements-dev.lock --output-file requirements-demo.lock
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock
	for tool in uv pip-audit cyclonedx-bom mkdocs-material; do echo $$tool | uv pip compile - $(LOCKED) --upgrade \
		--output-file .ci/$$tool.lock; done

locked: $(DEVELOPED)
	@$(BIN)/python -m tests.locked

# The tool is installed once, then no internet is needed.
SBOM := $(VENV)/sbom
$(SBOM)/.installed: .ci/cyclonedx-bom.lock
	@"$(PYTHON)" -m venv $(SBOM)
	@$(SBOM)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
sbom: $(SBOM)/.installed
	@mkdir -p dist
	@PYTHONWARNINGS=ignore::UserWarning $(SBOM)/bin/cyclonedx-py requirements requirements-full.lock --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-file dist/mikopbx-bot.cdx.json

wheel: $(DEVELOPED)
	@$(BIN)/python -m hatchling build -t wheel -d dist

deb:
	@deploy/debian/build dist

# As root, with podman, buildah and debootstrap: builds and runs all of them in a Debian made for that.
packages: $(DEVELOPED)
	PACKAGES_TEST=required $(BIN)/pytest tests/packages

BUILDER ?= $(shell command -v podman || command -v docker)
container:
	@test -n "$(BUILDER)" || { echo "podman or docker is needed" >&2; exit 1; }
	$(BUILDER) build --file Containerfile --tag mikopbx-bot --build-arg COMMIT=$$(git rev-parse --short=8 HEAD) .

clean:
	rm -rf $(VENV) $(SITE) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
