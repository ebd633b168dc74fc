# make run     the demo: a simulated building, everything on this machine
# make test    every test, with the race detector
# make check   format, vet, staticcheck, import rules, generated documents, proofs that exist
# make build   the program, into bin/
# make dist    archives and packages for every platform, into dist/; VERSION=1.2.3 names the release, and
#              ONLY=linux_amd64 makes those of one platform; with SIGN_CERT and SIGN_KEY, PEM files, what is for
#              Windows is signed (SIGN_TIMESTAMP names an authority for the time). It needs wixl and msitools.
# make test-linux-service   the package in a Debian booted with its own systemd (root)
# make test-container       the container's image and Home Assistant's add-on, with buildah (root)
# make proofs   every threat and fault of docs/threats.md with its tests, verdict and figures
# make bench    every figure that has a goal, measured, in one table (a quarter of an hour; Linux, mosquitto, npm for Node-RED)
# make soak     the long form of what torments the gateway, with the race detector: a thousand histories, two hundred
#               kills, twenty full disks, five hundred reloads, ten thousand connections, bits that flip, thirty days (hours)
# make gosec    what gosec finds in the sources but for what docs/SECURITY.md explains; it is fetched for that
# make fuzz     every fuzz target of the tree in turn, for FUZZTIME each, 30s if not said
# make test-windows-service the package for Windows, and the program without it, in wine (root)
# make homeassistant, make homeassistant-old   a real Home Assistant of 2026.11, and of 2024.12 and 2024.3, looks at the gateway (root)
# make node-red   a real Node-RED runs docs/node-red-flow.json

GO      ?= go
VERSION ?=
ONLY    ?=
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))

# What is never hot need not be inlined: the broker is 1.2 MB smaller so, a thirtieth of the program, and takes as much
# CPU per message within what can be measured. tools/dist has the same.
GCFLAGS := github.com/nats-io/nats-server/v2/server=-l

.PHONY: run test check build dist test-linux-service test-windows-service test-container proofs soak bench fuzz gosec clean homeassistant homeassistant-old node-red

run: build
	./bin/butlr-gateway demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -gcflags "$(GCFLAGS)" -ldflags "$(LDFLAGS)" -o bin/butlr-gateway ./cmd/butlr-gateway

# The race detector needs a C compiler; without one the tests run without it.
RACE := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race)

test:
	$(GO) test $(RACE) -shuffle=on ./...

check:
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	$(GO) test -count=1 -run 'TestImportRules' ./cmd/butlr-gateway
	$(GO) test -count=1 -run 'Reference|Example' ./config
	$(GO) -C tools test -count=1 ./proofs
	$(GO) test -count=1 -run 'Document' ./adapters/modbus ./adapters/mqtt ./adapters/web

dist:
	$(GO) -C tools run ./dist -root .. -out ../dist -version "$(VERSION)" -only "$(ONLY)"

test-linux-service:
	packaging/linux/try/run

proofs:
	$(GO) -C tools run ./proofs

# The number of a test is that of its row in docs/threats.md.
soak:
	CI=true BUTLR_SOAK_CYCLES=200 $(GO) test $(RACE) -count=1 -timeout 2h -run TestFault01 -v ./cmd/butlr-gateway
	CI=true BUTLR_SOAK_CYCLES=20 $(GO) test $(RACE) -count=1 -timeout 2h -run TestFault03 -v ./cmd/butlr-gateway
	CI=true RELOADS=500 $(GO) test $(RACE) -count=1 -timeout 2h -run TestFault07 -v ./cmd/butlr-gateway
	CI=true $(GO) test -count=1 -timeout 1h -run 'TestFault02|TestFault04|TestFault08|TestThreat07|TestThreat16' -v ./cmd/butlr-gateway
	$(GO) test -count=1 -timeout 1h -run 'TestFault06|TestFault09' -v ./gateway
	$(GO) test -count=1 -timeout 6h -run 'TestAnyBit|TestAnyCell|TestAnyLine' -v ./adapters/store -rapid.checks=10000
	CI=true BUTLR_GATEWAY_HISTORIES=1000 $(GO) test -count=1 -timeout 12h -run TestHistories -v ./cmd/butlr-gateway

gosec:
	$(GO) run github.com/securego/gosec/v2/cmd/gosec@v2.22.10 -quiet -exclude=G104,G112,G115,G203,G204,G301,G302,G304,G306,G404,G602 ./adapters/... ./cmd/... ./config/... ./gateway/...

# What anybody can send, and what may be in a list that is imported, in the configuration, or on a damaged disk, made up.
FUZZTIME ?= 30s
fuzz:
	GO="$(GO)" tools/fuzz $(FUZZTIME)

# Without npm there is no Node-RED to compare with, and the table says so.
bench: build
	$(GO) build -trimpath -o bin/butlr-bench ./cmd/butlr-bench
	./bin/butlr-bench table --node-red "$$(tools/nodered/prepare || true)"

test-container:
	packaging/container/try

test-windows-service:
	packaging/windows/try/run

# Other people's software, which is installed below ~/.cache/butlr-gateway the first time. No part of the tests.
homeassistant:
	$(GO) -C tools run ./homeassistant -home "$$(tools/homeassistant/prepare)"

homeassistant-old:
	$(GO) -C tools run ./homeassistant -home "$$(tools/homeassistant/prepare 2024.12)"
	$(GO) -C tools run ./homeassistant -home "$$(tools/homeassistant/prepare 2024.3)"

node-red:
	$(GO) -C tools run ./nodered -nodered "$$(tools/nodered/prepare)"

clean:
	rm -rf bin dist
