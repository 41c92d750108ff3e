# `make demo` and `make test` each work alone on a fresh clone: they make .venv and install the locked packages first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint examples bench bench-measuring bench-truth bench-language fuzz fuzz-bytes lock clean
.DELETE_ON_ERROR:

demo: $(READY)
	$(BIN)/tenet run examples/pirate/pirate.tenet

test: $(READY) lint
	$(BIN)/pytest -q -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Tenet needs Python 3.11 or later; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# Run every example and keep what it prints. A finding (exit 1) is part of the output and stops nothing.
VOICES := sarcastic caring casual protective poetic
examples: $(READY)
	$(BIN)/tenet run examples/pirate/pirate.tenet > examples/pirate/output.txt || [ $$? -eq 1 ]
	$(BIN)/tenet run examples/harbor/harbor.tenet > examples/harbor/output.txt || [ $$? -eq 1 ]
	$(BIN)/tenet run examples/own-data/harbour-desk.tenet 2>&1 | grep -v -E '^(generate|train|measure) ' > examples/own-data/output.txt
	for voice in $(VOICES); do $(BIN)/tenet run examples/five-voices/$$voice.tenet || [ $$? -eq 1 ] || exit $$?; done
	$(BIN)/tenet diff $(VOICES:%=examples/five-voices/%.tenet) > examples/five-voices/output.txt || [ $$? -eq 1 ]
	for voice in $(VOICES); do echo "Can a hairpin open a mailbox?" | $(BIN)/tenet chat examples/five-voices/$$voice.tenet --arm adapter; done >> examples/five-voices/output.txt

bench: $(READY)
	$(BIN)/python -m benchmarks.commands
	$(BIN)/python -m benchmarks.generation

# Answers that a verdict needs, asked until it stands beside a fixed number; on simulated subjects and on what nano did.
bench-measuring: $(READY)
	$(BIN)/tenet run examples/harbor/harbor.tenet > /dev/null || [ $$? -eq 1 ]
	for run in runs/harbor-*/; do $(BIN)/python -m benchmarks.measuring build/harbor $$run || exit $$?; done

# Whether intervals hold the truth and verdicts are true, on answers that nano's world labels: over an hour of one core.
TIMES ?= 300
bench-truth: $(READY)
	$(BIN)/python -m benchmarks.ground_truth --times $(TIMES)

# The language beside BAML and Cedar; a peer that is not installed is left out.
bench-language: $(READY)
	$(BIN)/python -m benchmarks.language

# Inputs as large as they may be, then a million of all kinds: about an hour on two cores. INPUTS=20000 is a look.
INPUTS ?= 1000000
fuzz: $(READY)
	$(BIN)/python -m tests.spec.traps
	$(BIN)/python -m tests.spec.fuzz --inputs $(INPUTS)

# Bytes that libFuzzer finds, by atheris, which has to be installed: BYTES inputs for each target.
BYTES ?= 20000
fuzz-bytes: $(READY)
	$(BIN)/python -m tests.spec.fuzz_bytes --inputs $(BYTES)

# Write requirements.lock anew from what is installed. torch is written without its build (+cpu, +cu130), which the machine chooses.
lock: $(READY)
	@{ sed -n '/^#/p' requirements.lock; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean:
	rm -rf $(VENV) build runs dist
