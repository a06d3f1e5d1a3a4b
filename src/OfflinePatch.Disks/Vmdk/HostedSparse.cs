using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Opens hosted sparse extents (<c>KDMV</c>): checks the header, finds the directories (in a stream: through its footer), checks the
/// tables.
/// </summary>
internal static class HostedSparse
{
    /// <summary>Reads the header sector of a file that is a hosted sparse extent.</summary>
    public static byte[] ReadHeader(BlockDevice file, string fileName)
    {
        if (file.Length < SparseHeader.Layout.Size)
        {
            throw VmdkError.HeaderTruncated(fileName, file.Length);
        }

        var sector = new byte[SparseHeader.Layout.Size];
        file.Read(0, sector);
        if (!SparseHeader.TryCreate(sector, out var header))
        {
            throw VmdkError.NotASparseExtent(fileName, "KDMV");
        }

        if (header.Version is < 1 or > 3)
        {
            throw VmdkError.Version(fileName, header.Version);
        }

        if ((header.Flags & SparseHeader.FlagNewLineCheck) != 0 && !header.NewLinesIntact)
        {
            throw VmdkError.NewLinesChanged(fileName);
        }

        return sector;
    }

    /// <summary>Opens an extent.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="fileName">Its name, for messages.</param>
    /// <param name="start">First guest byte.</param>
    /// <param name="sectors">Guest sectors, from the descriptor.</param>
    /// <param name="parent">The parent disk, or null.</param>
    public static VmdkExtent Open(ResizableDevice file, string fileName, long start, long sectors, VmdkImage? parent)
    {
        var sector = ReadHeader(file, fileName);
        SparseHeader.TryCreate(sector, out var header);
        if (header.GdOffset == VmdkLayout.DirectoryAtEnd)
        {
            sector = ReadFooter(file, fileName);
            SparseHeader.TryCreate(sector, out header);
        }

        CheckGeometry(fileName, header, sectors);
        var grainSectors = (int)header.GrainSize;
        var grains = (sectors + grainSectors - 1) / grainSectors;
        var compressed = header.CompressAlgorithm switch
        {
            0 => false,
            1 => true,
            _ => throw VmdkError.Compression(fileName, header.CompressAlgorithm),
        };
        var hasZeroEntry = (header.Flags & SparseHeader.FlagZeroGrain) != 0;
        var (tables, copy, whyNot) = OpenTables(file, fileName, header, grains, sectors, compressed, hasZeroEntry);
        if (compressed)
        {
            var hasMarkers = (header.Flags & SparseHeader.FlagMarkers) != 0;
            return new CompressedExtent(tables, grainSectors * VmdkLayout.SectorSize, hasMarkers, hasZeroEntry)
            {
                FileName = fileName,
                File = file,
                Start = start,
                Length = sectors * VmdkLayout.SectorSize,
                GrainBytes = grainSectors * VmdkLayout.SectorSize,
                Parent = parent,
            };
        }

        whyNot ??= WhyNotInPlace(fileName, header);
        return new SparseExtent(file, tables, copy, hasZeroEntry, whyNot)
        {
            FileName = fileName,
            File = file,
            Start = start,
            Length = sectors * VmdkLayout.SectorSize,
            GrainBytes = grainSectors * VmdkLayout.SectorSize,
            Parent = parent,
            IsUnclean = header.UncleanShutdown != 0,
        };
    }

    private static string? WhyNotInPlace(string fileName, SparseHeader header)
    {
        if (header.Version == 3)
        {
            return $"{fileName} has VMDK version 3 (changed block tracking), whose change map would no longer be true.";
        }

        return (header.Flags & ~SparseHeader.KnownFlags) != 0 ? $"{fileName} sets unknown flags 0x{header.Flags:X8}." : null;
    }

