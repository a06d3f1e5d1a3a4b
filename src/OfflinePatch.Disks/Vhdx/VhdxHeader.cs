using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>The header that counts.</summary>
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
    public ulong Sequence => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.SequenceOffset));

    /// <summary>What a child knows the content of this disk by.</summary>
    public Guid DataWriteGuid => new(_bytes.AsSpan(VhdxLayout.DataWriteGuidOffset, 16));

    /// <summary>The id of the log entries that count; empty: none.</summary>
    public Guid LogGuid => new(_bytes.AsSpan(VhdxLayout.LogGuidOffset, 16));

    /// <summary>Bytes of the log.</summary>
    public uint LogLength => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(VhdxLayout.LogLengthOffset));

    /// <summary>Where the log is.</summary>
    public ulong LogOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.LogOffset));

    /// <summary>Reads both headers.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0001</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>VHDX-0002</c>.</exception>
    public static VhdxHeader Read(BlockDevice file)
    {
        var first = TryRead(file, VhdxLayout.Header1);
        var second = TryRead(file, VhdxLayout.Header2);
        var header = second is not null && (first is null || second.Sequence > first.Sequence) ? second : first ?? throw VhdxError.NoHeader();
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(VhdxLayout.VersionOffset));
        var logVersion = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(VhdxLayout.LogVersionOffset));
        return version == 1 && (logVersion == 0 || header.LogGuid == Guid.Empty) ? header : throw VhdxError.Version(version, logVersion);
    }

    /// <summary>
    /// Begins a session that changes the disk: new FileWriteGuid and DataWriteGuid, no log. The header that does not count is written first, as the
    /// specification demands; both are equal but for the sequence number after that.
    /// </summary>
    public void BeginSession(BlockDevice file) => BeginSession(file, ImageIdentity.After(_bytes.AsSpan(VhdxLayout.FileWriteGuidOffset, 32)));

    private void BeginSession(BlockDevice file, ImageIdentity identity)
    {
        identity.NextGuid().TryWriteBytes(_bytes.AsSpan(VhdxLayout.FileWriteGuidOffset));
        identity.NextGuid().TryWriteBytes(_bytes.AsSpan(VhdxLayout.DataWriteGuidOffset));
        _bytes.AsSpan(VhdxLayout.LogGuidOffset, 16).Clear();
        var other = _offset == VhdxLayout.Header1 ? VhdxLayout.Header2 : VhdxLayout.Header1;
        foreach (var offset in (ReadOnlySpan<long>)[other, _offset])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(VhdxLayout.SequenceOffset), unchecked(Sequence + 1));
            Crc32C.Sign(_bytes);
            file.Write(offset, _bytes);
        }
    }

    /// <summary>The headers of a new image.</summary>
    public static void Create(BlockDevice file, long logOffset, int logLength, ImageIdentity identity)
    {
        var bytes = new byte[VhdxLayout.HeaderLength];
        VhdxLayout.HeaderSignature.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(VhdxLayout.VersionOffset), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(VhdxLayout.LogLengthOffset), (uint)logLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(VhdxLayout.LogOffset), (ulong)logOffset);
        new VhdxHeader(bytes, VhdxLayout.Header2).BeginSession(file, identity);
    }

    private static VhdxHeader? TryRead(BlockDevice file, long offset)
    {
        if (file.Length < offset + VhdxLayout.HeaderLength)
        {
            return null;
        }

        var bytes = new byte[VhdxLayout.HeaderLength];
        file.Read(offset, bytes);
        return bytes.AsSpan().StartsWith(VhdxLayout.HeaderSignature) && Crc32C.IsRight(bytes) ? new VhdxHeader(bytes, offset) : null;
    }
}
