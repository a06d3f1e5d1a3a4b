using System.Globalization;

namespace OfflinePatch.Drivers.Inf;

/// <summary>What <c>[Version]</c> says. Source: learn.microsoft.com inf-version-section, inf-driverver-directive.</summary>
public sealed record InfVersion
{
    private readonly IReadOnlyDictionary<string, string> _catalogs;

    private InfVersion(IReadOnlyDictionary<string, string> catalogs) => _catalogs = catalogs;

    /// <summary>Name of the device setup class, or empty.</summary>
    public string ClassName { get; private init; } = "";

    /// <summary>The device setup class, or <see cref="Guid.Empty"/>.</summary>
    public Guid ClassGuid { get; private init; }

    /// <summary>Whether <c>ClassGuid</c> is there and is no GUID.</summary>
    public bool HasBrokenClassGuid { get; private init; }

    /// <summary>Who made the INF, substituted.</summary>
    public string Provider { get; private init; } = "";

    /// <summary>The date of <c>DriverVer</c>, UTC midnight, or <see cref="DateTime.MinValue"/>.</summary>
    public DateTime DriverDate { get; private init; }

    /// <summary>The version of <c>DriverVer</c>; 0.0.0.0 when missing.</summary>
    public DriverVersion DriverVersion { get; private init; }

    /// <summary><c>PnpLockdown</c>: Windows protects the installed files.</summary>
    public bool PnpLockdown { get; private init; }

    /// <summary><c>ExtensionId</c> of an extension INF, or null.</summary>
    public Guid? ExtensionId { get; private init; }

    /// <summary>What is odd in the section, in full sentences.</summary>
    public IReadOnlyList<string> Problems { get; private init; } = [];

    /// <summary>
    /// The catalogue's file name for an architecture: <c>CatalogFile.NTamd64</c>, <c>CatalogFile.NT</c>, or <c>CatalogFile</c>; null when
    /// the package is not signed.
    /// </summary>
    public string? CatalogFile(ProcessorArchitecture architecture) =>
        _catalogs.GetValueOrDefault($"NT{architecture.InfName()}") ?? _catalogs.GetValueOrDefault("NT") ?? _catalogs.GetValueOrDefault("");

    /// <summary>All catalogues named.</summary>
    public IEnumerable<string> Catalogs => _catalogs.Values.Distinct(StringComparer.OrdinalIgnoreCase);

    internal static InfVersion Read(InfFile inf)
    {
        var section = inf.Find("Version") ?? throw InfError.NoVersion(inf.Name);
        string Text(string key) => section.Find(key) is { } line ? inf.Expand(line.Field(0)) : "";

        var signature = Text("Signature");
        if (!IsSignature(signature))
        {
            throw InfError.NoVersion(inf.Name);
        }

        var problems = new List<string>();
        var catalogs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in section.Lines)
        {
            if (line.Key is { } key && key.StartsWith("CatalogFile", StringComparison.OrdinalIgnoreCase) && line.Field(0).Length > 0)
            {
                catalogs[key.Length > 12 && key[11] == '.' ? key[12..] : ""] = inf.Expand(line.Field(0));
            }
        }

        Guid classGuid = default;
        if (Text("ClassGuid") is { Length: > 0 } guid && !Guid.TryParse(guid, out classGuid))
        {
            problems.Add($"ClassGuid {guid} is not a GUID.");
        }

        var (date, version) = ReadDriverVer(section.Find("DriverVer"), inf, problems);
        return new InfVersion(catalogs)
        {
            ClassName = Text("Class"),
            ClassGuid = classGuid,
            HasBrokenClassGuid = classGuid == Guid.Empty && Text("ClassGuid").Length > 0,
            Provider = Text("Provider"),
            DriverDate = date,
            DriverVersion = version,
            PnpLockdown = InfText.TryParseNumber(Text("PnpLockdown"), out var lockdown) && lockdown == 1,
            ExtensionId = Guid.TryParse(Text("ExtensionId"), out var extension) ? extension : null,
            Problems = problems,
        };
    }

    private static bool IsSignature(string text) =>
        text.Equals("$Windows NT$", StringComparison.OrdinalIgnoreCase)
        || text.Equals("$Windows 95$", StringComparison.OrdinalIgnoreCase)
        || text.Equals("$CHICAGO$", StringComparison.OrdinalIgnoreCase);

    private static (DateTime Date, DriverVersion Version) ReadDriverVer(InfLine? line, InfFile inf, List<string> problems)
    {
        if (line is null)
        {
            return (DateTime.MinValue, default);
        }

        var text = inf.Expand(line.Field(0)).Trim();
        string[] formats = ["M/d/yyyy", "M-d-yyyy", "M/d/yy"];
        if (!DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date))
        {
            date = DateTime.MinValue;
            problems.Add($"the date of DriverVer, {text}, is not mm/dd/yyyy.");
        }

        if (!DriverVersion.TryParse(inf.Expand(line.Field(1)), out var version))
        {
            problems.Add($"the version of DriverVer, {line.Field(1)}, is not w.x.y.z with numbers up to 65535.");
        }

        return (date, version);
    }
}
