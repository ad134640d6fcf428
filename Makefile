# SPDX-License-Identifier: GPL-2.0
#
# The verbs. Each verb runs one script, whose head says what it does and which knobs it has.
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The knobs of the verbs, as variables of make or of the environment.
export BASE KERNEL UPTO TOPO CPU TEST CMDLINE DRYRUN SIGNOFF REMOVED LAB_KERNEL ROWS RESULTS ICOUNT BUSY

ifneq ($(filter-out help,$(or $(MAKECMDGOALS),help)),)
me := make
include common/path.mk
complaint := $(shell sh common/clone.sh 2>&1)
$(if $(complaint),$(error $(complaint)))
$(if $(KDIR),$(call check_variables,KDIR))
# RESULTS may name several directories and have shell patterns.
$(foreach result,$(subst *,,$(call given,RESULTS) $(RESULTS)),$(call check_path,$(result),RESULTS,name one without))
$(if $(word 2,$(RESULTS)),$(if $(shell [ ! -e '$(RESULTS)' ] || echo one),$(call check_path,$(RESULTS),RESULTS,name one without)))
# The scripts accept a '$' in a path, but make would expand it.
override KERNEL := $(value KERNEL)
endif

# make's own exit code is always 2 if a recipe fails, so the last line of a failed verb names the script's exit code.
run = $(1) || { code=$$?; echo "make $@: failed with exit code $$code ($(meaning))" >&2; exit $$code; }
meaning = 1 fail, 2 could not run, 3 undecided, 4 skipped, 124 timed out, 130 interrupted, 255 guest panicked

.PHONY: help
help: ## this list
	@echo "make VERB [KNOB=value ...]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 14
	@echo "exit codes of the scripts: 0 pass, $(meaning)"

.PHONY: demo
demo: ## fetch, apply, build, boot the lab, run bench module and selftest, measure this CPU; tables in build/report/
	@$(call run,scripts/demo)

.PHONY: test
test: ## run the tests that decide pass or fail
	@$(call run,scripts/test)

.PHONY: test-full
test-full: ## test, plus longer tests: all machine checks, other configurations, instruction counts, mutants
	@$(call run,scripts/test full)

.PHONY: probe
probe: ## measure in user space what the series would gain on this CPU against v7.3; no root, 90 s at most
	@$(call run,scripts/probe)

.PHONY: record
record: ## measure all ways and the bench in User-Mode Linux, keep them in results/; 15 min; BUSY=1 on a busy machine
	@$(call run,scripts/record)

.PHONY: report
report: ## judge samples, as text and as a page with charts in build/report/: RESULTS='DIRECTORY...' (default: results/)
	@mkdir -p build/report
	@$(call run,scripts/report --html build/report/index.html $(RESULTS) && scripts/report $(RESULTS))

.PHONY: regress
regress: ## look for rows slower than v7.3 (RESULTS=DIRECTORY), or slower than another kernel (RESULTS='BASE NEW')
	@$(call run,scripts/regress $(RESULTS))

.PHONY: native
native: ## run the bench module in User-Mode Linux: the series' own routines at this CPU's speed, no root
	@$(call run,lab/host/build um && scripts/native)

.PHONY: copyloops
copyloops: ## test the copy routines in user space: every length, alignment and fault; no root, under a minute
	@$(call run,scripts/copyloops)

.PHONY: lab
# The dry run comes first, so that wrong settings are refused before a kernel is built.
lab: ## boot a guest: TOPO=name CPU=class TEST='names' CMDLINE='...' LAB_KERNEL=stock|debian|debian-7.3 ICOUNT=1 DRYRUN=1
	@$(call run,DRYRUN=1 lab/host/run $(if $(DRYRUN),,> /dev/null && lab/host/build $(or $(LAB_KERNEL),patched) && lab/host/run))

.PHONY: mce
mce: ## run the machine-check matrix, also on the unpatched kernel; fewer: CPU=class LAB_KERNEL=patched|stock|live|6.12|7.2 ROWS=REGEX
	@$(call run,DRYRUN=1 scripts/mce $(if $(DRYRUN),,> /dev/null && $(foreach k,$(or $(filter live,$(LAB_KERNEL)),$(if $(filter 6.12 7.2,$(LAB_KERNEL)),patched $(LAB_KERNEL)),stock patched),lab/host/build $k &&) scripts/mce))

.PHONY: tree
tree: ## make build/linux: the kernel source with the series, a commit per patch (KERNEL=DIR: from your own source)
	@$(call run,scripts/fetch-kernel && scripts/series tree)

.PHONY: series
series: ## regenerate patches/ after a file of the series was edited here
	@$(call run,scripts/fetch-kernel && scripts/series sync)

.PHONY: import
import: ## make patches/ and the added files from the commits in build/linux; REMOVED='FILE...' names files that go
	@$(call run,scripts/fetch-kernel && scripts/series import)

.PHONY: letters
letters: ## bring up to date what is generated in patches/cover-letter-*: Cc lists, lists of patches, figures
	@$(call run,scripts/fetch-kernel && scripts/letters)

.PHONY: check
check: ## run the linters, and check the series, patch by patch; changes no file of the series
	@$(call run,scripts/lint && scripts/fetch-kernel && scripts/check)

.PHONY: apply
apply: ## apply the series to your own tree: KERNEL=DIR; UPTO=NAME: as far as a posting of patches/postings; SIGNOFF=1 signs it off
	@$(call run,scripts/series apply)

.PHONY: module
module: ## build folio_copy_bench.ko and its front end for the kernel built in KDIR=DIR (default: the running kernel)
	@$(call run,$(call modules,module))

.PHONY: live
live: ## the same, and folio_copy_live.ko, which puts the series into that kernel while it runs
	@$(call run,$(call modules,live))

modules = $(MAKE) --no-print-directory -C bench-module $1 $(if $(KDIR),KDIR=$(abspath $(KDIR))) && $(MAKE) --no-print-directory -C bench

.PHONY: clean
clean: ## remove all build output, keep the downloads
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name dl -exec rm -rf {} +

.PHONY: distclean
distclean: ## remove the downloads, too
	@rm -rf build
