using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <content>The checker: every chain once, every cluster owned by one file at most, lengths that fit, equal copies of the table.</content>
public sealed partial class FatFileSystem
{
    private const int FindingLimit = 1000;
    private const int CheckDepthLimit = 256;

    /// <inheritdoc/>
    public VolumeState State { get; } = new();

    /// <inheritdoc/>
    /// <remarks>Changes that wait for the flush are included.</remarks>
    public IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default) => CheckAll(cancellation).All;

    /// <inheritdoc/>
    /// <remarks>A FAT volume is small: the whole of it is checked.</remarks>
    public IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default) => Check(cancellation);

    /// <inheritdoc/>
    /// <remarks>
    /// Chains that are damaged, too short, or shared: a cluster in them may be marked as free, or freed with another file.
    /// </remarks>
    public IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default) => CheckAll(cancellation).Obstacles;

    private FatFindings CheckAll(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var findings = new FatFindings();
        var owners = new Dictionary<uint, string>();
        if (!_hasChanged && _table.FindDifference() is { } difference)
        {
            findings.Error(FatFindingCode.TablesDiffer, "FAT", $"copies 1 and {difference.Copy} differ in sector {difference.Sector}");
        }

        CheckDirectory(RootCluster, 0, "\\", 0, owners, findings);
        var lost = 0L;
        for (var cluster = 2u; cluster - 2 < _geometry.ClusterCount; cluster++)
        {
            var value = _table.Get(cluster);
            lost += value != 0 && value != _table.Bad && !owners.ContainsKey(cluster) ? 1 : 0;
        }

        if (lost > 0)
        {
            findings.Warn(FatFindingCode.LostClusters, "FAT", $"{lost} clusters belong to no file");
        }

        CheckFreeCount(findings);
        return findings;
    }

    private void CheckDirectory(uint first, uint parent, string path, int depth, Dictionary<uint, string> owners, FatFindings findings)
    {
        if (depth > CheckDepthLimit)
        {
            // The owners of the clusters below are not known.
            findings.Error(FatFindingCode.Unreadable, path, $"more than {CheckDepthLimit} directories inside each other", isObstacle: true);
            return;
        }

        if (findings.Count >= FindingLimit || (first != 0 && !Own(first, path, owners, findings, out _)))
        {
            return;
        }

        FatDirectory directory;
        try
        {
            directory = FatDirectory.Load(_device, _geometry, _table, first);
        }
        catch (CorruptImageException e)
        {
            findings.Error(FatFindingCode.Unreadable, path, $"{e.Structure}: expected {e.Expected}, found {e.Actual}", isObstacle: true);
            return;
        }

        if (depth > 0)
        {
            CheckDots(directory, parent, path, findings);
        }

        var shortNames = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in directory.Items)
        {
            var itemPath = path == "\\" ? path + item.Name : path + "\\" + item.Name;
            if (!shortNames.Add(Convert.ToHexString(item.ShortName)))
            {
                findings.Error(FatFindingCode.ShortNameTwice, itemPath, "its short name occurs twice in the directory");
            }

            if (item.IsDirectory)
            {
                if (item.FirstCluster == 0)
                {
                    findings.Error(FatFindingCode.NoCluster, itemPath, "a directory without a cluster");
                    continue;
                }

                CheckDirectory(item.FirstCluster, first == RootCluster ? 0 : first, itemPath, depth + 1, owners, findings);
                continue;
            }

            if (Own(item.FirstCluster, itemPath, owners, findings, out var count)
                && count != (item.Length + (long)_geometry.ClusterSize - 1) / _geometry.ClusterSize)
            {
                var problem = $"{item.Length} bytes in {count} clusters of {_geometry.ClusterSize}";
                if (count * (long)_geometry.ClusterSize < item.Length)
                {
                    findings.Error(FatFindingCode.ChainLength, itemPath, problem, isObstacle: true);
                }
                else
                {
                    findings.Warn(FatFindingCode.ChainLength, itemPath, problem);
                }
            }
        }
    }

    private bool Own(uint first, string path, Dictionary<uint, string> owners, FatFindings findings, out int count)
    {
        count = 0;
        List<uint> chain;
        try
        {
            chain = _table.Chain(first);
        }
        catch (CorruptImageException e)
        {
            findings.Error(FatFindingCode.Unreadable, path, $"{e.Structure}: expected {e.Expected}, found {e.Actual}", isObstacle: true);
            return false;
        }

        count = chain.Count;
        foreach (var cluster in chain)
        {
            if (!owners.TryAdd(cluster, path))
            {
                findings.Error(FatFindingCode.ClusterOwnedTwice, path, $"cluster {cluster} belongs to {owners[cluster]} too",
                    isObstacle: true);
                return false;
            }
        }

        return true;
    }

    private void CheckDots(FatDirectory directory, uint parent, string path, FatFindings findings)
    {
        if (directory.SlotCount < 2 || !directory.Slot(0)[..11].SequenceEqual(".          "u8)
            || !directory.Slot(1)[..11].SequenceEqual("..         "u8)
            || ClusterOf(directory.Slot(0)) != directory.FirstCluster || ClusterOf(directory.Slot(1)) != parent)
        {
            findings.Error(FatFindingCode.DotEntries, path, "its entries '.' and '..' do not lead to itself and to the directory above");
        }
    }

    private void CheckFreeCount(FatFindings findings)
    {
        if (_geometry.InfoOffset == 0 || _hasChanged)
        {
            return;
        }

        var info = new byte[512];
        _device.Read(_geometry.InfoOffset, info);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(FatLayout.Info.FreeClusters));
        if (BinaryPrimitives.ReadUInt32LittleEndian(info) == FatLayout.Info.LeadValue && count != uint.MaxValue
            && count != _table.CountFree())
        {
            findings.Warn(FatFindingCode.FreeCount, "FSInfo", $"{count} free clusters, the table has {_table.CountFree()}");
        }
    }

    private uint ClusterOf(ReadOnlySpan<byte> slot)
    {
        uint cluster = BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterLow..]);
        return _geometry.Type == FatType.Fat32
            ? cluster | ((uint)BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterHigh..]) << 16) : cluster;
    }
}
