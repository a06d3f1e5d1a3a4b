namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// The folders of an assembly are layers: a type may name types of its own folder and of folders below it, never of one above. Judged by
/// the references that the compiler wrote. A folder is a namespace: the first name after that of the assembly; the empty name stands for
/// files beside the folders.
/// </summary>
[Trait("tier", "unit")]
public sealed class LayerTests
{
    /// <summary>
    /// The folders of each assembly, lowest first. Folders of one row that are separated by a blank are one layer, and do not name each
    /// other.
    /// </summary>
    private static readonly Dictionary<string, string[]> Layers = new(StringComparer.Ordinal)
    {
        ["OfflinePatch.Core"] = ["Binary Compression Text Errors", "Devices", "FileSystem", "Hosting", "Transactions"],
        ["OfflinePatch.Disks"] =
            ["", "Partitions Writing Clusters", "Vmdk Vhd Vhdx Vdi Qcow Qcow2 Qed Zvhd", "Raw", "Packages", "Ewf", "Formats", "Conversion"],
        ["OfflinePatch.Ntfs"] = ["Layout", "", "Runs Compression Format", "Engine LogState", "Check", "Replay", "Volume"],
        ["OfflinePatch.FileSystems"] = ["Trees", "Cab Fat Iso Udf Zip", "Msi", ""],
        ["OfflinePatch.Registry"] = ["Layout", "Names Errors", "Cells", "Logs", "Check", "Editing", "", "RegText Bcd"],
        ["OfflinePatch.Drivers"] = ["", "Inf Manifest Pe", "Signatures", "Packages"],
        ["OfflinePatch.Windows"] =
            ["Guest", "Targets", "Accounts", "CloudbaseInit", "FirstStart", "GuestAgent", "DriverStore", "BootStore", "Growth",
                "GuestTools", "Rules", "Reports", "Jobs"],
    };

    /// <summary>
    /// The rooms of the NTFS engine, lowest first: bytes by runs, records, files, what is free, content, indexes, storing, security, and
    /// the open volume that builds them all.
    /// </summary>
    private static readonly string[] EngineLayers =
        ["", "Records", "Attributes", "Allocation", "Streams", "Indexes", "Storage", "Security", "Volumes"];

    public static TheoryData<string> Assemblies => [.. Layers.Keys];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_folder_refers_to_one_above_it(string assembly) =>
        Assert.Empty(Upward(BuiltAssembly.PathOf(assembly), assembly, Layers[assembly]));

    [Fact]
    public void No_room_of_the_NTFS_engine_refers_to_one_above_it() =>
        Assert.Empty(Upward(BuiltAssembly.PathOf("OfflinePatch.Ntfs"), "OfflinePatch.Ntfs.Engine", EngineLayers));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Every_folder_has_a_layer(string assembly)
    {
        var folders = PublicSurface.Types(BuiltAssembly.PathOf(assembly)).Select(t => t.Namespace).Where(n => IsOf(n, assembly))
            .Select(n => Folder(n, assembly)).Distinct();
        Assert.Equal(Layers[assembly].SelectMany(l => l.Split(' ')).Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
    }

    /// <summary>The test itself: with two layers exchanged, what was a downward reference is an upward one, and is found.</summary>
    [Fact]
    public void An_upward_reference_is_found()
    {
        var found = Upward(BuiltAssembly.PathOf("OfflinePatch.Windows"), "OfflinePatch.Windows",
            ["Targets", "Accounts", "CloudbaseInit", "FirstStart", "GuestAgent", "DriverStore", "BootStore", "Growth",
                "GuestTools", "Rules", "Reports", "Jobs", "Guest"]);
        Assert.Contains(found,
            f => f.StartsWith("OfflinePatch.Windows.Rules.RuleContext → OfflinePatch.Windows.Guest.", StringComparison.Ordinal));
        // named in method bodies only
        Assert.Contains(found,
            f => f.Contains(".Rules.Network.NetworkDhcpRule → OfflinePatch.Windows.Guest.ControlSet", StringComparison.Ordinal));
    }

    private static List<string> Upward(string path, string assembly, string[] layers)
    {
        var level = layers.SelectMany((layer, i) => layer.Split(' ').Select(folder => (folder, i)))
            .ToDictionary(f => f.folder, f => f.i, StringComparer.Ordinal);
        return
        [
            .. TypeReferences.Within(path)
                .Where(r => IsOf(r.FromNamespace, assembly) && IsOf(r.ToNamespace, assembly)) // and not made by a generator, or of .NET
                .Select(r => (Reference: r, From: Folder(r.FromNamespace, assembly), To: Folder(r.ToNamespace, assembly)))
                .Where(r => r.From != r.To && level.GetValueOrDefault(r.From, -1) <= level.GetValueOrDefault(r.To, int.MaxValue))
                .Select(r => $"{r.Reference.FromNamespace}.{r.Reference.FromType} → {r.Reference.ToNamespace}.{r.Reference.ToType}")
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool IsOf(string name, string assembly) =>
        name == assembly || name.StartsWith(assembly + ".", StringComparison.Ordinal);

    private static string Folder(string name, string assembly) =>
        name.Length <= assembly.Length
            || !name.StartsWith(assembly + ".", StringComparison.Ordinal) ? "" : name[(assembly.Length + 1)..].Split('.')[0];
}
