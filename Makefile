# make help lists the targets.

SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w \
	-X github.com/prometheus/common/version.Version=$(VERSION) \
	-X github.com/prometheus/common/version.Revision=$(shell git rev-parse HEAD 2>/dev/null) \
	-X github.com/prometheus/common/version.Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)

# Tools are pinned in a module of their own, so that their hundreds of
# dependencies do not choose the versions of ours.
TOOL := go tool -modfile=tools/go.mod

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the program into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/lostorder ./cmd/lostorder

# An OCI archive, without a container engine. Two builds of one commit have the same digest.
.PHONY: image
image: ## Build the container image into dist/, as an OCI archive
	cd build && go run ./image --source=.. --version=$(VERSION) --output=../dist/lostorder-$(VERSION).oci.tar

.PHONY: demo
demo: ## Break a demo shop in every known way and watch lostorder find it
	go run ./cmd/lostorder demo

# Faults are mostly waiting for servers, so the parsers are fed with random input meanwhile.
.PHONY: test
test: root vet lint integration hostile ## All checks and tests, with real servers that it installs and starts itself
	$(MAKE) --jobs=2 --output-sync=none faults fuzz
	$(MAKE) modules test-kubernetes

# Said at once, and not after everything else.
.PHONY: root
root:
	@[ "$(SKIP_KUBERNETES)" ] || [ "$$(id -u)" = 0 ] || { \
		echo "the tests on a node of Kubernetes need root: run make test as root, or leave them out with SKIP_KUBERNETES=1"; exit 1; }

.PHONY: vet
vet: ## go vet
	go vet ./...
	go vet -tags=integration ./...

.PHONY: lint
lint: ## golangci-lint, the language of docs, comments and messages, and known vulnerabilities where their database can be reached
	$(TOOL) golangci-lint run --build-tags=integration ./...
	go test ./internal/prose
	@if curl --silent --fail --max-time 10 --output /dev/null https://vuln.go.dev/index/db.json; then $(TOOL) govulncheck ./...; \
		else echo "govulncheck is left out: https://vuln.go.dev cannot be reached"; fi

# SQLite is C that was translated to Go: the race detector's checks of its pointers are most of what the tests would need.
RACE = -race -gcflags=modernc.org/sqlite/lib=-d=checkptr=0

# With the race detector, every test binary and every lostorder that a test starts sleeps for a second at its end. This
# shortens it.
export GORACE = atexit_sleep_ms=50

# Runs "go test" and repeats failed tests alone, at most twice, because a test may fail on a busy machine. The summary
# names every failure, also of tests that passed when repeated. A data race is not repeated.
TESTS = $(TOOL) gotestsum --format=pkgname-and-test-fails --rerun-fails=2 --rerun-fails-max-failures=20 \
	--rerun-fails-run-root-test --rerun-fails-abort-on-data-race --hide-summary=skipped

.PHONY: unit
unit: ## Tests that need no server
	$(TESTS) --packages=./... -- $(RACE) -timeout=30m

# The slowest packages come first, so that none runs alone at the end. Two packages at once with six tests each keep two
# cores busy. With more, tests wait for the CPU and fail on their deadlines.
LONGEST = ./test/e2e ./collectors/reconcile ./test/alerts ./collectors/orders ./collectors/outbox ./cmd/lostorder ./collectors/rabbitmq ./dashboards
OTHERS = $(filter-out $(LONGEST),$(shell go list -f '.{{slice .ImportPath (len .Module.Path)}}' ./...))

.PHONY: integration
integration: ## All tests, also those against real servers
	test/parts/run $(TESTS) --packages="$(LONGEST) $(OTHERS)" -- $(RACE) -tags=integration -p=2 -parallel=6 -count=1 -timeout=60m

# By itself, because it measures how much memory and time lostorder takes while servers try to harm it.
.PHONY: hostile
hostile: ## lostorder against servers that want to harm it
	$(TESTS) --packages=./test/hostile -- -tags=integration -count=1 -timeout=20m

