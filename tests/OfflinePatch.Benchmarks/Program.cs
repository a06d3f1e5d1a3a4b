using BenchmarkDotNet.Running;

// Single hot paths: `dotnet run -c Release --project tests/OfflinePatch.Benchmarks -- --filter '*'`. Whole processes beside their peers:
// run.sh.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
