namespace OfflinePatch.Windows.Reports;

/// <summary>The document of <c>offlinepatch drivers --json</c>.</summary>
/// <param name="Schema">1.</param>
/// <param name="Tool">The program.</param>
/// <param name="Command"><c>drivers</c>.</param>
/// <param name="Sources">One entry for each source, in the order of the command line.</param>
public sealed record DriverListDocument(int Schema, ToolIdentity Tool, string Command, IReadOnlyList<DriverSourceReport> Sources)
{
    /// <summary>The image that <c>--for</c> names, or null.</summary>
    public string? Image { get; init; }

    /// <summary>The Windows in it, or null.</summary>
    public string? Windows { get; init; }

    /// <summary>What a fix of it would use, or null.</summary>
    public IReadOnlyList<DriverPackageChoice>? Choices { get; init; }
}

/// <summary>The driver packages of one source.</summary>
/// <param name="Path">The source.</param>
/// <param name="Format">What it is: <c>directory</c>, <c>ZIP</c>, <c>ISO 9660 (Joliet)</c>.</param>
/// <param name="Packages">Its packages.</param>
/// <param name="Unreadable">INFs that cannot be read.</param>
public sealed record DriverSourceReport(string Path, string Format, IReadOnlyList<DriverPackageReport> Packages,
    IReadOnlyList<DriverProblemReport> Unreadable);

/// <summary>One driver package.</summary>
/// <param name="Inf">The INF's path in the source.</param>
/// <param name="Family">The family that it belongs to, or null.</param>
/// <param name="Driver">The driver of that family, or null.</param>
/// <param name="Class">Its setup class.</param>
/// <param name="Provider">Who made it.</param>
/// <param name="Version">DriverVer's version.</param>
/// <param name="Date">DriverVer's date, <c>2025-11-12</c>, or null.</param>
/// <param name="Architectures">The architectures that it serves.</param>
/// <param name="Windows">The Windows that it serves: <c>10</c>, <c>2019</c>.</param>
/// <param name="BootStart">Whether a service of it starts at boot.</param>
/// <param name="Signature"><c>signed</c>, <c>notSigned</c> or <c>broken</c>.</param>
/// <param name="Signer">Who signed its catalogue, or null.</param>
/// <param name="Usable">Whether it can be staged as it is.</param>
/// <param name="Problems">Why it would be refused, and what else is wrong.</param>
public sealed record DriverPackageReport(
    string Inf, string? Family, string? Driver, string Class, string Provider, string Version, string? Date,
    IReadOnlyList<string> Architectures,
    IReadOnlyList<string> Windows, bool BootStart, string Signature, string? Signer, bool Usable,
    IReadOnlyList<DriverProblemReport> Problems)
{
    /// <summary>
    /// Who vouches for the catalogue: <c>WHQL</c>, <c>attestation</c>, <c>cross-signed</c>, <c>test-signed</c>…; null when it serves no
    /// Windows.
    /// </summary>
    public string? SignatureKind { get; init; }

    /// <summary>The Windows whose kernel accepts its signatures (7 and 2008 R2: without the updates that bring SHA-2).</summary>
    public IReadOnlyList<string> AcceptedBy { get; init; } = [];

    /// <summary>Those that accept them with Secure Boot, too.</summary>
    public IReadOnlyList<string> AcceptedWithSecureBoot { get; init; } = [];
}

/// <summary>Something wrong with a package.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Kind"><c>warning</c>, <c>signature</c> or <c>refusal</c>.</param>
/// <param name="Message">A full sentence.</param>
public sealed record DriverProblemReport(string Code, string Kind, string Message);
