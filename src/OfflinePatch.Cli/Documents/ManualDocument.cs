namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>man</c>.</summary>
/// <param name="Folder">Where the pages are.</param>
/// <param name="Pages">How many.</param>
internal sealed record ManualDocument(string Folder, int Pages) : CommandDocument("man");
