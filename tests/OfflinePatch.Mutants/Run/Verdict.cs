using OfflinePatch.Mutants.Instrument;

namespace OfflinePatch.Mutants.Run;

/// <summary>What became of a mutant.</summary>
internal enum Fate
{
    /// <summary>A test failed, or its process ended.</summary>
    Killed,

    /// <summary>A test did not end.</summary>
    TimedOut,

    /// <summary>Every test that reaches it passed.</summary>
    Survived,

    /// <summary>No test reaches it.</summary>
    NotCovered,
}

/// <summary>What became of one mutant.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="By">The test that noticed it, and what it said.</param>
internal sealed record Verdict(Mutant Mutant, Fate Fate, string By = "");
