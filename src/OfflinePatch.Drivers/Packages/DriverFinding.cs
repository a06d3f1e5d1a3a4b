namespace OfflinePatch.Drivers.Packages;

/// <summary>What a finding about a package means for its use.</summary>
public enum DriverFindingKind
{
    /// <summary>Worth knowing; the package is used.</summary>
    Warning,

    /// <summary>The signature does not hold; the package is used only with <c>--allow-unsigned</c>.</summary>
    Signature,

    /// <summary>The package cannot be used.</summary>
    Refusal,
}

/// <summary>What a finding is about, where other code needs to know.</summary>
public enum DriverFindingSubject
{
    /// <summary>Anything else.</summary>
    Other,

    /// <summary>The INF cannot be used for the Windows: it has no devices for it, or cannot be read.</summary>
    UnusableInf,

    /// <summary>A file, or the catalogue, is missing or only there in compressed form.</summary>
    MissingFile,

    /// <summary>A file is not the one that the catalogue lists.</summary>
    AlteredFile,
}

/// <summary>Something that the check of a package found.</summary>
/// <param name="Code">Stable code, <c>DRV-1001</c> and up.</param>
/// <param name="Kind">What it means.</param>
/// <param name="File">The file concerned, relative to the package, or empty.</param>
/// <param name="Message">A full sentence.</param>
public sealed record DriverFinding(string Code, DriverFindingKind Kind, string File, string Message)
{
    /// <summary>What it is about.</summary>
    public DriverFindingSubject Subject { get; init; }

    /// <summary>The INF has no devices for any Windows that is handled.</summary>
    /// <param name="inf">The INF.</param>
    /// <param name="windows">The versions, for the message: <c>Windows 7 or later</c>.</param>
    /// <param name="rejected">Why its sections were rejected.</param>
    public static DriverFinding NoModels(string inf, string windows, IReadOnlyList<string> rejected) =>
        new("DRV-1001", DriverFindingKind.Refusal, inf,
            $"{inf} has no devices for {windows}{(rejected.Count > 0 ? $" ({string.Join("; ", rejected.Take(3))})" : "")}.")
        {
            Subject = DriverFindingSubject.UnusableInf,
        };

    internal static DriverFinding Missing(string file) =>
        new("DRV-1002", DriverFindingKind.Refusal, file,
            $"{file} is listed in the INF, but not there.")
        { Subject = DriverFindingSubject.MissingFile };

    internal static DriverFinding NotExecutable(string file, string reason) =>
        new("DRV-1003", DriverFindingKind.Refusal, file, $"{file} is not an executable: {reason}.");

    internal static DriverFinding WrongMachine(string file, string found, string wanted) =>
        new("DRV-1004", DriverFindingKind.Refusal, file, $"{file} is made for {found}, not for {wanted}.");

    /// <summary>An INF that cannot be used at all.</summary>
    /// <param name="inf">The INF.</param>
    /// <param name="message">Why, a full sentence.</param>
    public static DriverFinding Broken(string inf, string message) =>
        new("DRV-1005", DriverFindingKind.Refusal, inf, message) { Subject = DriverFindingSubject.UnusableInf };

    internal static DriverFinding NoCatalogNamed(string inf) =>
        new("DRV-1006", DriverFindingKind.Signature, inf, $"{inf} names no catalogue: the package is not signed.");

    internal static DriverFinding NoCatalog(string file) =>
        new("DRV-1007", DriverFindingKind.Signature, file,
            $"{file}, the catalogue that the INF names, is not there.")
        { Subject = DriverFindingSubject.MissingFile };

    internal static DriverFinding BadCatalog(string file, string message) =>
        new("DRV-1008", DriverFindingKind.Signature, file, message);

    internal static DriverFinding NotInCatalog(string file, string catalog) =>
        new("DRV-1009", DriverFindingKind.Signature, file,
            $"{file} is not the file that {catalog} lists: its hash is not there.")
        { Subject = DriverFindingSubject.AlteredFile };

