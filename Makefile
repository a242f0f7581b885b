# SPDX-License-Identifier: MIT
# One command each; `make help` lists them. What a person runs is what CI runs.

ROOT	:= $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
VERSION	:= $(shell cat $(ROOT)/packaging/VERSION)
export OUT := $(ROOT)/build

.PHONY: all hypervisor toolstack help run gdb iso rpm tarball demo check lint abi unit test fuzz bench clean deps test-deps

all: hypervisor toolstack

hypervisor: deps
	@$(MAKE) --no-print-directory -C hypervisor

toolstack: deps
	@$(MAKE) --no-print-directory -C toolstack

# Both look at the package database only, and say nothing when all is there.
deps:
	@packaging/build-deps
test-deps:
	@packaging/build-deps --test

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## make              the hypervisor (build/xen, .gz, .sym, .asm, .map) and the toolstack (build/toolstack)
## make demo         the whole product on a throwaway Debian host: install, reboot, two guests   [VIA=tarball FIRMWARE=uefi HOLD=1]
## make test         everything below check, boot, guests and the spine; prints "N passed, N failed"
## make check        lint, abi, unit: under a minute
## make run          boots Debian's kernel as dom0 in QEMU, serial console here
## make gdb          the same, waiting for gdb on port 1234
## make fuzz         all fuzzers, FUZZ_S=60 seconds each
## make bench        instructions per operation: native, ours, Debian's Xen; isolation of guests; a guest's life
## make rpm          build/xen-VERSION-1.x86_64.rpm and its companions
## make tarball      build/xen-VERSION-install.tgz
## make iso          build/xen.iso: boots by GRUB on BIOS and UEFI
## make clean        removes what was built

run gdb: hypervisor test-deps
	@tests/boot/run-dev $@

iso: hypervisor test-deps
	@tests/boot/mkiso build/xen.iso build/xen "console=com1,vga"

rpm: all
	@packaging/mkrpm
tarball: all
	@packaging/mktarball

demo:
	@packaging/build-deps --demo
	@packaging/demo

check: lint abi unit

lint: deps test-deps
	@tests/lint/run
abi: test-deps
	@$(MAKE) --no-print-directory -C tests/abi check
unit: test-deps
	@$(MAKE) --no-print-directory -C tests/unit check

test: rpm tarball test-deps
	@tests/run

fuzz: test-deps
	@$(MAKE) --no-print-directory -C tests/fuzz run

bench: all test-deps
	@tests/bench/run
	@tests/bench/isolation
	@tests/bench/guests

clean:
	@$(MAKE) --no-print-directory -C hypervisor clean
	@$(MAKE) --no-print-directory -C toolstack clean
