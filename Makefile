# OfflinePatch. `make help` lists the targets.

CONFIG      ?= Release
RID         ?= $(shell dotnet --info 2>/dev/null | sed -n 's/^ *RID: *//p' | head -1)
SOLUTION    := OfflinePatch.sln
CLI         := src/OfflinePatch.Cli/OfflinePatch.Cli.csproj
FIXTURES    := fixtures/OfflinePatch.Fixtures/OfflinePatch.Fixtures.csproj
# native code where a linker is there, else managed code compiled ahead (needs the .NET runtime)
NATIVE      ?= $(shell command -v clang >/dev/null || command -v gcc >/dev/null && echo true || echo false)
BUILD_true  := -p:PublishAot=true --artifacts-path artifacts/native -p:DebugType=none
BUILD_false := --self-contained false -p:PublishReadyToRun=true
# of make crash: seeds for each operation of the engine, and options of tests/crash/crash.py (--every N, --real N, --power N, --minutes M, --formats, --commands);
# of make faults: options of tests/crash/faults.py (--parts, --formats, --every N)
SEEDS       ?= 60
CRASH       ?= --power 1
FAULTS      ?=
SOAK        ?=
# of make bench: its sections, all unless some are named
BENCH       ?=
MAKE_MACHINES = dotnet fixtures/OfflinePatch.Fixtures/bin/$(CONFIG)/net10.0/offlinepatch-fixtures.dll
PUBLISH_RIDS ?= linux-x64 win-x64

export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1

.PHONY: help build demo test lint bench bench-record publish fuzz slow crash faults soak cluster-test errors man clean tools

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## build bin/offlinepatch
	@rm -rf bin
	@dotnet publish $(CLI) -c $(CONFIG) -r $(RID) $(BUILD_$(NATIVE)) -p:RunAnalyzers=false -o bin --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@echo "built bin/offlinepatch"

demo: build ## build, make a sample image, fix it, show the result
	@sh fixtures/demo.sh

tools: ## install the independent judges that the tests use (Debian, as root), quietly and only when missing
	@sh tests/install-tools.sh

test: build tools ## every test but the slow tiers; says what ran and what was skipped
	@sh tests/run.sh "speed!=slow"

slow: build tools ## the long tiers: fuzz, models, whole disks
	@sh tests/run.sh "speed=slow"

fuzz: build ## the long fuzz tier only
	@sh tests/run.sh "tier=fuzz"

crash: build tools ## kill the program, and lose power, at every operation that changes a file, in every format and for every command
	@dotnet build $(FIXTURES) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@OFFLINEPATCH_CRASH_SEEDS=$(SEEDS) dotnet test tests/OfflinePatch.Core.Tests -c $(CONFIG) --nologo -v quiet \
	  --filter "tier=crash|FullyQualifiedName~HostileUndoFile" --logger "console;verbosity=detailed" \
	  | grep -E "losses of power|faults so far|hostile undo files|Passed!|Failed" | tail -24
	@python3 tests/crash/crash.py bin/offlinepatch "$(MAKE_MACHINES)" $(CRASH)

faults: build tools ## errors of the host, signals, second runs, odd places, undo files of others (root for mounts and devices)
	@dotnet build $(FIXTURES) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@python3 tests/crash/faults.py bin/offlinepatch "$(MAKE_MACHINES)" $(FAULTS)

soak: build tools ## random machines, formats and commands, judged and undone, for MINUTES (10); SOAK="--seed N --cases 1" repeats one
	@dotnet build $(FIXTURES) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@python3 tests/soak/soak.py bin/offlinepatch "$(MAKE_MACHINES)" --minutes $(or $(MINUTES),10) $(SOAK)

cluster-test: build ## a Slurm cluster of one node: 40 images, 8 tasks, one killed (as root, with Debian's munge, slurmctld, slurmd)
	@dotnet build $(FIXTURES) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@bash tests/cluster/slurm.sh bin/offlinepatch "dotnet fixtures/OfflinePatch.Fixtures/bin/$(CONFIG)/net10.0/offlinepatch-fixtures.dll"

lint: ## warnings are errors; formatting; the rules of the house
	@dotnet build $(SOLUTION) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@dotnet format whitespace $(SOLUTION) --verify-no-changes --no-restore
	@echo "lint: clean"

bench: build tools ## measure against peers, in one run on this machine; fails where a ratio is worse than the recorded one by 15 %
	@sh tests/OfflinePatch.Benchmarks/run.sh $(BENCH)

bench-record: build tools ## the same, and record the ratios and the table (on a quiet machine)
	@sh tests/OfflinePatch.Benchmarks/run.sh --record $(BENCH)

errors: build ## write src/ERRORS.md from the tables of error codes
	@bin/offlinepatch explain --markdown > src/ERRORS.md

man: build ## the pages of the manual, in artifacts/man
	@bin/offlinepatch man artifacts/man

publish: ## self-contained binaries for PUBLISH_RIDS, in artifacts/
	@for rid in $(PUBLISH_RIDS); do \
	  dotnet publish $(CLI) -c Release -r $$rid --self-contained true -p:PublishSingleFile=true -p:PublishReadyToRun=true \
	    -p:EnableCompressionInSingleFile=true -o artifacts/$$rid --nologo -v quiet "-clp:ErrorsOnly;NoSummary" || exit 1; \
	  echo "published artifacts/$$rid"; \
	done

clean: ## delete what was built
	@rm -rf bin artifacts TestResults
	@find src tests fixtures -type d \( -name bin -o -name obj -o -name TestResults \) -prune -exec rm -rf {} +
