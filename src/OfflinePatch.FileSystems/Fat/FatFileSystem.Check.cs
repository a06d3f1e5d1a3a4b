using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <content>The checker: every chain once, every cluster owned by one file at most, lengths that fit, equal copies of the table.</content>
public sealed partial class FatFileSystem
{
    private const int FindingLimit = 1000;
    private const int CheckDepthLimit = 256;

    /// <summary>Checks the whole volume, changes included. Never throws for damage.</summary>
    public IReadOnlyList<FatFinding> Check()
    {
        var findings = new List<FatFinding>();
        var owners = new Dictionary<uint, string>();
        if (!_hasChanged && _table.FindDifference() is { } difference)
        {
            findings.Add(new("FATCHK-01", "FAT", $"copies 1 and {difference.Copy} differ in sector {difference.Sector}", IsError: true));
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
            findings.Add(new("FATCHK-02", "FAT", $"{lost} clusters belong to no file", IsError: false));
        }

        CheckFreeCount(findings);
        return findings;
    }

    private void CheckDirectory(uint first, uint parent, string path, int depth, Dictionary<uint, string> owners, List<FatFinding> findings)
    {
        if (findings.Count >= FindingLimit || depth > CheckDepthLimit || (first != 0 && !Own(first, path, owners, findings, out _)))
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
            findings.Add(new("FATCHK-03", path, $"{e.Structure}: expected {e.Expected}, found {e.Actual}", IsError: true));
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
                findings.Add(new("FATCHK-04", itemPath, "its short name occurs twice in the directory", IsError: true));
            }

            if (item.IsDirectory)
            {
                if (item.FirstCluster == 0)
                {
                    findings.Add(new("FATCHK-05", itemPath, "a directory without a cluster", IsError: true));
                    continue;
                }

                CheckDirectory(item.FirstCluster, first == RootCluster ? 0 : first, itemPath, depth + 1, owners, findings);
                continue;
            }

            if (Own(item.FirstCluster, itemPath, owners, findings, out var count)
                && count != (item.Length + (long)_geometry.ClusterSize - 1) / _geometry.ClusterSize)
            {
                findings.Add(new("FATCHK-06", itemPath, $"{item.Length} bytes in {count} clusters of {_geometry.ClusterSize}", IsError: count * (long)_geometry.ClusterSize < item.Length));
            }
        }
    }

    private bool Own(uint first, string path, Dictionary<uint, string> owners, List<FatFinding> findings, out int count)
    {
        count = 0;
        List<uint> chain;
        try
        {
            chain = _table.Chain(first);
        }
        catch (CorruptImageException e)
        {
            findings.Add(new("FATCHK-03", path, $"{e.Structure}: expected {e.Expected}, found {e.Actual}", IsError: true));
            return false;
        }

        count = chain.Count;
        foreach (var cluster in chain)
        {
            if (!owners.TryAdd(cluster, path))
            {
                findings.Add(new("FATCHK-07", path, $"cluster {cluster} belongs to {owners[cluster]} too", IsError: true));
                return false;
            }
        }

        return true;
    }

    private void CheckDots(FatDirectory directory, uint parent, string path, List<FatFinding> findings)
    {
        if (directory.SlotCount < 2 || !directory.Slot(0)[..11].SequenceEqual(".          "u8) || !directory.Slot(1)[..11].SequenceEqual("..         "u8)
            || ClusterOf(directory.Slot(0)) != directory.FirstCluster || ClusterOf(directory.Slot(1)) != parent)
        {
            findings.Add(new("FATCHK-08", path, "its entries '.' and '..' do not lead to itself and to the directory above", IsError: true));
        }
    }

    private void CheckFreeCount(List<FatFinding> findings)
    {
        if (_geometry.InfoOffset == 0 || _hasChanged)
        {
            return;
        }

        var info = new byte[512];
        _device.Read(_geometry.InfoOffset, info);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(FatLayout.Info.FreeClusters));
        if (BinaryPrimitives.ReadUInt32LittleEndian(info) == FatLayout.Info.LeadValue && count != uint.MaxValue && count != _table.CountFree())
        {
            findings.Add(new("FATCHK-09", "FSInfo", $"{count} free clusters, the table has {_table.CountFree()}", IsError: false));
        }
    }

    private uint ClusterOf(ReadOnlySpan<byte> slot)
    {
        uint cluster = BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterLow..]);
        return _geometry.Type == FatType.Fat32 ? cluster | ((uint)BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterHigh..]) << 16) : cluster;
    }
}
