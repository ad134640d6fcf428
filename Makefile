# SPDX-License-Identifier: GPL-2.0
#
# The verbs. Each is one script; what it does and which knobs it has is said there.
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The knobs of the verbs, as variables of make or of the environment.
export KERNEL TOPO CPU TEST CMDLINE DRYRUN SIGNOFF REMOVED LAB_KERNEL ROWS RESULTS ICOUNT BUSY

ifneq ($(filter-out help,$(or $(MAKECMDGOALS),help)),)
me := make
include common/path.mk
complaint := $(shell sh common/clone.sh 2>&1)
$(if $(complaint),$(error $(complaint)))
$(if $(KDIR),$(call check_variables,KDIR))
# Several, and patterns of the shell.
$(foreach result,$(subst *,,$(call given,RESULTS) $(RESULTS)),$(call check_path,$(result),RESULTS,name one without))
$(if $(word 2,$(RESULTS)),$(if $(shell [ ! -e '$(RESULTS)' ] || echo one),$(call check_path,$(RESULTS),RESULTS,name one without)))
# Scripts can take any path, but make would expand a '$'.
override KERNEL := $(value KERNEL)
endif

# make ends with 2 whatever a recipe ends with, so the last line of a verb that failed names the code.
run = $(1) || { code=$$?; echo "make $@: failed with exit code $$code ($(meaning))" >&2; exit $$code; }
meaning = 1 fail, 2 could not build, 3 undecided, 4 skipped, 124 timed out, 255 guest panicked

.PHONY: help
help: ## this list
	@echo "make VERB [KNOB=value ...]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 14
	@echo "exit codes of the scripts: 0 pass, $(meaning)"

.PHONY: demo
demo: ## fetch, apply, build, boot the lab, run the module and the selftest, measure this CPU: tables in build/report/
	@$(call run,scripts/demo)

.PHONY: test
test: ## all that decides pass or fail
	@$(call run,scripts/test)

.PHONY: test-full
test-full: ## and what takes longer: all machine checks, other configurations, instruction counts, mutants
	@$(call run,scripts/test full)

.PHONY: probe
probe: ## what the series would gain on this CPU: v7.3 against the chosen ways in user space, no root, 90 s at most
	@$(call run,scripts/probe)

.PHONY: record
record: ## all ways on this CPU, and the bench in User-Mode Linux, kept in results/: 10 minutes, BUSY=1 on a busy machine
	@$(call run,scripts/record)

.PHONY: report
report: ## what samples say, and a page with charts in build/report/: RESULTS='DIRECTORY...', all of results/ without
	@mkdir -p build/report
	@$(call run,scripts/report --html build/report/index.html $(RESULTS) && scripts/report $(RESULTS))

.PHONY: regress
regress: ## is a row of a run slower than v7.3: RESULTS=DIRECTORY, or than another kernel: RESULTS='BASE NEW'
	@$(call run,scripts/regress $(RESULTS))

.PHONY: native
native: ## the bench module in User-Mode Linux: the series' own folio_copy() at this CPU's speed, no root
	@$(call run,lab/host/build um && scripts/native)

.PHONY: copyloops
copyloops: ## the copy routines tested in user space: every length, alignment and fault; no root, under a minute
	@$(call run,scripts/copyloops)

.PHONY: lab
# The dry run comes first: a request that makes no sense need not wait for a kernel.
lab: ## one boot of the emulated machine: TOPO=2n|2n1c|pmem CPU=class TEST='names' CMDLINE='...' LAB_KERNEL=stock|debian ICOUNT=1 DRYRUN=1
	@$(call run,DRYRUN=1 lab/host/run $(if $(DRYRUN),,> /dev/null && lab/host/build $(or $(LAB_KERNEL),patched) && lab/host/run))

.PHONY: mce
mce: ## the machine-check matrix, against the unpatched kernel: CPU=class LAB_KERNEL=patched|stock ROWS=REGEX for less
	@$(call run,DRYRUN=1 scripts/mce $(if $(DRYRUN),,> /dev/null && lab/host/build stock && lab/host/build patched && scripts/mce))

.PHONY: tree
tree: ## the kernel source with the series applied, a commit per patch, in build/linux (KERNEL=DIR: your own source)
	@$(call run,scripts/fetch-kernel && scripts/series tree)

.PHONY: series
series: ## regenerate patches/ after a file of the series was edited here
	@$(call run,scripts/fetch-kernel && scripts/series sync)

.PHONY: import
import: ## what was committed in build/linux becomes patches/ and the files of the series here: REMOVED='FILE...' that are to go
	@$(call run,scripts/fetch-kernel && scripts/series import)

.PHONY: check
check: ## hygiene of the series, patch by patch; writes nothing
	@$(call run,scripts/fetch-kernel && scripts/check)

.PHONY: apply
apply: ## the series on your own tree: KERNEL=DIR, and SIGNOFF=1 to sign it off
	@$(call run,scripts/series apply)

.PHONY: module
module: ## folio_copy_bench.ko and its front end for the kernel built in KDIR=DIR (default: the running one)
	@$(call run,$(MAKE) --no-print-directory -C bench-module $(if $(KDIR),KDIR=$(abspath $(KDIR))) && $(MAKE) --no-print-directory -C bench)

.PHONY: clean
clean: ## remove what was built, keep what was downloaded
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name dl -exec rm -rf {} +

.PHONY: distclean
distclean: ## remove the downloads, too
	@rm -rf build
