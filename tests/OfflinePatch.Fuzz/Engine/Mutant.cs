using System.Buffers.Binary;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>A seed with changes, which are taken back without copying the seed again.</summary>
internal sealed class Mutant
{
    private readonly List<(int Offset, int Length)> _touched = [];
    private byte[] _seed = [];
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public Span<byte> Bytes => _buffer.AsSpan(0, Length);

    public FuzzInput Input => new(_buffer, Length);

    /// <summary>Starts from a seed: copies it only when it is another one than before.</summary>
    public void Reset(byte[] seed)
    {
        if (ReferenceEquals(seed, _seed))
        {
            foreach (var (offset, length) in _touched)
            {
                var end = Math.Min(offset + length, seed.Length);
                if (offset < end)
                {
                    seed.AsSpan(offset, end - offset).CopyTo(_buffer.AsSpan(offset));
                }
            }
        }
        else
        {
            _seed = seed;
            if (_buffer.Length < seed.Length + 64)
            {
                _buffer = new byte[(seed.Length + 64) * 5 / 4];
            }

            seed.CopyTo(_buffer, 0);
        }

        _touched.Clear();
        Length = seed.Length;
    }

    /// <summary>A part of it that will be changed.</summary>
    public Span<byte> Change(int offset, int length)
    {
        _touched.Add((offset, length));
        return Bytes.Slice(offset, length);
    }

    public void Truncate(int length) => Length = Math.Min(Length, Math.Max(0, length));

    /// <summary>Puts bytes in the place of others; the rest moves. For small inputs.</summary>
    public void Replace(int offset, int length, ReadOnlySpan<byte> bytes)
    {
        var result = new byte[Length - length + bytes.Length];
        Bytes[..offset].CopyTo(result);
        bytes.CopyTo(result.AsSpan(offset));
        Bytes[(offset + length)..].CopyTo(result.AsSpan(offset + bytes.Length));
        if (_buffer.Length < result.Length)
        {
            _buffer = new byte[result.Length * 2];
            _seed.CopyTo(_buffer, 0);
        }

        result.CopyTo(_buffer, 0);
        Length = result.Length;
        _touched.Clear();
        _touched.Add((0, Math.Max(_seed.Length, Length)));
    }

    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes[offset..]);

    public void PutU32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Change(offset, 4), value);

    public void PutU64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Change(offset, 8), value);
}
