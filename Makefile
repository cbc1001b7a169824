# make run   start the console         make test    every test, browser included
# make check lint and types            make prove   the long proofs at full count
# make bench what is measured          make screenshots  pictures of every page
# make lock  constraints.txt anew, after a change of requirements.txt or requirements-dev.txt

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT :=
ONLY ?=
EVENTS ?=

.PHONY: run test check prove bench screenshots lock clean-venv

# The console takes its port from the settings, unless `make run PORT=8600` says it; settings that are wrong it names
# itself. A shell acts on a signal only between two programs, so the console runs beside it and is told of SIGTERM; one
# that was asked to end has not failed.
run: export SIGNALBOX_PORT := $(or $(PORT),$(SIGNALBOX_PORT))
run: $(VENV)/.installed
	@trap 'trap "" INT TERM; kill $$! 2>/dev/null; wait; exit 0' INT TERM; \
		port=$$($(BIN)/python -c 'from data import settings; print(settings.load().port)' 2>/dev/null); \
		FORWARDED_ALLOW_IPS="$(FORWARDED_ALLOW_IPS)" \
		$(BIN)/streamlit run streamlit_app.py --server.address 127.0.0.1 --server.port $${port:-8501} & wait $$!

# Programs that tests start would each compile anew what they import, where nothing compiled may be kept.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/squawk migrations/2*.sql

prove: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -o faulthandler_timeout=3600 tests/proofs

bench: $(VENV)/.installed-dev
	EVENTS="$(EVENTS)" $(BIN)/python -m tests.benchmarks $(ONLY)

screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.screenshots

# An environment of its own says what the direct pins bring along today. `make lock PYTHON=python3.11`: the oldest Python
# that the console runs on needs the most.
lock:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	cp requirements-dev.txt $(VENV)-lock
	sed '/^-c /d' requirements.txt > $(VENV)-lock/requirements.txt
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check -r $(VENV)-lock/requirements-dev.txt
	sed '/^[^#]/d' constraints.txt > $(VENV)-lock/constraints.txt
	$(VENV)-lock/bin/python -m pip freeze --disable-pip-version-check >> $(VENV)-lock/constraints.txt
	mv $(VENV)-lock/constraints.txt constraints.txt
	rm -rf $(VENV)-lock

$(VENV)/.installed: requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(VENV)/.installed $@
