using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhd;

/// <summary>Writes a dynamic VHD with blocks of 2 MiB: footer copy, header, BAT, blocks in the order of the disk, footer.</summary>
internal sealed class VhdDynamicWriter : DiskWriter
{
    private const int TableOffset = VhdLayout.FooterLength + VhdLayout.HeaderLength;
    private const int BitmapSize = VhdLayout.DefaultBlockSize / VhdLayout.SectorSize / 8;

    private static readonly byte[] FullBitmap = [.. Enumerable.Repeat((byte)0xFF, BitmapSize)];

    private readonly ResizableDevice _output;
    private readonly byte[] _footer;
    private readonly byte[] _table;
    private readonly int _entries;
    private long _end;

    /// <exception cref="UnsupportedImageException"><c>VHD-0011</c>.</exception>
    public VhdDynamicWriter(ResizableDevice output, long size, ImageIdentity? identity)
    {
        if (size % VhdLayout.SectorSize != 0 || size > VhdLayout.MaxSize)
        {
            throw VhdError.WriteSize(size);
        }

        _output = output;
        _footer = VhdFooter.Create(size, VhdLayout.TypeDynamic, ReproducibleClock.Current, identity);
        _entries = (int)((size + VhdLayout.DefaultBlockSize - 1) / VhdLayout.DefaultBlockSize);
        _table = new byte[Math.Max(1, ((_entries * 4) + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize) * VhdLayout.SectorSize];
        _table.AsSpan().Fill(0xFF);
        _end = TableOffset + _table.Length;
        output.SetLength(_end + VhdLayout.FooterLength);
    }

    /// <inheritdoc/>
    public override int UnitSize => VhdLayout.DefaultBlockSize;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var block = (int)(guestOffset / VhdLayout.DefaultBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(_table.AsSpan(block * 4), (uint)(_end / VhdLayout.SectorSize));
        _output.EnsureLength(_end + BitmapSize + VhdLayout.DefaultBlockSize + VhdLayout.FooterLength);
        _output.Write(_end, FullBitmap);
        _output.WriteSparse(_end + BitmapSize, encoded.Span);
        _end += BitmapSize + VhdLayout.DefaultBlockSize;
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        _output.Write(0, _footer);
        _output.Write(VhdLayout.FooterLength, VhdHeader.Create(TableOffset, _entries));
        _output.Write(TableOffset, _table);
        _output.Write(_end, _footer);
        _output.Flush();
    }
}
