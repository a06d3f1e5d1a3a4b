#!/bin/sh
# Whole processes beside their peers, in one run on this machine: make bench. Ratios are what counts; absolute times depend on the machine.
set -eu
dotnet build fixtures/OfflinePatch.Fixtures/OfflinePatch.Fixtures.csproj -c Release --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
exec /usr/bin/env python3 tests/OfflinePatch.Benchmarks/compare.py "$@"
