using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>
/// The file as it is after its log was replayed. Until the first change of the disk the replay exists in this view only: sectors are read
/// from the log, nothing is written. <see cref="Apply"/> then writes it, once.
/// </summary>
internal sealed class VhdxPatchedFile(ResizableDevice host) : ResizableDevice
{
    private readonly Dictionary<long, Sector> _sectors = []; // by file offset / 4096
    private readonly List<(long Start, long End, int Order)> _zeros = [];
    private long _requiredLength;
    private int _order;

    /// <summary>Whether there is anything to apply.</summary>
    public bool HasPatches => _sectors.Count > 0 || _zeros.Count > 0 || _requiredLength > host.Length;

    /// <inheritdoc/>
    public override long Length => Math.Max(host.Length, _requiredLength);

    /// <inheritdoc/>
    public override bool CanWrite => host.CanWrite;

    /// <summary>Reads the host file as it is.</summary>
    public void ReadHost(long offset, Span<byte> buffer) => host.Read(offset, buffer);

    /// <summary>The file has this length at least after the replay.</summary>
    public void RequireLength(long length) => _requiredLength = Math.Max(_requiredLength, length);

    /// <summary>A sector of the file is replaced by one of the log, with its first 8 and last 4 bytes from the descriptor.</summary>
    public void AddSector(long offset, long logOffset, ulong leading, uint trailing) =>
        _sectors[offset / VhdxLayout.LogSector] = new Sector(logOffset, leading, trailing, _order++);

    /// <summary>A range of the file, in whole sectors, is cleared.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0009</c>: more ranges than any log has.</exception>
    public void AddZeros(long offset, long length)
    {
        if (_zeros.Count >= VhdxLayout.MaxZeroDescriptors)
        {
            throw VhdxError.Log(offset, $"at most {VhdxLayout.MaxZeroDescriptors} zero descriptors", "more");
        }

        _zeros.Add((offset, offset + length, _order++));
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (!HasPatches)
        {
            host.Read(offset, buffer);
            return;
        }

        while (buffer.Length > 0)
        {
            var within = (int)(offset % VhdxLayout.LogSector);
            var part = buffer[..Math.Min(buffer.Length, VhdxLayout.LogSector - within)];
            ReadPatched(offset, within, part);
            offset += part.Length;
            buffer = buffer[part.Length..];
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        Apply();
        host.Write(offset, buffer);
    }

    /// <inheritdoc/>
    public override void SetLength(long length)
    {
        Apply();
        host.SetLength(length);
    }

    /// <inheritdoc/>
    public override void Flush() => host.Flush();

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => HasPatches ? base.GetExtent(offset) : host.GetExtent(offset);

    /// <summary>Writes the replay to the host file; from then on this view is the host file.</summary>
    public void Apply()
    {
        if (!HasPatches)
        {
            return;
        }

        host.EnsureLength(_requiredLength);
        var buffer = new byte[64 * 1024];
        foreach (var (start, end, _) in _zeros)
        {
            buffer.AsSpan().Clear();
            for (var at = start; at < end; at += buffer.Length)
            {
                host.Write(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)));
            }
        }

        // A sector that was cleared after it was written stays clear.
        var sector = buffer.AsSpan(0, VhdxLayout.LogSector);
        foreach (var (index, patch) in _sectors)
        {
            var offset = index * VhdxLayout.LogSector;
            if (!IsCleared(offset, patch.Order))
            {
                ReadSector(patch, sector);
                host.Write(offset, sector);
            }
        }

        _sectors.Clear();
        _zeros.Clear();
        _requiredLength = 0;
    }

    private void ReadPatched(long offset, int within, Span<byte> part)
    {
        var hasSector = _sectors.TryGetValue(offset / VhdxLayout.LogSector, out var patch);
        if (IsCleared(offset - within, hasSector ? patch.Order : -1))
        {
            part.Clear();
        }
        else if (hasSector)
        {
            Span<byte> sector = stackalloc byte[VhdxLayout.LogSector];
            ReadSector(patch, sector);
            sector.Slice(within, part.Length).CopyTo(part);
        }
        else
        {
            var available = (int)Math.Clamp(host.Length - offset, 0, part.Length);
            host.Read(Math.Min(offset, host.Length), part[..available]);
            part[available..].Clear();
        }
    }

    private bool IsCleared(long sectorOffset, int afterOrder)
    {
        foreach (var (start, end, order) in _zeros)
        {
            if (order > afterOrder && sectorOffset >= start && sectorOffset < end)
            {
                return true;
            }
        }

        return false;
    }

    private void ReadSector(Sector patch, Span<byte> sector)
    {
        host.Read(patch.LogOffset, sector);
        BinaryPrimitives.WriteUInt64LittleEndian(sector, patch.Leading);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[^4..], patch.Trailing);
    }

    private readonly record struct Sector(long LogOffset, ulong Leading, uint Trailing, int Order);
}