# By itself, because it measures how old readings get and how fast they recover.
.PHONY: faults
faults: ## lostorder while networks, servers, credentials and the machine fail
	test/parts/run --parts=kafka,postgres,mariadb,rabbitmq310,sqs $(TESTS) --packages=./test/faults -- -tags=integration -count=1 -timeout=20m

# Tests that use the libraries of Kubernetes, Helm, registries and packages are modules of their own, so that these do
# not choose the versions of lostorder's dependencies.
MODULES = build helm/test

.PHONY: modules
modules: ## Tests of the modules beside this one
	for module in $(MODULES); do (cd $$module && go vet ./... && go test -timeout=20m ./...) || exit 1; done

# By itself, because it needs root and namespaces of the kernel. SKIP_KUBERNETES=1 leaves it out.
.PHONY: test-kubernetes
test-kubernetes: ## The chart on a real node of Kubernetes, in each mode; needs root
	$(if $(SKIP_KUBERNETES),@echo "the tests on a node of Kubernetes are left out by SKIP_KUBERNETES",test/parts/run --parts=kubernetes,kafka,rabbitmq,postgres,prometheus,alertmanager go test -C helm/test -tags=kubernetes -count=1 -timeout=20m ./node)

.PHONY: rules
rules: ## Check rules and alerts with the real promtool and amtool, and run their tests
	go test -count=1 -run 'Rules|Alert|Runbooks' ./test
	test/parts/run --parts=prometheus,alertmanager go test -tags=integration -count=1 -run 'Rules|Examples|Routes' ./test/alerts

.PHONY: generate
generate: ## Write the generated files
	go test ./collectors/builtin ./internal/telemetry ./dashboards -run 'Current' -update
	go test ./test -run 'NoticeIsCurrent|PictureIsCurrent' -update
	cd helm/test && go test . -run Current -update

.PHONY: dashboards
dashboards: ## Write the Grafana dashboards
	go test ./dashboards -run 'Current' -update

FUZZTIME ?= 10s
.PHONY: fuzz
fuzz: ## Feed each parser with random input, FUZZTIME=10s each
	test/fuzz $(FUZZTIME)

# A few hundred of them are in every "go test". The files are in memory, because each write is synchronized with the disk.
.PHONY: crash-test
crash-test: ## Ten thousand crashes of the decisions, of lostorder while it writes its memory, and torn files
	TMPDIR=$(if $(wildcard /dev/shm),/dev/shm,/tmp) go test ./internal/detect -run 'ThatCrashes|LosesPower' -rapid.checks=1250 -count=1 -timeout=60m -v
	TMPDIR=$(if $(wildcard /dev/shm),/dev/shm,/tmp) go test ./internal/state -run CrashAtAnyMoment -rapid.checks=10000 -count=1 -timeout=60m -v

.PHONY: vulncheck
vulncheck: ## Known vulnerabilities in the code that the program reaches; needs https://vuln.go.dev
	$(TOOL) govulncheck ./...

.PHONY: bench
bench: ## Benchmarks that need no server
	go test -run '^$$' -bench . -benchmem ./internal/...

.PHONY: bench-kafka
bench-kafka: ## The grid of 10,000 partitions and 100,000 group-partitions on a real Kafka
	test/parts/run --parts=kafka go run ./test/bench/kafka

.PHONY: bench-rabbitmq
bench-rabbitmq: ## 10,000 queues on a real RabbitMQ
	test/parts/run --parts=rabbitmq go run ./test/bench/rabbitmq

.PHONY: bench-orders
bench-orders: ## One poll of 10 million orders on a real PostgreSQL, and what it costs the shop
	test/parts/run --parts=postgres go run ./test/bench/orders

.PHONY: bench-reconcile
bench-reconcile: ## Ten million orders in PostgreSQL against ten million payments in MariaDB, a hundred of which differ
	test/parts/run --parts=postgres,mariadb go run ./test/bench/reconcile $(BENCH_FLAGS)

.PHONY: bench-state
bench-state: ## What the memory of 1,000 and 100,000 partitions of groups costs, and how fast it is restored
	go run ./test/bench/state

.PHONY: fmt
fmt: ## Format the code
	$(TOOL) golangci-lint fmt ./...
