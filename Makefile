# make alone lists the targets.
VERSION = 1.0.0

# Where the program goes.
BIN = bin/homeward

# Small flags: without inlining the program is a tenth smaller, and a fifth
# when packed. Excepted are os and nl, which would allocate 64 KiB for every
# message of the kernel without it, and the arithmetic of TLS: where that is not
# in assembly, a handshake would take eight times as long; and utf8, which is
# smaller with it. Functions follow each other at multiples of four bytes: amd64
# takes 32 without, 100 KiB of nothing.
SMALL = -trimpath -buildvcs=false -ldflags="-s -w -buildid= -funcalign=4 -X main.version=$(VERSION)" \
	-gcflags=all=-l -gcflags=os= -gcflags=github.com/vishvananda/netlink/nl= \
	-gcflags=math/bits= -gcflags=crypto/internal/fips140/nistec/fiat= \
	-gcflags=crypto/internal/fips140/edwards25519/field= -gcflags=crypto/internal/fips140/bigmod= \
	-gcflags=crypto/internal/fips140/mlkem= -gcflags=crypto/internal/fips140/sha3= \
	-gcflags=unicode/utf8=

# How often each fuzz target runs (make fuzz FUZZ=10m for a longer look), and
# how many days make soak simulates, from which seed on, how many signals make
# signals sends.
FUZZ = 20000x
DAYS = 100000
FIRST = 20261121
SIGNALS = 500

.PHONY: help build check install lint vuln sbom test days planted signals herd soak fuzz demo bench budgets size emulate emulate-check luci-check luci luci-demo clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## writes bin/homeward, for the machine or for GOOS, GOARCH, GOARM, GOMIPS
	CGO_ENABLED=0 go build $(SMALL) -o $(BIN) ./cmd/homeward

# Two at a time where one of them mostly waits; each prints when it has ended.
check: install lint build ## everything that CI runs; installs what it needs
	@$(MAKE) --no-print-directory -j2 -O test luci-check
	@$(MAKE) --no-print-directory -j2 -O days emulate-check
	@$(MAKE) --no-print-directory -j2 -O fuzz budgets
	@$(MAKE) --no-print-directory -j2 -O planted size demo
	@$(MAKE) --no-print-directory vuln
	@echo "make check: all is well"

install:
	@.ci/install

lint: ## formatting, modules, vet, staticcheck, shellcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt -w these"; exit 1; }
	go mod tidy -diff
	go vet ./...
	go vet -tags planted ./cmd/homeward/daemon
	GOARCH=mipsle GOMIPS=softfloat CGO_ENABLED=0 go vet $(SMALL) ./cmd/homeward/... ./netwatch ./update
	go tool -modfile=.ci/tools.mod staticcheck ./...
	shellcheck .ci/run .ci/install .ci/vuln .ci/sbom openwrt/test.sh openwrt/test-version.sh

vuln: ## known vulnerabilities; the last step of check, so that nobody misses that it could not run
	@.ci/vuln

test: ## the tests, with the race detector; those of the kernel in namespaces of their own, some at a time, as most wait
	go test -race -vet=off -p 3 -parallel 4 -timeout 30m ./...

days: ## simulates 300 days of the life of watcher, worker and scheduler, and two years of nights; 6000 workers must leave little memory
	go test -run '^(TestSimulation|TestNights|TestTheWatchersMemoryIsBounded)$$' ./cmd/homeward/daemon -sim.days=300 -sim.nights=740

planted: ## plants faults into scheduler, watcher and worker: the simulation must find each
	go test -tags planted -run '^TestPlanted' -timeout 20m ./cmd/homeward/daemon

signals: ## sends SIGNALS signals of each kind at random moments after a change, beside four busy loops
	go test -run 'AtEveryMoment$$' -timeout 0 -v ./cmd/homeward -signals=$(SIGNALS) -busy=1

herd: ## lets a million routers loose on a service that is full, and compares update/HERD.md
	go test -run '^TestTheHerd$$' -timeout 0 ./update -herd.routers=1000000 -v

soak: ## simulates DAYS days of it: a fiftieth full of faults, else years of nights; FIRST is another seed
	go test -run '^(TestSimulation|TestNights)$$' -timeout 0 ./cmd/homeward/daemon \
		-sim.days=$$(( $(DAYS) / 50 )) -sim.nights=$$(( $(DAYS) - $(DAYS) / 50 )) -sim.first=$(FIRST)

fuzz: ## feeds each parser of foreign bytes with mutated ones
	@set -e; temp=$$(mktemp -d); trap 'rm -rf "$$temp"' EXIT; for dir in $$(go list -f '{{.Dir}}' ./...); do \
		names=$$(cat $$dir/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p'); \
		[ -z "$$names" ] || (cd $$dir && go test -c -vet=off -fuzz . -o "$$temp/test" .); \
		for f in $$names; do \
			echo "$$f in $$dir"; \
			(cd $$dir && "$$temp/test" -test.run '^$$' -test.fuzz "^$$f\$$" -test.fuzzcachedir "$$temp/$$f" -test.fuzztime $(FUZZ) -test.fuzzminimizetime 5x); \
		done; \
	done

demo: build ## tells a story in real time: a line that changes, and what is sent (no root needed)
	go run ./cmd/lab demo bin/homeward

bench: build ## measures latency, memory and wake-ups, also of others; BENCH=quick for less of each
	@code=0; go run ./cmd/lab bench bin/homeward || code=1; \
	go test -run '^$$' -bench . -benchmem $(if $(filter quick,$(BENCH)),-benchtime=100ms) ./netwatch ./update || code=1; exit $$code

# Latency is not asserted by check: the machines of CI are shared.
budgets: build ## holds memory and wake-ups against their limits
	BENCH=budgets go run ./cmd/lab bench bin/homeward

size: ## builds for routers and holds the sizes against their limits
	go run ./cmd/lab size $(SMALL)

emulate: ## the program on emulated routers of 64 MB (arm64, armv7, mipsel), and on five more processors
	go run ./cmd/emulate all

emulate-check: ## the one emulated router that is part of check: armv7, a program for ARMv5
	go run ./cmd/emulate check

sbom: build ## lists what is in the program, as SPDX, in DIST/homeward.spdx.json
	@mkdir -p '$(DIST)'
	.ci/sbom $(BIN) $(VERSION) >'$(DIST)/homeward.spdx.json'

luci-check: build ## the page in LuCI in a real browser, on a stand-in for LuCI's client library
	cd .ci/browser && go mod tidy -diff && go vet ./... && go test -count=1 -timeout 20m . -program '$(abspath $(BIN))'

luci: build ## the same on LuCI's own files: LUCI=a clone of its repository; PICTURE=file for the README's picture
	@test -d '$(LUCI)/modules/luci-base' || { echo "make luci needs LUCI=folder, a clone of LuCI's repository"; exit 2; }
	cd .ci/browser && go test -count=1 -timeout 20m . -program '$(abspath $(BIN))' -luci '$(abspath $(LUCI))' $(if $(PICTURE),-picture '$(abspath $(PICTURE))')

luci-demo: build ## the page on localhost beside a simulated line, to try by hand; LUCI=a clone of LuCI's repository
	@test -z '$(LUCI)' || test -d '$(LUCI)/modules/luci-base' || { echo '$(LUCI) is no clone of LuCI: git clone https://github.com/openwrt/luci'; exit 2; }
	cd .ci/browser && go run ./demo -tree ../.. -program '$(abspath $(BIN))' $(if $(LUCI),-luci '$(abspath $(LUCI))')

clean: ## removes what the other targets wrote
	rm -rf bin dist

include openwrt/package.mk
