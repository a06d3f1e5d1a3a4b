using System.Buffers.Binary;
using System.Security.Cryptography;
using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>
/// Identities that containers carry, to be renewed. They are random; where the clock is fixed (<see cref="ReproducibleClock"/>) they follow
/// from the disk, or from what they replace, so that equal runs give equal bytes.
/// </summary>
public sealed class ImageIdentity
{
    private const int SampleBytes = 64 * 1024; // the partition table, with the disk's own identity

    private readonly byte[]? _seed;
    private int _count;

    private ImageIdentity(byte[]? seed) => _seed = seed;

    /// <summary>Identities of a new image of this disk.</summary>
    public static ImageIdentity OfNew(BlockDevice disk)
    {
        if (!ReproducibleClock.IsFixed)
        {
            return Random;
        }

        var sample = new byte[Math.Min(SampleBytes, disk.Length) + sizeof(long)];
        disk.Read(0, sample.AsSpan(sizeof(long)));
        BinaryPrimitives.WriteInt64LittleEndian(sample, disk.Length);
        return new ImageIdentity(SHA256.HashData(sample));
    }

    /// <summary>Random ones.</summary>
    public static ImageIdentity Random => new(null);

    /// <summary>New identities, derived from the one being replaced.</summary>
    public static ImageIdentity After(ReadOnlySpan<byte> old) => ReproducibleClock.IsFixed ? new ImageIdentity(SHA256.HashData(old))
        : Random;

    /// <summary>The next one.</summary>
    public Guid NextGuid()
    {
        if (_seed is null)
        {
            return Guid.NewGuid();
        }

        var bytes = Next()[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80); // RFC 9562: version 8, made by a rule of our own
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80); // RFC 9562: variant 10
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The next 32-bit one.</summary>
    public uint NextNumber() =>
        BinaryPrimitives.ReadUInt32LittleEndian(_seed is null ? RandomNumberGenerator.GetBytes(sizeof(uint)) : Next());

    private Span<byte> Next()
    {
        var input = new byte[sizeof(int) + _seed!.Length];
        BinaryPrimitives.WriteInt32LittleEndian(input, _count++);
        _seed.CopyTo(input, sizeof(int));
        return SHA256.HashData(input);
    }
}
