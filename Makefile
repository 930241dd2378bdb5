# `make demo` runs the embedded default from nothing to figures; `make test` runs the tests
# but those that take minutes, `make test-long`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
CORES ?= $(shell nproc)
PYTHON := .venv/bin/python
SNAKEMAKE := .venv/bin/snakemake
# Prints the rules as they run, without their files and reasons (those are in .snakemake/log).
QUIETLY := --quiet rules host reason

.PHONY: demo test test-long test-slurm env lint docs docs-of-config envs report clean

demo: env
	$(SNAKEMAKE) --cores $(CORES) $(QUIETLY)
	$(MAKE) --no-print-directory report
	@echo
	@echo "figures      results/default/figures/"
	@echo "verdict      results/default/figures/verdict.html"
	@echo "explorer     results/default/figures/explorer.html"
	@echo "retrieval    results/default/diagnostics/retrieval.json"
	@echo "report       results/default/report/report.html"
	@echo "TensorBoard  .venv/bin/tensorboard --logdir results/default/tensorboard"

# The case whose report is made: `make report CONFIG=my-case.yaml`.
CONFIG ?= config/config.yaml
ifeq ($(origin CASE),command line)
$(error The case is known by its file: make report CONFIG=my-case.yaml)
endif
NAME := $(shell sed -n "s/^name: *[\"']*\([A-Za-z0-9._-]*\).*/\1/p" $(CONFIG))
RESULTS := results/$(or $(NAME),$(error $(CONFIG) is not the file of a case: it has no `name`))

report: $(RESULTS)/report/report.html

# A folder, and a zip of it to send: from within a report of one file browsers show no page of more
# than 2 MB, and the explorer is larger. It is remade when a figure is newer than it.
$(RESULTS)/report/report.html: $(wildcard $(RESULTS)/figures/*.png)
	$(SNAKEMAKE) --report $(RESULTS)/report.zip --configfile $(CONFIG) $(QUIETLY)
	$(PYTHON) -m zipfile -e $(RESULTS)/report.zip $(RESULTS)
	@touch $@

# The documentation's site, without a network: site/index.html.
docs: env
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet

# `make test MARKS="not slurm"` runs these and the long ones at once: what they share is made once.
MARKS ?= not slurm and not long
test: env
	.venv/bin/pytest -n $(CORES) --dist loadgroup -m "$(MARKS)"

test-long: env
	.venv/bin/pytest -n $(CORES) --dist loadgroup -m "long and not slurm"

# On Slurms that it starts for itself; skipped where Debian's slurm-wlm and munge (for the site with
# accounting slurmdbd and mariadb-server) are not installed. Three at once even on two cores: much of
# it is waiting, for Slurm counts in minutes.
test-slurm: env
	.venv/bin/pytest -n 3 --dist loadgroup -m slurm tests/slurm

env: .venv/synced

.venv/synced: pyproject.toml uv.lock
	uv=$$(envs/get-uv.sh | tail -n 1) && $$uv sync --locked --extra cpu
	@touch $@

lint: env
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(SNAKEMAKE) --lint
	.venv/bin/mypy

# What is generated from the configuration models and from the lock; tests hold both equal.
docs-of-config: env
	$(PYTHON) -m pluvial.case.documents

envs: env
	$(PYTHON) envs/from_lock.py

clean:
	rm -rf results .snakemake site
