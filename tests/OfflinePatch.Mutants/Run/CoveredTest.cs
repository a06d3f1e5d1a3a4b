namespace OfflinePatch.Mutants.Run;

/// <summary>A test that passes, and the mutants that it reaches.</summary>
/// <param name="Id">The number that the test framework gives it.</param>
/// <param name="Class">Its class with the namespace.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Milliseconds">How long it takes with the instrumented assembly.</param>
/// <param name="Cold">What it reaches when it is the first of its process.</param>
/// <param name="Warm">What it reaches each time.</param>
internal sealed record CoveredTest(string Id, string Class, string Name, long Milliseconds, IReadOnlySet<int> Cold, IReadOnlySet<int> Warm);
