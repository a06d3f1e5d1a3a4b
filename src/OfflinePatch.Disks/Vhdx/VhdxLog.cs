using OfflinePatch.Core;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>
/// The log: a ring of entries, each a list of sectors to write and ranges to clear. Finds the active sequence as [MS-VHDX] 2.3.3 says and
/// puts its entries, in order, into a <see cref="VhdxPatchedFile"/>.
/// </summary>
internal sealed class VhdxLog
{
    private readonly VhdxPatchedFile _file;
    private readonly Guid _guid;
    private readonly long _offset;
    private readonly long _length;
    private readonly byte[] _sector = new byte[VhdxLayout.LogSector];
    private long _budget; // bytes that may still be checked: a hostile log could have the same bytes checked again and again

    private VhdxLog(VhdxPatchedFile file, VhdxHeader header)
    {
        _file = file;
        _guid = header.LogGuid;
        _offset = (long)header.LogOffset;
        _length = header.LogLength;
        _budget = 16 * _length;
    }

    /// <summary>Replays the log of an image into its patched file; nothing is written.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0009</c>.</exception>
    public static void Replay(VhdxPatchedFile file, VhdxHeader header)
    {
        if (header.LogGuid == Guid.Empty)
        {
            return;
        }

        if (header.LogLength == 0 || header.LogLength % VhdxLayout.Megabyte != 0 || header.LogLength > VhdxLayout.MaxLogLength
            || header.LogOffset < VhdxLayout.Megabyte
            || header.LogOffset % VhdxLayout.Megabyte != 0 || header.LogOffset > (ulong)file.Length
                || header.LogLength > file.Length - (long)header.LogOffset)
        {
            throw VhdxError.Log(VhdxLayout.Header.LogOffset, "a log inside the file, at a multiple of 1 MiB",
                $"{header.LogLength} bytes at 0x{header.LogOffset:X}");
        }

        var log = new VhdxLog(file, header);
        foreach (var entry in log.FindActiveSequence())
        {
            log.Take(entry);
        }
    }

    private List<Entry> FindActiveSequence()
    {
        List<Entry> active = [];
        for (long tail = 0; tail < _length;)
        {
            var sequence = new List<Entry>();
            var head = tail;
            long total = 0;
            while (total < _length && TryReadEntry(head) is { } entry
                && (sequence.Count == 0 || entry.Sequence == sequence[^1].Sequence + 1))
            {
                sequence.Add(entry);
                head = (head + entry.Length) % _length;
                total += entry.Length;
            }

            var first = sequence.Count == 0 ? -1 : sequence.FindIndex(e => e.Offset == sequence[^1].Tail);
            if (first >= 0 && total <= _length && (active.Count == 0 || sequence[^1].Sequence > active[^1].Sequence))
            {
                active = sequence[first..];
            }

            // A sequence that wraps around the end is the last one to check.
            tail = first >= 0 ? (head > tail ? head : _length) : tail + VhdxLayout.LogSector;
        }

        return active;
    }

    private Entry? TryReadEntry(long offset)
    {
        ReadSector(offset);
        var header = _sector.AsSpan();
        if (!header.StartsWith(VhdxLayout.EntrySignature))
        {
            return null;
        }

        var length = U32(header, VhdxLayout.LogEntry.Length);
        var tail = U32(header, VhdxLayout.LogEntry.Tail);
        var sequence = U64(header, VhdxLayout.LogEntry.Sequence);
        var descriptors = U32(header, VhdxLayout.LogEntry.DescriptorCount);
        var entry = new Entry(offset, length, tail, sequence, (int)Math.Min(descriptors, int.MaxValue / 64),
            U64(header, VhdxLayout.LogEntry.Flushed), U64(header, VhdxLayout.LogEntry.Last));
        if (length == 0 || length % VhdxLayout.LogSector != 0 || length > _length || tail % VhdxLayout.LogSector != 0 || tail >= _length
            || sequence is 0 or ulong.MaxValue
            || new Guid(header.Slice(VhdxLayout.LogEntry.LogGuid, 16)) != _guid
                || entry.DescriptorSectors * (long)VhdxLayout.LogSector > length)
        {
            return null;
        }

        var stored = U32(header, VhdxLayout.Header.Checksum);
        header.Slice(VhdxLayout.Header.Checksum, 4).Clear();
        var crc = Crc32C.Add(Crc32C.Start, header);
        for (long done = VhdxLayout.LogSector; done < length; done += VhdxLayout.LogSector)
        {
            ReadSector((offset + done) % _length);
            crc = Crc32C.Add(crc, _sector);
        }

        return ~crc == stored ? entry : null;
    }

