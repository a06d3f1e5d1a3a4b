using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>The current header.</summary>
internal sealed class VhdxHeader
{
    private readonly byte[] _bytes;
    private readonly long _offset;

    private VhdxHeader(byte[] bytes, long offset)
    {
        _bytes = bytes;
        _offset = offset;
    }

    /// <summary>The number of this header among its predecessors.</summary>
    public ulong Sequence => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.Header.Sequence));

    /// <summary>What a child knows the content of this disk by.</summary>
    public Guid DataWriteGuid => new(_bytes.AsSpan(VhdxLayout.Header.DataWriteGuid, 16));

    /// <summary>The id of the valid log entries; empty: none.</summary>
    public Guid LogGuid => new(_bytes.AsSpan(VhdxLayout.Header.LogGuid, 16));

    /// <summary>Bytes of the log.</summary>
    public uint LogLength => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(VhdxLayout.Header.LogLength));

    /// <summary>Where the log is.</summary>
    public ulong LogOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.Header.LogOffset));

    /// <summary>Reads both headers.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0001</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>VHDX-0002</c>.</exception>
    public static VhdxHeader Read(BlockDevice file)
    {
        var first = TryRead(file, VhdxLayout.Header.Place1);
        var second = TryRead(file, VhdxLayout.Header.Place2);
        var header = second is not null
            && (first is null || second.Sequence > first.Sequence) ? second : first ?? throw VhdxError.NoHeader();
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(VhdxLayout.Header.Version));
        var logVersion = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(VhdxLayout.Header.LogVersion));
        return version == 1 && (logVersion == 0 || header.LogGuid == Guid.Empty) ? header : throw VhdxError.Version(version, logVersion);
    }

    /// <summary>
    /// Begins a session that changes the disk: new FileWriteGuid and DataWriteGuid, no log. The header that is not current is written
    /// first, as the specification demands; both are equal but for the sequence number after that.
    /// </summary>
    public void BeginSession(BlockDevice file) =>
        BeginSession(file, ImageIdentity.After(_bytes.AsSpan(VhdxLayout.Header.FileWriteGuid, 32)));

    private void BeginSession(BlockDevice file, ImageIdentity identity)
    {
        identity.NextGuid().TryWriteBytes(_bytes.AsSpan(VhdxLayout.Header.FileWriteGuid));
        identity.NextGuid().TryWriteBytes(_bytes.AsSpan(VhdxLayout.Header.DataWriteGuid));
        _bytes.AsSpan(VhdxLayout.Header.LogGuid, 16).Clear();
        var other = _offset == VhdxLayout.Header.Place1 ? VhdxLayout.Header.Place2 : VhdxLayout.Header.Place1;
        foreach (var offset in (ReadOnlySpan<long>)[other, _offset])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.Header.Sequence), unchecked(Sequence + 1));
            Crc32C.Sign(_bytes);
            file.Write(offset, _bytes);
        }
    }

    /// <summary>The headers of a new image.</summary>
    public static void Create(BlockDevice file, long logOffset, int logLength, ImageIdentity identity)
    {
        var bytes = new byte[VhdxLayout.Header.Bytes];
        VhdxLayout.HeaderSignature.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(VhdxLayout.Header.Version), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(VhdxLayout.Header.LogLength), (uint)logLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(VhdxLayout.Header.LogOffset), (ulong)logOffset);
        new VhdxHeader(bytes, VhdxLayout.Header.Place2).BeginSession(file, identity);
    }

    private static VhdxHeader? TryRead(BlockDevice file, long offset)
    {
        if (file.Length < offset + VhdxLayout.Header.Bytes)
        {
            return null;
        }

        var bytes = new byte[VhdxLayout.Header.Bytes];
        file.Read(offset, bytes);
        return bytes.AsSpan().StartsWith(VhdxLayout.HeaderSignature) && Crc32C.IsRight(bytes) ? new VhdxHeader(bytes, offset) : null;
    }
}
