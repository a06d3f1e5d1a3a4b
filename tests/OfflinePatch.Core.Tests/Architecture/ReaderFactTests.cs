namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// What a reader finds out is judged by a rule, shown by <c>inspect</c> or used by a command; a public fact that nothing above its assembly
/// reads is either listed here with its reason, or no longer public.
/// </summary>
[Trait("tier", "unit")]
public sealed class ReaderFactTests
{
    private static readonly string[] Above = ["OfflinePatch.Windows", "OfflinePatch.Cli"];

    /// <summary>Facts, or types of facts, that nothing above reads, with the reason why neither a rule nor a note is missing.</summary>
    private static readonly (string Reason, string[] Facts)[] Reasons =
    [
        ("constants of the format, or what can be written: no fact of an image",
            ["Disks.Partitions.PartitionTypes", "Disks.DiskFormat", "Disks.DiskWriter", "Disks.ImageIdentity",
                "Disks.Formats.DiskFormats"]),
        ("a note of PartitionTable, or kept by ProtectiveMbrWriter and GptGrowth", ["Disks.Partitions.ProtectiveMbr"]),
        ("told by DiskGrowth.WhyNot", ["Disks.DiskImage.WhyNotGrow"]),
        ("what a caller itself did, for users of the library",
            ["Disks.OverlayDisk.IsTouched", "Disks.Conversion.ConversionProgress", "Disks.Conversion.ConversionResult.DataBytes",
                "Ntfs.Volume.NtfsVolume.HasUnflushedChanges", "Ntfs.Volume.NtfsGrowth.TotalSectors",
                "Ntfs.Replay.LogReplayResult.LastLsn"]),
        ("the same is read as FileEntry, VolumeState, IFileSystem, or from NtfsVolume",
            ["Ntfs.Volume.NtfsFile.IsDirectory", "Ntfs.Volume.NtfsFile.Length", "Ntfs.Volume.NtfsFile.Attributes",
                "Ntfs.Volume.NtfsWalkEntry.Reference", "Ntfs.Volume.NtfsVolumeState.Summary", "Ntfs.Layout.FileReference.Value",
                "Ntfs.Engine.VolumeGeometry.ClusterSize", "Ntfs.Engine.VolumeGeometry.SerialNumber",
                "FileSystems.Trees.TreeFileSystem.Format"]),
        ("the layout of the volume, which is checked when it is opened",
            ["Ntfs.Engine.VolumeGeometry.ClusterShift", "Ntfs.Engine.VolumeGeometry.TotalSectors",
                "Ntfs.Engine.VolumeGeometry.ClusterCount",
                "Ntfs.Engine.VolumeGeometry.MftLcn", "Ntfs.Engine.VolumeGeometry.MirrorLcn", "Ntfs.Engine.VolumeGeometry.IndexBlockSize",
                "Ntfs.Engine.VolumeGeometry.MaxVcn", "Ntfs.Volume.NtfsVolume.Upcase", "Ntfs.Engine.Indexes.UpcaseTable"]),
        ("bytes for users of the library; the tag decides, and fs stat names it", ["Ntfs.Volume.NtfsFile.ReparseContent"]),
        ("how a hive is walked, read by the editor and by .reg text",
            ["Registry.HiveKey.Hive", "Registry.HiveKey.IsRoot", "Registry.HiveKey.Parent", "Registry.HiveValue.Length",
                "Registry.RegText.RegTextValue", "Registry.RegText.RegTextSection", "Registry.Logs.HiveLogs.IsEmpty"]),
        ("for users of the library: salvage, and what .reg text does not carry",
            ["Registry.Hive.FileName", "Registry.Hive.Skipped", "Registry.HiveKey.SecurityDescriptor"]),
        ("printed by BcdElement.ToDisplayLines and BcdDevice.Describe", ["Registry.Bcd.BcdDevice.Parent",
            "Registry.Bcd.BcdElement.Integers"]),
        ("parts of an INF: InfModels, InfEffects and InfPath give what counts",
            ["Drivers.Inf.InfDecoration", "Drivers.Inf.InfFile", "Drivers.Inf.InfLine", "Drivers.Inf.InfSection", "Drivers.Inf.InfModel",
                "Drivers.Inf.InfModels", "Drivers.Inf.InfSourceFiles", "Drivers.Inf.InfStrings", "Drivers.Inf.InfVersion",
                "Drivers.Inf.InfNotice", "Drivers.Inf.InfRegistryEdit", "Drivers.Inf.InfFileCopy", "Drivers.Inf.InfFileDelete",
                "Drivers.Inf.InfService", "Drivers.Inf.InfFilter", "Drivers.Inf.InfEffects"]),
        ("the package is chosen in the assembly: DriverSelection, by directories and versions of the manifest",
            ["Drivers.WindowsTarget", "Drivers.Manifest.DriverDirectory", "Drivers.Manifest.DriverFamily",
                "Drivers.Manifest.DriverManifest",
                "Drivers.Manifest.DriverEntry", "Drivers.Manifest.InstalledBundle", "Drivers.Packages.DriverSelection",
                "Drivers.Packages.DriverPackage", "Drivers.Packages.DriverSource"]),
        ("DriverPackageCheck turns them into findings and one verdict",
            ["Drivers.Signatures.Catalog", "Drivers.Signatures.FileSignature", "Drivers.Signatures.KernelDecision",
                "Drivers.Signatures.SignatureProblem", "Drivers.Signatures.SignatureVerdict", "Drivers.Signatures.SignedContent",
                "Drivers.Signatures.TrustAnchor", "Drivers.Pe.PeImage", "Drivers.Packages.PackageSignatures",
                "Drivers.Packages.DriverPackageCheck"]),
    ];

    private static readonly string[] Assemblies =
        ["OfflinePatch.Disks", "OfflinePatch.Ntfs", "OfflinePatch.FileSystems", "OfflinePatch.Registry", "OfflinePatch.Drivers"];

    public static TheoryData<string> Readers => [.. Assemblies];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Every_public_fact_of_a_reader_is_used_above_it(string assembly)
    {
        var unread = Unread(assembly).Where(p => !Excused(p).Any()).ToList();
        Assert.True(unread.Count == 0, string.Join('\n', unread));
    }

    [Fact]
    public void No_reason_is_given_for_a_fact_that_is_used() =>
        Assert.Empty(Reasons.SelectMany(r => r.Facts).Except(Assemblies.SelectMany(Unread).SelectMany(Excused)));

    private static IEnumerable<string> Excused(string property) =>
        Reasons.SelectMany(r => r.Facts)
            .Where(f => property == $"OfflinePatch.{f}" || property[..property.LastIndexOf('.')] == $"OfflinePatch.{f}");

    private static List<string> Unread(string assembly)
    {
        var read = Above.SelectMany(a => PropertyReads.ReadBy(BuiltAssembly.PathOf(a))).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. PropertyReads.Offered(BuiltAssembly.PathOf(assembly))
                .Where(p => !read.Contains(p) && !read.Contains(p[..p.LastIndexOf('.')] + ".*") && !IsOption(p)),
        ];
    }

    // What a caller asks for is not what a reader found.
    private static bool IsOption(string property) =>
        property[..property.LastIndexOf('.')] is var type && (type.EndsWith("Options", StringComparison.Ordinal)
            || type.EndsWith("Request", StringComparison.Ordinal));
}
