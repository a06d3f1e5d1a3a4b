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
ASSETS_true := artifacts/native/obj/OfflinePatch.Cli/project.assets.json
ASSETS_false := src/OfflinePatch.Cli/obj/project.assets.json
# of make crash: seeds for each operation of the engine, and options of tests/crash/crash.py (--every N, --real N, --power N, --minutes M, --formats, --commands);
# of make faults: options of tests/crash/faults.py (--parts, --formats, --every N)
SEEDS       ?= 60
CRASH       ?= --power 1
FAULTS      ?=
SOAK        ?=
FUZZ        ?=
COVERAGE    ?=
MUTANTS     ?=
# of make bench: its sections, all unless some are named
BENCH       ?=
MAKE_MACHINES = dotnet fixtures/OfflinePatch.Fixtures/bin/$(CONFIG)/net10.0/offlinepatch-fixtures.dll
# of make dist; make install
DIST_RIDS   ?= linux-x64 linux-arm64 win-x64 osx-x64 osx-arm64
PREFIX      ?= /usr/local
DESTDIR     ?=
PACKAGE     := src/deploy/package

export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1

.PHONY: help build machines demo test lint bench bench-record fuzz slow crash faults soak fuzz-tier coverage mutants cluster-test errors man clean tools release dist deb pack install uninstall reproducible \
  dist-test deb-test container-test pack-test first-minutes

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## build bin/offlinepatch
	@rm -rf bin
	@dotnet publish $(CLI) -c $(CONFIG) -r $(RID) $(BUILD_$(NATIVE)) -p:RunAnalyzers=false -o bin --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@echo "built bin/offlinepatch"

demo: ## build without native code, make a sample image, fix it, show the result, undo it: under 90 seconds
	@sh fixtures/demo.sh

tools: ## install the independent judges that the tests use (Debian, as root), quietly and only when missing
	@sh tests/install-tools.sh

test: ## every test but the slow tiers; says what ran and what was skipped
	@sh tests/run.sh --announce documents
	@$(MAKE) --no-print-directory build tools
	@sh tests/run.sh "speed!=slow" documents

slow: ## the long tiers: fuzz, models, whole disks
	@sh tests/run.sh --announce
	@$(MAKE) --no-print-directory build tools
	@sh tests/run.sh "speed=slow"

machines:
	@dotnet build $(FIXTURES) -c $(CONFIG) --nologo -v quiet "-clp:ErrorsOnly;NoSummary"

fuzz: ## every parser, fuzzed for MINUTES (10) in all, guided by coverage; one line for each, exit code 1 with finds; FUZZ="--targets inf,pe --seed 7" narrows it
	@sh tests/OfflinePatch.Fuzz/run.sh $(CONFIG) $(or $(MINUTES),10) $(FUZZ)

fuzz-tier: build ## the long tests with the trait tier=fuzz
	@sh tests/run.sh "tier=fuzz"

coverage: tools ## line and branch coverage of each assembly over the fast tests; COVERAGE="Registry Ntfs" chooses the test projects
	@sh tests/coverage.sh $(COVERAGE)

mutants: tools ## change the code that writes to images in one place at a time: which tests notice? hours when whole; MUTANTS="--area Registry.Editing --sample 300 --seed 1" narrows it
	@sh tests/OfflinePatch.Mutants/run.sh $(CONFIG) $(MUTANTS)

crash: build tools machines ## kill the program, and lose power, at every operation that changes a file, in every format and for every command
	@OFFLINEPATCH_CRASH_SEEDS=$(SEEDS) sh tests/crash/engine.sh $(CONFIG)
	@python3 tests/crash/crash.py bin/offlinepatch "$(MAKE_MACHINES)" $(CRASH)

faults: build tools machines ## errors of the host, signals, second runs, odd places, undo files of others (root for mounts and devices)
	@python3 tests/crash/faults.py bin/offlinepatch "$(MAKE_MACHINES)" $(FAULTS)

soak: build tools machines ## random machines, formats and commands, judged and undone, for MINUTES (10); SOAK="--seed N --cases 1" repeats one
	@python3 tests/soak/soak.py bin/offlinepatch "$(MAKE_MACHINES)" --minutes $(or $(MINUTES),10) $(SOAK)

cluster-test: build machines ## a Slurm cluster of one node: 40 images, 8 tasks, one killed (as root, with Debian's munge, slurmctld, slurmd)
	@bash tests/cluster/slurm.sh bin/offlinepatch "$(MAKE_MACHINES)"

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

# what is released carries the version of the tags, and no path of this machine
release: ## like build, with the version of the tags; the same bytes wherever it is built
	@rm -rf bin
	@dotnet publish $(CLI) -c Release -r $(RID) $(BUILD_$(NATIVE)) -p:RunAnalyzers=false -p:ReleaseBuild=true "-p:Version=$$(sh $(PACKAGE)/version.sh)" \
	  -o bin --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
	@echo "built bin/offlinepatch $$(sh $(PACKAGE)/version.sh)"

dist: release ## archives for DIST_RIDS, a bill of materials and checksums, in artifacts/dist
	@HOST_RID=$(RID) DIST_RIDS="$(DIST_RIDS)" ASSETS=$(ASSETS_$(NATIVE)) sh $(PACKAGE)/dist.sh

deb: release ## a Debian package, in artifacts/deb
	@ASSETS=$(ASSETS_$(NATIVE)) sh $(PACKAGE)/deb.sh

pack: ## NuGet packages of the libraries, and of the command as a .NET tool, in artifacts/packages
	@sh $(PACKAGE)/pack.sh

install: ## bin/offlinepatch (make build before), manual pages and completion below PREFIX (/usr/local); DESTDIR goes before it
	@test -x bin/offlinepatch || { echo "make build comes first"; exit 1; }
	@sh $(PACKAGE)/install.sh bin "$(PREFIX)" "$(DESTDIR)"

uninstall: ## take away what install installed
	@sh $(PACKAGE)/install.sh --remove "$(PREFIX)" "$(DESTDIR)"

reproducible: ## two builds of this commit in two places: the same bytes? REPRODUCIBLE="pack deb dist" chooses what is built
	@sh tests/packages/reproducible.sh $(REPRODUCIBLE)

dist-test: ## judge artifacts/dist: checksums, contents, and that each program is of the system that its archive names
	@python3 tests/packages/dist.py

deb-test: machines ## lintian; install and remove artifacts/deb/*.deb in a debootstrap root (as root)
	@sh tests/packages/deb.sh

container-test: build ## lint src/deploy/Containerfile, build it with buildah on a debootstrap root, and run it (as root)
	@sh tests/packages/container.sh

pack-test: ## pack, and compile and run the programs of README.md and of each PACKAGE.md against the packages
	@sh tests/packages/programs.sh

first-minutes: ## README's commands, run as they are written, with an empty home and package cache; their output is compared
	@sh tests/documents/first-minutes.sh

clean: ## delete what was built
	@rm -rf bin artifacts TestResults
	@find src tests fixtures -type d \( -name bin -o -name obj -o -name TestResults \) -prune -exec rm -rf {} +
