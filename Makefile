# Two commands: `make demo` and `make test`. Both set everything up first; the second time that is quick.
PYTHON ?= python3
VENV   ?= .venv
OUT    ?= out/demo
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test study setup lint clean

demo: setup
	$(BIN)/synth render --subjects 4 --avatars 8 --frames 24 --out $(OUT)
	$(BIN)/synth verify $(OUT)
	$(BIN)/synth view $(OUT) --to $(OUT)/contact-sheet.png
	@echo "Pictures: $(OUT)/contact-sheet.png"

test: setup
	$(BIN)/python -m pytest -q

study: setup
	$(BIN)/train compare --protocol all --seeds 3 --tables docs/study
	$(BIN)/synth report corpora --out docs/study

setup: $(STAMP)
	@$(BIN)/synth doctor

$(STAMP): pyproject.toml tests/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; install Python 3.11 or name one: make setup PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python has no venv module here; install it: apt-get install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tests/constraints.txt -e '.[train,export,dev]'
	$(BIN)/python -m pip check
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info
