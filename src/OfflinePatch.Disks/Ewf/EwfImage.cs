using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages;

namespace OfflinePatch.Disks.Ewf;

/// <summary>The disk of an E01 acquisition. One unpacked chunk is kept; every chunk's checksum is compared when it is read.</summary>
internal sealed class EwfImage : DiskImage
{
    private readonly string _path;
    private readonly List<EwfTable> _tables;
    private readonly int _chunkSize;
    private readonly byte[] _chunk;
    private readonly Lock _gate = new();
    private long _held = -1;

    public EwfImage(string path, List<EwfTable> tables, long length, int chunkSize)
    {
        _path = path;
        _tables = tables;
        _chunkSize = chunkSize;
        _chunk = new byte[chunkSize];
        Length = length;
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Raw;

    /// <inheritdoc/>
    public override bool IsPackaged => true;

    /// <inheritdoc/>
    public override string Subformat => "E01";

    /// <inheritdoc/>
    public override string? WhyNotInPlace => "An E01 acquisition is evidence, with checksums over all of it; it is only read.";

    /// <inheritdoc/>
    public override long Length { get; }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var index = offset / _chunkSize;
            var within = (int)(offset % _chunkSize);
            var count = Math.Min(buffer.Length, _chunkSize - within);
            lock (_gate)
            {
                if (_held != index)
                {
                    _held = -1;
                    Unpack(index);
                    _held = index;
                }

                _chunk.AsSpan(within, count).CopyTo(buffer);
            }

            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw PackageError.NotInPlace(WhyNotInPlace!);

    private void Unpack(long index)
    {
        var table = Find(index);
        var i = (int)(index - table.First);
        var entry = table.Entries[i];
        var start = table.BaseOffset + (entry & ~EwfLayout.EntryCompressed);
        var end = i + 1 < table.Entries.Length ? table.BaseOffset + (table.Entries[i + 1] & ~EwfLayout.EntryCompressed) : table.DataEnd;
        var wanted = (int)Math.Min(_chunkSize, Length - (index * _chunkSize));
        var isCompressed = (entry & EwfLayout.EntryCompressed) != 0;
        var most = isCompressed ? _chunkSize + (_chunkSize / 2) + 64 : wanted + sizeof(uint);
        if (start < 0 || end > table.File.Length || end <= start)
        {
            throw PackageError.Ewf(_path, start, $"chunk {index} inside the segment", $"bytes up to 0x{end:X}");
        }

        var packed = new byte[Math.Min(end - start, most)];
        table.File.Read(start, packed);
        if (isCompressed ? !TryInflate(packed, wanted) : !TryCopy(packed, wanted))
        {
            throw PackageError.Ewf(_path, start, $"chunk {index}, {wanted} bytes with a right checksum", "damaged data");
        }
    }

    private bool TryInflate(byte[] packed, int wanted)
    {
        try
        {
            using var stream = new ZLibStream(new MemoryStream(packed, writable: false), CompressionMode.Decompress);
            if (stream.ReadAtLeast(_chunk.AsSpan(0, wanted), wanted, throwOnEndOfStream: false) != wanted)
            {
                return false;
            }

            // The decoder compares the checksum when it comes to the end.
            Span<byte> more = stackalloc byte[1];
            return stream.Read(more) == 0 || wanted < _chunkSize;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private bool TryCopy(byte[] packed, int wanted)
    {
        if (packed.Length < wanted + sizeof(uint) || Adler32.Of(packed.AsSpan(0, wanted)) != LittleEndian.U32(packed, wanted))
        {
            return false;
        }

        packed.AsSpan(0, wanted).CopyTo(_chunk);
        return true;
    }

    private EwfTable Find(long chunk)
    {
        var low = 0;
        var high = _tables.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_tables[middle].First <= chunk)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _tables[low];
    }
}