    private static void CheckGeometry(string fileName, SparseHeader header, long sectors)
    {
        if (header.GrainSize is 0 or > VmdkLayout.MaxGrainSectors || !System.Numerics.BitOperations.IsPow2(header.GrainSize))
        {
            throw VmdkError.GrainSize(fileName, header.GrainSize);
        }

        if (header.Capacity is 0 or > VmdkLayout.MaxCapacitySectors)
        {
            throw VmdkError.Capacity(fileName, header.Capacity);
        }

        // VMware rounds the header's capacity up to a whole grain; the descriptor has the true size.
        if (header.Capacity < (ulong)sectors || header.Capacity - (ulong)sectors >= header.GrainSize)
        {
            throw VmdkError.ExtentSize(fileName, sectors, header.Capacity);
        }

        if (header.EntriesPerTable != VmdkLayout.EntriesPerTable)
        {
            throw VmdkError.EntriesPerTable(fileName, header.EntriesPerTable);
        }
    }

    /// <summary>
    /// The primary directory, and the redundant one where the flag says that there is one. Where the primary is damaged and the other is
    /// whole, that one is read and the extent is not written.
    /// </summary>
    private static (GrainTables Tables, GrainTables? Copy, string? WhyNotInPlace) OpenTables(
        ResizableDevice file, string fileName, SparseHeader header, long grains, long sectors, bool compressed, bool hasZeroEntry)
    {
        var rgdOffset = header.RgdOffset;
        var hasCopy = (header.Flags & SparseHeader.FlagRedundantDirectory) != 0 && rgdOffset != 0 && rgdOffset != header.GdOffset
            && !compressed;
        var check = new SparseTableCheck(file, fileName, (int)header.GrainSize, sectors, compressed, hasZeroEntry);
        check.AddMetadata(0, 1);
        var fileSectors = (ulong)(file.Length / VmdkLayout.SectorSize);
        if (header.DescriptorOffset != 0 && header.DescriptorOffset <= fileSectors
            && header.DescriptorSize <= fileSectors - header.DescriptorOffset)
        {
            check.AddMetadata((long)header.DescriptorOffset, (long)header.DescriptorSize);
        }

        try
        {
            var tables = GrainTables.Open(file, fileName, header.GdOffset, grains, VmdkLayout.EntriesPerTable);
            var copy = hasCopy ? GrainTables.Open(file, fileName, rgdOffset, grains, VmdkLayout.EntriesPerTable) : null;
            var equal = check.Run(tables, copy);
            return (tables, copy, equal ? null : WhyTablesDiffer(fileName, header.UncleanShutdown != 0));
        }
        catch (CorruptImageException) when (hasCopy)
        {
            var alone = TryOpenCopy(file, fileName, rgdOffset, grains, check);
            if (alone is null)
            {
                throw;
            }

            return (alone, null, $"{fileName} has a damaged grain directory; its redundant copy was read.");
        }
    }

    private static GrainTables? TryOpenCopy(ResizableDevice file, string fileName, ulong rgdOffset, long grains, SparseTableCheck check)
    {
        try
        {
            var tables = GrainTables.Open(file, fileName, rgdOffset, grains, VmdkLayout.EntriesPerTable);
            check.Run(tables, null);
            return tables;
        }
        catch (CorruptImageException)
        {
            return null;
        }
    }

    private static string WhyTablesDiffer(string fileName, bool unclean) =>
        $"{fileName} has two copies of its grain tables that differ{(unclean ? " and was not closed properly" : "")}; repair it in "
            + "VMware (vmware-vdiskmanager -R).";

