using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Core.Compression;

namespace OfflinePatch.FileSystems.Cab;

/// <summary>
/// One packed stream of a cabinet. It can only be unpacked from its start on: reads that go forward are cheap, one that goes back starts
/// again. Safe for several readers at once, which then slow each other down.
/// </summary>
internal sealed class CabFolder
{
    private const int MethodMask = 0x0F;

    private readonly BlockDevice _device;
    private readonly int _index;
    private readonly long _blocksOffset;
    private readonly int _blockCount;
    private readonly int _method;
    private readonly int _windowBits;
    private readonly int _blockReserve;
    private readonly long _cabinetLength;
    private readonly Lock _gate = new();

    private byte[] _block = [];
    private long _blockStart;
    private int _nextBlock;
    private long _nextOffset;
    private LzxDecoder? _lzx;

    public CabFolder(BlockDevice device, int index, long blocksOffset, int blockCount, int method, int blockReserve, long cabinetLength)
    {
        _device = device;
        _index = index;
        _blocksOffset = blocksOffset;
        _blockCount = blockCount;
        _method = method & MethodMask;
        _windowBits = (method >> 8) & 0x1F;
        _blockReserve = blockReserve;
        _cabinetLength = cabinetLength;
        Restart();
    }

    /// <summary>Bytes that it can unpack to at most.</summary>
    public long LengthLimit => (long)_blockCount * CabLayout.Block.LengthLimit;

    public void Read(long offset, Span<byte> buffer)
    {
        lock (_gate)
        {
            if (offset < _blockStart)
            {
                Restart();
            }

            while (!buffer.IsEmpty)
            {
                if (offset >= _blockStart + _block.Length)
                {
                    Advance();
                    continue;
                }

                var within = (int)(offset - _blockStart);
                var count = Math.Min(buffer.Length, _block.Length - within);
                _block.AsSpan(within, count).CopyTo(buffer);
                buffer = buffer[count..];
                offset += count;
            }
        }
    }

    private void Restart()
    {
        _block = [];
        _blockStart = 0;
        _nextBlock = 0;
        _nextOffset = _blocksOffset;
        _lzx = null;
    }

    private void Advance()
    {
        var at = _nextOffset;
        try
        {
            var next = ReadBlock(out var packed, out var length);
            var unpacked = _method switch
            {
                0 => packed.Length == length ? packed : throw CabError.BadBlock(_index, at, $"{length} stored bytes", $"{packed.Length}"),
                1 => UnpackMszip(packed, length, at),
                3 => UnpackLzx(packed, length),
                _ => throw CabError.Method(_method),
            };
            _blockStart += _block.Length;
            _block = unpacked;
            _nextOffset = next;
            _nextBlock++;
        }
        catch
        {
            Restart(); // what was half unpacked cannot be used
            throw;
        }
    }

    private byte[] UnpackLzx(byte[] packed, int length)
    {
        if (_windowBits is < 15 or > 21)
        {
            throw CabError.BadLzx("a window of 2^15 to 2^21 bytes", $"2^{_windowBits}");
        }

        var plain = new byte[length];
        try
        {
            (_lzx ??= new LzxDecoder(LzxVariant.Cabinet, _windowBits)).DecodeFrame(packed, plain);
            return plain;
        }
        catch (LzxException e)
        {
            throw CabError.BadLzx(e.Expected, e.Actual);
        }
    }

    private long ReadBlock(out byte[] packed, out int length)
    {
        Span<byte> header = stackalloc byte[CabLayout.Block.Size];
        var start = _nextOffset + CabLayout.Block.Size + _blockReserve;
        if (_nextBlock >= _blockCount || start > _cabinetLength)
        {
            throw CabError.BadBlock(_index, _nextOffset, $"one of {_blockCount} blocks inside the cabinet", $"block {_nextBlock + 1}");
        }

        _device.Read(_nextOffset, header);
        int packedLength = BinaryPrimitives.ReadUInt16LittleEndian(header[CabLayout.Block.PackedLength..]);
        length = BinaryPrimitives.ReadUInt16LittleEndian(header[CabLayout.Block.Length..]);
        if (length is 0 or > CabLayout.Block.LengthLimit || packedLength > CabLayout.Block.PackedLimit
            || packedLength > _cabinetLength - start)
        {
            throw CabError.BadBlock(_index, _nextOffset, "at most 32,768 bytes, packed inside the cabinet",
                $"{length} bytes packed in {packedLength}");
        }

        packed = new byte[packedLength];
        _device.Read(start, packed);
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (stored != 0)
        {
            var reserved = new byte[_blockReserve];
            _device.Read(_nextOffset + CabLayout.Block.Size, reserved);
            // 3.1: over the packed bytes first, then, seeded with that, over the lengths. Writers disagree on whether reserved bytes
            // count.
            var partial = ComputeChecksum(packed, 0);
            var computed = ComputeChecksum(header[CabLayout.Block.PackedLength..], partial);
            if (computed != stored && ComputeChecksum([.. header[CabLayout.Block.PackedLength..], .. reserved], partial) != stored)
            {
                throw CabError.BadBlock(_index, _nextOffset, $"checksum 0x{stored:X8}", $"0x{computed:X8}");
            }
        }

        return start + packedLength;
    }

    /// <summary>
    /// MSZIP: "CK", then a deflate stream of its own that may refer to the 32 KiB before it. DeflateStream takes no dictionary: those 32
    /// KiB are put in front as stored blocks, and skipped in what comes out. Source: [MS-MCI] 2.
    /// </summary>
    private byte[] UnpackMszip(byte[] packed, int length, long at)
    {
        if (packed.Length < 2 || packed[0] != (byte)'C' || packed[1] != (byte)'K')
        {
            throw CabError.BadBlock(_index, at, "the mark CK", "other bytes");
        }

        var history = _block; // every block but the last has 32,768 bytes: all that can be referred to
        var stream = new byte[(history.Length == 0 ? 0 : 5 + history.Length) + packed.Length - 2];
        var position = 0;
        if (history.Length > 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(stream.AsSpan(1), (ushort)history.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(stream.AsSpan(3), (ushort)(history.Length ^ 0xFFFF));
            history.CopyTo(stream, 5);
            position = 5 + history.Length;
        }

        packed.AsSpan(2).CopyTo(stream.AsSpan(position));
        var all = new byte[history.Length + length];
        int read;
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(stream, writable: false), CompressionMode.Decompress);
            read = inflate.ReadAtLeast(all, all.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw CabError.BadBlock(_index, at, "deflated bytes", e.Message);
        }

        return read == all.Length ? all[history.Length..]
            : throw CabError.BadBlock(_index, at, $"{length} bytes", $"{read - history.Length}");
    }

    /// <summary>[MS-CAB] 3.1: exclusive or of little-endian words; the last one to three bytes count in the opposite order.</summary>
    internal static uint ComputeChecksum(ReadOnlySpan<byte> bytes, uint seed)
    {
        while (bytes.Length >= 4)
        {
            seed ^= BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            bytes = bytes[4..];
        }

        var last = 0u;
        foreach (var b in bytes)
        {
            last = (last << 8) | b;
        }

        return seed ^ last;
    }
}
