using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>Loads a hive: the base block, the logs where it is dirty, the extent of the bins and the root key.</summary>
internal static class HiveLoader
{
    /// <summary>
    /// Loads in place: after it the base block is sound, <see cref="HiveImage.BinsSize"/> is set, and there is a root key.
    /// </summary>
    public static HiveRecovery Load(HiveImage image, Func<HiveLogs> logs, HiveOpenOptions options)
    {
        var recovery = LoadBins(image, logs, options);
        BaseBlock.TryRead(image.Header, out var block);
        CheckRoot(image, block.RootCell);
        return recovery;
    }

    /// <summary>The same without checking the root key.</summary>
    public static HiveRecovery LoadBins(HiveImage image, Func<HiveLogs> logs, HiveOpenOptions options)
    {
        var recovery = LoadBaseBlock(image, logs, options);
        BaseBlock.TryRead(image.Header, out var block);
        SetBinsSize(image, block.BinsSize, options);
        if (recovery.Kind is HiveRecoveryKind.ReplayedEntries or HiveRecoveryKind.ReplayedPages)
        {
            CheckBins(image);
        }

        return recovery;
    }

    private static HiveRecovery LoadBaseBlock(HiveImage image, Func<HiveLogs> logs, HiveOpenOptions options)
    {
        if (image.Length < BaseBlock.Size + HiveBin.Alignment || !BaseBlock.TryRead(image.Header, out var block))
        {
            throw RegistryError.TooShort(image.Length);
        }

        var problem = BaseBlockProblem(block);
        if (problem is null && block.PrimarySequence == block.SecondarySequence)
        {
            return HiveRecovery.Clean;
        }

        if (problem is not null && !image.File[BaseBlock.Size..].StartsWith(HiveBin.SignatureBytes))
        {
            throw problem;
        }

        var replay = new LogReplay(image, logs(), baseBlockIsSound: problem is null);
        if (replay.TryRun(out var recovery))
        {
            BaseBlock.TryRead(image.Header, out var recovered); // it may be the log's own
            return BaseBlockProblem(recovered) is { } fault ? throw fault : recovery;
        }

        if (problem is not null)
        {
            throw problem;
        }

        if (options.Unclean == UncleanHive.Refuse && !options.Salvage)
        {
            throw RegistryError.Unclean(replay.Reason);
        }

        return recovery;
    }

    /// <summary>What Windows objects to in a base block, apart from sequence numbers; null when it is sound.</summary>
    internal static CorruptImageException? BaseBlockProblem(BaseBlock block)
    {
        if (!block.HasSignature)
        {
            return RegistryError.NotAHive("something else");
        }

        if (!block.IsChecksumValid)
        {
            return RegistryError.BaseBlockField("checksum", BaseBlock.Layout.Checksum, "the XOR of the words before it",
                $"0x{block.Checksum:X8}");
        }

        if (block.MajorVersion > 1)
        {
            return RegistryError.BaseBlockField("major version", BaseBlock.Layout.MajorVersion, "1 at most", $"{block.MajorVersion}");
        }

        if (block.MinorVersion is < 3 or > 6)
        {
            return RegistryError.BaseBlockField("minor version", BaseBlock.Layout.MinorVersion, "3 to 6", $"{block.MinorVersion}");
        }

        if (block.FileType != HiveFileType.Primary)
        {
            return RegistryError.BaseBlockField("file type", BaseBlock.Layout.FileType, "0, a hive", $"{(uint)block.FileType}");
        }

        return block.FileFormat == 1 ? null
            : RegistryError.BaseBlockField("file format", BaseBlock.Layout.FileFormat, "1", $"{block.FileFormat}");
    }

    private static void SetBinsSize(HiveImage image, uint binsSize, HiveOpenOptions options)
    {
        if (binsSize == 0 || binsSize % HiveBin.Alignment != 0)
        {
            throw RegistryError.BaseBlockField("size of the hive bins", BaseBlock.Layout.BinsSize, "a multiple of 4096", $"0x{binsSize:X}");
        }

        if (binsSize > BaseBlock.MaxBinsSize)
        {
            throw RegistryError.TooLong(binsSize + (long)BaseBlock.Size);
        }

        var present = (image.Length - BaseBlock.Size) / HiveBin.Alignment * HiveBin.Alignment;
        if (binsSize > (uint)present && !options.Salvage)
        {
            throw RegistryError.Truncated(binsSize + (long)BaseBlock.Size, image.Length);
        }

        image.BinsSize = Math.Min((int)binsSize, present);
    }

    private static void CheckRoot(HiveImage image, CellOffset root)
    {
        if (!image.TryGetCell(root, out var cell))
        {
            throw RegistryError.NoRoot(root, "no allocated cell");
        }

        if (!KeyNode.TryRead(cell, out _))
        {
            throw RegistryError.NoRoot(root, "no key node");
        }
    }

    private static void CheckBins(HiveImage image)
    {
        for (var offset = 0; offset < image.BinsSize;)
        {
            if (!HiveBin.TryRead(image.Bins[offset..], out var bin) || !bin.HasSignature || bin.Offset != (uint)offset
                || bin.Size == 0 || bin.Size % HiveBin.Alignment != 0 || bin.Size > (uint)(image.BinsSize - offset))
            {
                throw RegistryError.ReplayedBin(offset + (long)BaseBlock.Size);
            }

            offset += (int)bin.Size;
        }
    }
}
