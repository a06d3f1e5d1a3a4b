using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>The footer of a VHD image.</summary>
internal sealed class VhdFooter
{
    private readonly byte[] _bytes;

    private VhdFooter(byte[] bytes, long offset)
    {
        _bytes = bytes;
        EndOffset = offset;
    }

    /// <summary>The 512 bytes, as they were found (an old footer with a zero after it).</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where the footer at the end of the file starts; -1: there is none, this is the copy from the start.</summary>
    public long EndOffset { get; }

    /// <summary>2 fixed, 3 dynamic, 4 differencing.</summary>
    public uint DiskType => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(VhdLayout.DiskTypeOffset));

    /// <summary>Where the dynamic header is.</summary>
    public ulong DataOffset => BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(VhdLayout.DataOffset));

    /// <summary>The id that a child knows its parent by.</summary>
    public Guid UniqueId => new(_bytes.AsSpan(VhdLayout.UniqueIdOffset, 16), bigEndian: true);

    /// <summary>The four characters of the program that made the image.</summary>
    public string Creator => Encoding.ASCII.GetString(_bytes.AsSpan(VhdLayout.CreatorOffset, 4));

    /// <summary>Bytes of the guest disk by the cylinders, heads and sectors.</summary>
    public long GeometrySize =>
        (long)BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(VhdLayout.CylindersOffset)) * _bytes[VhdLayout.HeadsOffset]
            * _bytes[VhdLayout.SectorsPerTrackOffset]
        * VhdLayout.SectorSize;

    /// <summary>
    /// Bytes of the guest disk. Virtual PC ("vpc ") and old QEMU ("qemu") give the guest as many sectors as the geometry has, which is a
    /// little less than the size field says; every other program uses the field. The largest geometry says nothing, and neither does an
    /// empty one. (QEMU block/vpc.c, since 2025.)
    /// </summary>
    /// <exception cref="CorruptImageException"><c>VHD-0003</c>: beyond any file.</exception>
    public long Size
    {
        get
        {
            if (Creator is "vpc " or "qemu" && GeometrySize is not (0 or VhdLayout.MaxGeometrySectors * VhdLayout.SectorSize))
            {
                return GeometrySize;
            }

            var size = BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(VhdLayout.CurrentSizeOffset));
            return size > 1L << 60 ? throw VhdError.Size(long.MaxValue, 1L << 60) : (long)size & ~(VhdLayout.SectorSize - 1L);
        }
    }

    /// <summary>
    /// The same footer for a disk of another size. The creator becomes one whose size field every program takes, where it is one whose
    /// geometry counts.
    /// </summary>
    public VhdFooter WithSize(long size, long endOffset)
    {
        var bytes = _bytes.ToArray();
        BigEndian.PutU64(bytes, VhdLayout.CurrentSizeOffset, (ulong)size);
        var (cylinders, heads, sectors) = VhdGeometry.Of(size / VhdLayout.SectorSize);
        BigEndian.PutU16(bytes, VhdLayout.CylindersOffset, cylinders);
        bytes[VhdLayout.HeadsOffset] = heads;
        bytes[VhdLayout.SectorsPerTrackOffset] = sectors;
        if (Creator is "vpc " or "qemu")
        {
            "win "u8.CopyTo(bytes.AsSpan(VhdLayout.CreatorOffset));
        }

        BigEndian.PutU32(bytes, VhdLayout.ChecksumOffset, Checksum(bytes, VhdLayout.ChecksumOffset));
        return new VhdFooter(bytes, endOffset);
    }

    /// <summary>Whether the file ends or starts with a footer, by its cookie alone.</summary>
    public static bool Probe(BlockDevice file)
    {
        Span<byte> start = stackalloc byte[8];
        foreach (var offset in (ReadOnlySpan<long>)[file.Length - VhdLayout.FooterLength, file.Length - VhdLayout.OldFooterLength, 0])
        {
            if (offset >= 0 && offset <= file.Length - VhdLayout.OldFooterLength)
            {
                file.Read(offset, start);
                if (start.SequenceEqual(VhdLayout.FooterCookie))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Reads the footer at the end, or its copy at the start where that one is damaged or missing.</summary>
    /// <exception cref="CorruptImageException"><c>VHD-0001</c>.</exception>
    public static VhdFooter Read(BlockDevice file)
    {
        return TryRead(file, file.Length - VhdLayout.FooterLength, VhdLayout.FooterLength)
            ?? TryRead(file, file.Length - VhdLayout.OldFooterLength, VhdLayout.OldFooterLength)
            ?? TryReadCopy(file)
            ?? throw VhdError.NoFooter(file.Length);
    }

    /// <summary>Ones' complement of the sum of all bytes but the checksum's own.</summary>
    public static uint Checksum(ReadOnlySpan<byte> structure, int checksumOffset)
    {
        uint sum = 0;
        for (var i = 0; i < structure.Length; i++)
        {
            sum += i >= checksumOffset && i < checksumOffset + 4 ? 0u : structure[i];
        }

        return ~sum;
    }

    /// <summary>A footer for a new image.</summary>
    public static byte[] Create(long size, uint diskType, TimeProvider time, ImageIdentity? identity)
    {
        var bytes = new byte[VhdLayout.FooterLength];
        VhdLayout.FooterCookie.CopyTo(bytes);
        BigEndian.PutU32(bytes, VhdLayout.FeaturesOffset, VhdLayout.FeaturesReserved);
        BigEndian.PutU32(bytes, VhdLayout.VersionOffset, VhdLayout.Version);
        BigEndian.PutU64(bytes, VhdLayout.DataOffset, diskType == VhdLayout.TypeFixed ? ulong.MaxValue : VhdLayout.FooterLength);
        BigEndian.PutU32(bytes, VhdLayout.TimestampOffset,
            (uint)Math.Clamp((time.GetUtcNow() - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds, 0, uint.MaxValue));
        // every reader takes the size field, and not the geometry, from this creator
        "win "u8.CopyTo(bytes.AsSpan(VhdLayout.CreatorOffset));
        BigEndian.PutU32(bytes, VhdLayout.CreatorVersionOffset, 0x000A0000);
        BigEndian.PutU32(bytes, VhdLayout.CreatorHostOffset, VhdLayout.HostWindows);
        BigEndian.PutU64(bytes, VhdLayout.OriginalSizeOffset, (ulong)size);
        BigEndian.PutU64(bytes, VhdLayout.CurrentSizeOffset, (ulong)size);
        var (cylinders, heads, sectors) = VhdGeometry.Of(size / VhdLayout.SectorSize);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(VhdLayout.CylindersOffset), cylinders);
        bytes[VhdLayout.HeadsOffset] = heads;
        bytes[VhdLayout.SectorsPerTrackOffset] = sectors;
        BigEndian.PutU32(bytes, VhdLayout.DiskTypeOffset, diskType);
        (identity ?? ImageIdentity.Random).NextGuid().TryWriteBytes(bytes.AsSpan(VhdLayout.UniqueIdOffset), bigEndian: true, out _);
        BigEndian.PutU32(bytes, VhdLayout.ChecksumOffset, Checksum(bytes, VhdLayout.ChecksumOffset));
        return bytes;
    }

    private static VhdFooter? TryRead(BlockDevice file, long offset, int length)
    {
        if (offset < 0)
        {
            return null;
        }

        var bytes = new byte[VhdLayout.FooterLength];
        file.Read(offset, bytes.AsSpan(0, length));
        var isValid = bytes.AsSpan().StartsWith(VhdLayout.FooterCookie)
            && Checksum(bytes, VhdLayout.ChecksumOffset) == BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(VhdLayout.ChecksumOffset));
        return isValid ? new VhdFooter(bytes, offset) : null;
    }

    private static VhdFooter? TryReadCopy(BlockDevice file)
    {
        var copy = file.Length < VhdLayout.FooterLength ? null : TryRead(file, 0, VhdLayout.FooterLength);
        return copy is null || copy.DiskType == VhdLayout.TypeFixed ? null : new VhdFooter(copy._bytes, -1);
    }
}