    internal static DriverFinding CatalogAltered(string catalog, string reason) =>
        new("DRV-1010", DriverFindingKind.Signature, catalog, $"{catalog}: {reason}.");

    internal static DriverFinding BootNotEmbedded(string file) =>
        new("DRV-1011", DriverFindingKind.Signature, file,
            $"{file} starts at boot and carries no signature of its own: the boot loader refuses it.");

    internal static DriverFinding Sha2OnWindows7(string file) =>
        new("DRV-1012", DriverFindingKind.Signature, file,
            $"{file} is signed with SHA-2 only: this Windows needs KB3033929 or KB4474419 to load it.");

    internal static DriverFinding EmbeddedUnreadable(string file, string reason) =>
        new("DRV-1013", DriverFindingKind.Signature, file, $"The signature inside {file} cannot be used: {reason}.");

    internal static DriverFinding InfProblem(string inf, int line, string message) =>
        new("DRV-1014", DriverFindingKind.Warning, inf, $"{inf}, line {line}: {message}");

    internal static DriverFinding SameId(string loser, string winner, string driver) =>
        new("DRV-1022", DriverFindingKind.Warning, loser, $"{loser} and {winner} both claim the devices of {driver}; {winner} is taken.");

    internal static DriverFinding EqualClaim(string first, string second, string driver) =>
        new("DRV-1016", DriverFindingKind.Refusal, second,
            $"{first} and {second} both claim the devices of {driver}, and come from different makers.");

    internal static DriverFinding Compressed(string file, string compressed) =>
        new("DRV-1017", DriverFindingKind.Refusal, file,
            $"{file} is there only in compressed form ({compressed}).")
        { Subject = DriverFindingSubject.MissingFile };

    internal static DriverFinding BadDestination(string inf, string destination, string problem) =>
        new("DRV-1030", DriverFindingKind.Refusal, inf, $"{inf} copies a file to {Shown(destination)}: {problem}.");

    internal static DriverFinding BadService(string inf, string service, string problem) =>
        new("DRV-1031", DriverFindingKind.Refusal, inf, $"{inf} installs the service {service}: {problem}.");

    internal static DriverFinding BadVersion(string inf, string problem) =>
        new("DRV-1032", DriverFindingKind.Refusal, inf, $"{Shown(inf)} cannot be used: {problem}.");

    internal static DriverFinding KernelRefuses(string file, string reason) =>
        new("DRV-1018", DriverFindingKind.Signature, file, $"The kernel of this Windows does not load {file}: {reason}.");

    internal static DriverFinding CatalogRefused(string catalog, string reason) =>
        new("DRV-1019", DriverFindingKind.Signature, catalog, $"This Windows does not accept {catalog}: {reason}.");

    internal static DriverFinding CatalogWarning(string catalog, string verdict) =>
        new("DRV-1020", DriverFindingKind.Warning, catalog, $"{catalog} is {verdict}: Windows asks before it installs the device.");

    internal static DriverFinding FellBack(string refused, string reason, string taken) =>
        new("DRV-1021", DriverFindingKind.Warning, refused, $"{refused} is not used: {reason} {taken} is taken instead.");

    // Paths from a package are shown without control characters, and cut to a maximum length.
    private static string Shown(string text) => string.Concat(text.Take(120).Select(c => char.IsControl(c) ? '?' : c));

    /// <summary>A package that is not used because another one of the same driver is the better one.</summary>
    /// <param name="loser">The INF.</param>
    /// <param name="winner">The INF that is used.</param>
    public static DriverFinding GivesWay(string loser, string winner) =>
        new("DRV-1033", DriverFindingKind.Warning, loser, $"{winner} is the better one of the same driver for this Windows.");

    internal static DriverFinding Superseded(string what) =>
        new("DRV-1015", DriverFindingKind.Warning, what, what);
}
