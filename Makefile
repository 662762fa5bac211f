# jetloom: `make demo` and `make test` set up everything they need, in .venv of this checkout.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK ?= requirements.lock
CORES ?= 2
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup demo test test-slurm test-condor lint bench lock clean help

help:
	@echo "make demo   set up, run the demonstration (a scan on simulated jets), write report.html"
	@echo "make test   set up, check style and types, run all tests"
	@echo "make test-slurm   install and start a real one-node Slurm, run the tests on it (root, Debian 12)"
	@echo "make test-condor  the same with HTCondor"
	@echo "make setup  set up only; then: source $(VENV)/bin/activate"
	@echo "make bench  measure speed and memory, print the table"
	@echo "make lock   resolve the dependencies anew"

setup: $(VENV)/.complete

$(VENV)/.complete: $(LOCK) envs/bootstrap.lock pyproject.toml envs/set_up.py
	$(PYTHON) envs/set_up.py $(VENV) $(LOCK)

demo: setup
	snakemake --profile local --cores $(CORES)
	snakemake --profile local --report report.html
	jetloom summary --config config/config.yaml --report report.html

lint: setup
	ruff check .
	ruff format --check src tests bench envs
	mypy
	snakefmt --check Snakefile rules workflow
	snakemake --lint

test: setup lint
	python -m pytest -n $(CORES) --dist loadgroup

# Real daemons, and faults thrown at them. They install what they need; a cluster that does not start is a failure.
test-slurm: setup
	python -m pytest -n $(CORES) tests/clusters/slurm_tests

test-condor: setup
	python -m pytest -n $(CORES) tests/clusters/condor_tests

bench: setup
	python -m bench

# The locks hold hashes for every platform and no address of any index.
lock:
	uv pip compile pyproject.toml --extra cpu --extra jax --extra peers --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra gpu --extra peers --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o envs/gpu.lock
	echo uv | uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o envs/bootstrap.lock

clean:
	rm -rf $(VENV) .snakemake results report.html
