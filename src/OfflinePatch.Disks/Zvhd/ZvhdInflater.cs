using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// Unpacks the blocks of a ZVHD. Its payloads are one deflate stream, so a block needs all blocks before it once; on the way the last 32
/// KiB before some of them (all that deflate can look back to) are kept, and from there decoding can be resumed: the window is fed in as a
/// stored block first.
/// </summary>
internal sealed class ZvhdInflater(BlockDevice file, IReadOnlyList<ZvhdRecord> records, int blockSize) : IDisposable
{
    private const int WindowBytes = 32 * 1024;

    // 16 MiB of windows; with more records than that the distance between two entries doubles.
    private const int MaxEntries = 512;

    private readonly SortedDictionary<int, byte[]> _entries = [];
    private int _distance = 1;
    private DeflateStream? _stream;
    private int _next;

    /// <summary>Unpacks a record.</summary>
    public byte[] Unpack(int index)
    {
        if (_stream is null || _next > index || HasEntryBetween(_next, index))
        {
            Enter(index);
        }

        var content = new byte[blockSize];
        while (true)
        {
            Next(content);
            if (_next > index)
            {
                return content;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    private bool HasEntryBetween(int next, int index) => EntryBefore(index) > next;

    private int EntryBefore(int index)
    {
        var best = 0;
        foreach (var entry in _entries.Keys)
        {
            if (entry > index)
            {
                break;
            }

            best = entry;
        }

        return best;
    }

    /// <summary>Starts the stream at the last entry that is not after <paramref name="index"/>.</summary>
    private void Enter(int index)
    {
        _stream?.Dispose();
        var entry = EntryBefore(index);
        var input = new PayloadStream(file, records, entry, entry == 0 ? null : _entries[entry]);
        if (entry == 0)
        {
            SkipZlibHeader(input);
        }

        _stream = new DeflateStream(input, CompressionMode.Decompress);
        _next = entry;
        if (entry > 0)
        {
            Fill(new byte[WindowBytes]);
        }
    }

    private void Next(byte[] content)
    {
        Fill(content);
        _next++;
        if (_next < records.Count && _next % _distance == 0 && !_entries.ContainsKey(_next) && EndsAtByte(records[_next - 1]))
        {
            AddEntry(_next, content.AsSpan(blockSize - WindowBytes).ToArray());
        }
    }

    private void AddEntry(int index, byte[] window)
    {
        if (_entries.Count == MaxEntries)
        {
            _distance *= 2;
            foreach (var entry in _entries.Keys.Where(e => e % _distance != 0).ToList())
            {
                _entries.Remove(entry);
            }
        }

        if (index % _distance == 0)
        {
            _entries[index] = window;
        }
    }

    private void Fill(byte[] content)
    {
        var record = records[Math.Min(_next, records.Count - 1)];
        try
        {
            if (_stream!.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) == content.Length)
            {
                return;
            }
        }
        catch (InvalidDataException)
        {
            // Reported below, with the place.
        }

        _stream!.Dispose();
        _stream = null;
        throw ZvhdError.NotUnpacked(record.Offset, record.Block);
    }

    /// <summary>Whether a payload ends with an empty stored block (a sync flush): then the next one starts at a byte of its own.</summary>
    private bool EndsAtByte(ZvhdRecord record)
    {
        if (record.Payload < 4)
        {
            return false;
        }

        Span<byte> tail = stackalloc byte[4];
        file.Read(record.Offset + ZvhdLayout.RecordPayload + record.Payload - 4, tail);
        return tail.SequenceEqual((ReadOnlySpan<byte>)[0x00, 0x00, 0xFF, 0xFF]);
    }

    /// <summary>RFC 1950: compression method and flags, two bytes at the start of the first payload.</summary>
    private void SkipZlibHeader(PayloadStream input)
    {
        Span<byte> header = stackalloc byte[2];
        var count = input.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (count < 2 || (header[0] & 0x0F) != 8 || ((header[0] * 256) + header[1]) % 31 != 0 || (header[1] & 0x20) != 0)
        {
            throw ZvhdError.Record(records[0].Offset + ZvhdLayout.RecordPayload, "a zlib header", Convert.ToHexString(header[..count]));
        }
    }

    /// <summary>The payloads from one record on, one after another; before them, where given, a window as a stored block.</summary>
    private sealed class PayloadStream : Stream
    {
        private readonly BlockDevice _file;
        private readonly IReadOnlyList<ZvhdRecord> _records;
        private byte[] _current;
        private int _position;
        private int _record;

        public PayloadStream(BlockDevice file, IReadOnlyList<ZvhdRecord> records, int record, byte[]? window)
        {
            _file = file;
            _records = records;
            _record = record;
            _current = [];
            if (window is not null)
            {
                // RFC 1951 §3.2.4: header byte (not final, stored), length, its complement, bytes.
                _current = new byte[5 + window.Length];
                BinaryPrimitives.WriteUInt16LittleEndian(_current.AsSpan(1), (ushort)window.Length);
                BinaryPrimitives.WriteUInt16LittleEndian(_current.AsSpan(3), (ushort)(window.Length ^ 0xFFFF));
                window.CopyTo(_current, 5);
            }
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (_position == _current.Length)
            {
                if (_record == _records.Count)
                {
                    return 0;
                }

                var record = _records[_record++];
                _current = new byte[record.Payload];
                _file.Read(record.Offset + ZvhdLayout.RecordPayload, _current);
                _position = 0;
            }

            var count = Math.Min(buffer.Length, _current.Length - _position);
            _current.AsSpan(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