    /// <summary>
    /// The footer of a stream: marker, header, end-of-stream marker in the last three sectors. Bytes after the stream (padding of a tape, a
    /// transfer, an object store) are skipped when these three are found before them.
    /// </summary>
    private static byte[] ReadFooter(BlockDevice file, string fileName)
    {
        const int footerBytes = 3 * VmdkLayout.SectorSize;
        if (file.Length < footerBytes + VmdkLayout.SectorSize)
        {
            throw VmdkError.Footer(fileName, 0, "a stream with a footer", $"{file.Length} bytes");
        }

        // the mark of the end is a sector of zeros
        var sectors = Math.Max(4, Math.Min(file.Length / VmdkLayout.SectorSize, LastNonZeroSector(file) + 2));
        var tailStart = Math.Max(1, sectors - 3 - (VmdkLayout.MaxPaddingBytes / VmdkLayout.SectorSize)) * VmdkLayout.SectorSize;
        var tail = new byte[(sectors * VmdkLayout.SectorSize) - tailStart];
        file.Read(tailStart, tail);
        for (var at = tail.Length - footerBytes; at >= 0; at -= VmdkLayout.SectorSize)
        {
            if (IsMarker(tail.AsSpan(at), VmdkLayout.MarkerFooter, 1)
                && IsMarker(tail.AsSpan(at + (2 * VmdkLayout.SectorSize)), VmdkLayout.MarkerEndOfStream, 0)
                && SparseHeader.TryCreate(tail.AsSpan(at + VmdkLayout.SectorSize, VmdkLayout.SectorSize), out var footer)
                && footer.GdOffset != VmdkLayout.DirectoryAtEnd)
            {
                return tail[(at + VmdkLayout.SectorSize)..(at + (2 * VmdkLayout.SectorSize))];
            }
        }

        // What is wrong with the place where the footer belongs.
        var last = tail.AsSpan(tail.Length - footerBytes);
        var offset = tailStart + tail.Length - footerBytes;
        CheckMarker(last, fileName, offset, VmdkLayout.MarkerFooter, 1);
        CheckMarker(last[(2 * VmdkLayout.SectorSize)..], fileName, offset + (2 * VmdkLayout.SectorSize), VmdkLayout.MarkerEndOfStream, 0);
        throw VmdkError.Footer(fileName, offset + VmdkLayout.SectorSize, "a header that names the grain directory", "none");
    }

    /// <summary>
    /// The last sector that is not zero: files are padded with zeros to any size (VHD tools, dd with large blocks, copies to a device).
    /// Holes are skipped without reading; of stored zeros a bounded number is read.
    /// </summary>
    private static long LastNonZeroSector(BlockDevice file)
    {
        var end = 0L;
        for (var at = 0L; at < file.Length;)
        {
            var extent = file.GetExtent(at);
            at += extent.Length;
            end = extent.IsZero ? end : at;
        }

        var buffer = new byte[VmdkLayout.MaxPaddingBytes];
        for (var left = VmdkLayout.MaxZeroPaddingBytes; end > 0 && left > 0; left -= buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end));
            file.Read(end - part.Length, part);
            var last = part.LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
            {
                return (end - part.Length + last) / VmdkLayout.SectorSize;
            }

            end -= part.Length;
        }

        return end / VmdkLayout.SectorSize;
    }

    private static bool IsMarker(ReadOnlySpan<byte> marker, uint type, ulong value) =>
        LittleEndian.U64(marker, 0) == value && LittleEndian.U32(marker, VmdkLayout.MarkerSize) == 0
            && LittleEndian.U32(marker, VmdkLayout.MarkerType) == type;

    private static void CheckMarker(ReadOnlySpan<byte> marker, string fileName, long offset, uint type, ulong value)
    {
        var foundValue = BinaryPrimitives.ReadUInt64LittleEndian(marker);
        var foundSize = BinaryPrimitives.ReadUInt32LittleEndian(marker[VmdkLayout.MarkerSize..]);
        var foundType = BinaryPrimitives.ReadUInt32LittleEndian(marker[VmdkLayout.MarkerType..]);
        if (foundValue != value || foundSize != 0 || foundType != type)
        {
            throw VmdkError.Footer(fileName, offset, $"a marker of type {type}", $"type {foundType}, size {foundSize}, value {foundValue}");
        }
    }
}
