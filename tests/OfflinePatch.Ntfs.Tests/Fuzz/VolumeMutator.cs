using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Tests.Fuzz;

/// <summary>
/// Damages a volume where it hurts: single fields of FILE records, index blocks, the boot sector and metafile content, update sequences
/// re-signed.
/// </summary>
internal sealed class VolumeMutator
{
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 7, 8, 0x10, 0x18, 0x38, 0x40, 0x7F, 0x80, 0xFF, 0x100, 0x1FE, 0x200, 0x3F8, 0x400, 0xFFF, 0x1000, 0x7FFF, 0x8000, 0xFFFF,
            0x10000, 0x7FFFFFFF, 0x80000000,
        0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0x0005000000000005,
            0x00FFFFFFFFFFFFFF,
    ];

    private readonly byte[] _origin;
    private readonly List<long> _records = []; // positions of FILE records in use
    private readonly List<long> _metafiles = [];
    private readonly List<long> _blocks = []; // positions of INDX blocks
    private readonly int _recordSize;

    public VolumeMutator(byte[] origin)
    {
        _origin = origin;
        var cluster = BinaryPrimitives.ReadUInt16LittleEndian(origin.AsSpan(11)) * origin[13];
        _recordSize = origin[0x40] >= 128 ? 1 << (256 - origin[0x40]) : origin[0x40] * cluster;
        for (long at = 0; at + 4096 <= origin.Length; at += 512)
        {
            var magic = origin.AsSpan((int)at, 4);
            if (magic.SequenceEqual("FILE"u8) && (origin[at + 0x16] & 1) != 0)
            {
                _records.Add(at);
                if (BinaryPrimitives.ReadUInt32LittleEndian(origin.AsSpan((int)at + 0x2C)) < 27)
                {
                    _metafiles.Add(at);
                }
            }
            else if (magic.SequenceEqual("INDX"u8))
            {
                _blocks.Add(at);
            }
        }
    }

    public void Mutate(BlockDevice device, Random random)
    {
        for (var count = random.Next(10) == 0 ? random.Next(4, 40) : random.Next(1, 4); count > 0; count--)
        {
            switch (random.Next(20))
            {
                case < 7:
                    Protected(device, random, Pick(random, _metafiles), _recordSize);
                    break;
                case < 14:
                    Protected(device, random, Pick(random, _records), _recordSize);
                    break;
                case < 18:
                    Protected(device, random, Pick(random, _blocks), 4096);
                    break;
                case 18:
                    Plain(device, random, random.Next(0x0B, 0x54));
                    break;
                default:
                    Plain(device, random, random.NextInt64(device.Length - 8));
                    break;
            }
        }
    }

    private static long Pick(Random random, List<long> positions) => positions[random.Next(positions.Count)];

    private static void Plain(BlockDevice device, Random random, long at)
    {
        var bytes = new byte[8];
        device.Read(at, bytes);
        Field(bytes, random, 0);
        device.Write(at, bytes);
    }

    private static void Protected(BlockDevice device, Random random, long at, int size)
    {
        var bytes = new byte[size];
        device.Read(at, bytes);
        var decoded = UpdateSequence.TryDecode(bytes);
        var used = (int)Math.Clamp(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes[0] == (byte)'F' ? 0x18 : 0x1C)), 0x40u,
            (uint)(size - 8));
        switch (random.Next(10))
        {
            case 0:
                Field(bytes, random, random.Next(0x30));
                break;
            case 1: // a piece of it over another
                var length = random.Next(1, 64);
                bytes.AsSpan(random.Next(used - Math.Min(used - 1, length)), Math.Min(length, used - 1)).ToArray()
                    .CopyTo(bytes, random.Next(size - length));
                break;
            default:
                Field(bytes, random, 0x30 + random.Next(Math.Max(1, used - 0x30)));
                break;
        }

        if (decoded)
        {
            UpdateSequence.TryEncode(bytes);
        }

        device.Write(at, bytes);
    }

    private static void Field(byte[] bytes, Random random, int at)
    {
        at = Math.Min(at, bytes.Length - 8);
        var value = random.Next(3) == 0 ? (ulong)random.NextInt64() : Interesting[random.Next(Interesting.Length)];
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)(value & 0xFF);
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at & ~1), (ushort)(value & 0xFFFF));
                break;
            case 3:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at & ~3), (uint)(value & 0xFFFFFFFF));
                break;
            case 4:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at & ~7), value);
                break;
            default: // a little more or less
                var field = bytes.AsSpan(at & ~1);
                BinaryPrimitives.WriteUInt16LittleEndian(field,
                    (ushort)((BinaryPrimitives.ReadUInt16LittleEndian(field) + random.Next(-16, 17)) & 0xFFFF));
                break;
        }
    }
}
