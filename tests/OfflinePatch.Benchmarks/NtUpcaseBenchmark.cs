using BenchmarkDotNet.Attributes;
using OfflinePatch.Core;

namespace OfflinePatch.Benchmarks;

/// <summary>Comparing names is what every lookup in a directory or hive does most.</summary>
[MemoryDiagnoser]
public class NtUpcaseBenchmark
{
    private const string Left = "Microsoft-Windows-Client-Features-Package~31bf3856ad364e35~amd64~~10.0.17763.1";
    private const string Right = "MICROSOFT-WINDOWS-CLIENT-FEATURES-PACKAGE~31BF3856AD364E35~AMD64~~10.0.17763.2";

    [Benchmark]
    public int Compare() => NtUpcase.Compare(Left, Right);
}
