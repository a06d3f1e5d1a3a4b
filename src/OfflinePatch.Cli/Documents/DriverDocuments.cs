using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>drivers list</c>.</summary>
/// <param name="Path">The image.</param>
/// <param name="Windows">The Windows in it.</param>
/// <param name="Packages">Its driver packages.</param>
internal sealed record DriverStoreDocument(string Path, string Windows, IReadOnlyList<DriverStorePackage> Packages)
    : CommandDocument("drivers list");

/// <summary>The document of <c>drivers export</c>.</summary>
/// <param name="Path">The image.</param>
/// <param name="Directory">The directory of this machine that the packages were copied into.</param>
/// <param name="Packages">The packages that were copied, each into a directory of its own.</param>
/// <param name="Copied">Files that were copied.</param>
/// <param name="LeftOut">What could not be copied.</param>
internal sealed record DriverExportDocument(string Path, string Directory, IReadOnlyList<DriverStorePackage> Packages, int Copied,
    IReadOnlyList<LeftOutReport> LeftOut)
    : CommandDocument("drivers export");