    private void Take(Entry entry)
    {
        if (entry.FlushedOffset > (ulong)_file.Length)
        {
            throw VhdxError.Log(_offset + entry.Offset, $"a file of at least {entry.FlushedOffset} bytes", $"{_file.Length} bytes");
        }

        if (entry.LastOffset > (ulong)VhdxLayout.MaxSize * 2)
        {
            throw VhdxError.Log(_offset + entry.Offset + VhdxLayout.LogEntry.Last, "a file of at most 128 TiB",
                $"{entry.LastOffset} bytes");
        }

        _file.RequireLength((long)entry.LastOffset);
        var dataSector = (long)entry.DescriptorSectors;
        var descriptor = new byte[VhdxLayout.LogDescriptor.Bytes];
        for (var i = 0; i < entry.Descriptors; i++)
        {
            var at = (entry.Offset + VhdxLayout.LogEntry.Bytes + ((long)i * VhdxLayout.LogDescriptor.Bytes)) % _length;
            _file.ReadHost(_offset + at, descriptor);
            if (U64(descriptor, VhdxLayout.LogDescriptor.Sequence) != entry.Sequence)
            {
                throw VhdxError.Log(_offset + at, $"a descriptor of entry {entry.Sequence}",
                    $"one of entry {U64(descriptor, VhdxLayout.LogDescriptor.Sequence)}");
            }

            var fileOffset = U64(descriptor, VhdxLayout.LogDescriptor.FileOffset);
            if (fileOffset % VhdxLayout.LogSector != 0 || fileOffset > (ulong)_file.Length - VhdxLayout.LogSector)
            {
                throw VhdxError.Log(_offset + at, "a sector inside the file", $"0x{fileOffset:X}");
            }

            if (descriptor.AsSpan().StartsWith(VhdxLayout.ZeroDescriptorSignature))
            {
                var length = U64(descriptor, VhdxLayout.LogDescriptor.Leading);
                if (length % VhdxLayout.LogSector != 0 || length > (ulong)_file.Length - fileOffset)
                {
                    throw VhdxError.Log(_offset + at, "a range inside the file", $"{length} bytes at 0x{fileOffset:X}");
                }

                _file.AddZeros((long)fileOffset, (long)length);
                continue;
            }

            if (!descriptor.AsSpan().StartsWith(VhdxLayout.DataDescriptorSignature)
                || (dataSector + 1) * VhdxLayout.LogSector > entry.Length)
            {
                throw VhdxError.Log(_offset + at, "a data or zero descriptor, and its data sector",
                    Convert.ToHexString(descriptor.AsSpan(0, 4)));
            }

            var data = _offset + ((entry.Offset + (dataSector++ * VhdxLayout.LogSector)) % _length);
            CheckDataSector(data, entry.Sequence);
            _file.AddSector((long)fileOffset, data, U64(descriptor, VhdxLayout.LogDescriptor.Leading),
                U32(descriptor, VhdxLayout.LogDescriptor.Trailing));
        }
    }

    private void CheckDataSector(long offset, ulong sequence)
    {
        _file.ReadHost(offset, _sector);
        var high = U32(_sector, VhdxLayout.LogData.SequenceHigh);
        var low = U32(_sector, VhdxLayout.LogData.SequenceLow);
        if (!_sector.AsSpan().StartsWith(VhdxLayout.DataSignature) || (((ulong)high << 32) | low) != sequence)
        {
            throw VhdxError.Log(offset, $"a data sector of entry {sequence}", $"0x{high:X8}{low:X8}");
        }
    }

    private void ReadSector(long offset)
    {
        _budget -= VhdxLayout.LogSector;
        if (_budget < 0)
        {
            throw VhdxError.Log(_offset, "entries that do not overlap", "many that do");
        }

        _file.ReadHost(_offset + offset, _sector);
    }

    private sealed record Entry(long Offset, long Length, long Tail, ulong Sequence, int Descriptors, ulong FlushedOffset, ulong LastOffset)
    {
        /// <summary>Sectors of header and descriptors: data sectors follow.</summary>
        public int DescriptorSectors =>
            (int)((VhdxLayout.LogEntry.Bytes + ((long)Descriptors * VhdxLayout.LogDescriptor.Bytes) + VhdxLayout.LogSector
                - 1) / VhdxLayout.LogSector);
    }
}
