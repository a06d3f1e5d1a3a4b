using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>witness</c>.</summary>
/// <param name="Images">How far each image got, in the order of the command line.</param>
internal sealed record WitnessDocument(IReadOnlyList<WitnessReport> Images) : CommandDocument("witness");
