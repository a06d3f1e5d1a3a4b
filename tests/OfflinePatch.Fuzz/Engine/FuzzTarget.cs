namespace OfflinePatch.Fuzz.Engine;

/// <summary>One parser under fuzzing.</summary>
/// <param name="Name">The name on the command line, and of the folder of its kept inputs.</param>
/// <param name="Seeds">Good inputs to start from, made by our own writers.</param>
/// <param name="Run">Feeds one input to the parser; throws what the parser throws.</param>
/// <param name="Sign">Makes checksums fit again, so that a mutant gets past them; null where the format has none.</param>
internal sealed record FuzzTarget(string Name, Func<IEnumerable<byte[]>> Seeds, Action<FuzzInput> Run, Action<Mutant>? Sign = null)
{
    /// <summary>Whether the input is text: mutators then work with words and lines, too.</summary>
    public bool IsText { get; init; }

    /// <summary>Files of the corpus, by their name in its manifest, that are seeds where it is there.</summary>
    public IReadOnlyList<string> Corpus { get; init; } = [];
}
