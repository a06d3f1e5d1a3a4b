using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.FileSystems.Msi;

/// <summary>
/// Reads the streams in the root of a compound file (OLE structured storage). Storages below the root are not needed, and skipped.
/// </summary>
internal sealed class CompoundFile
{
    /// <summary>Bytes of the table of sectors at most: a file of 16 GiB in sectors of 512 bytes.</summary>
    public const long FatLimit = 128L * 1024 * 1024;

    private const int EntryLimit = 100_000; // streams and storages; an MSI package has some hundred
    private static readonly byte[] SignatureBytes = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

    private readonly BlockDevice _device;
    private readonly int _sectorShift;
    private readonly uint _sectorCount;
    private readonly uint _miniCutoff;
    private readonly uint[] _fat;
    private readonly uint[] _miniFat;
    private readonly BlockDevice _miniSectors;
    private readonly Dictionary<string, (uint First, long Length)> _streams = new(StringComparer.Ordinal);

    public CompoundFile(BlockDevice device)
    {
        _device = device;
        var header = new byte[CompoundLayout.Header.Size];
        if (!Probe(device))
        {
            throw MsiError.BadHeader(0, "the signature of a compound file", "other bytes");
        }

        device.Read(0, header);
        _sectorShift = U16(header, CompoundLayout.Header.SectorShift);
        if (_sectorShift is not (9 or 12) || U16(header, CompoundLayout.Header.MiniSectorShift) != 6
            || U16(header, CompoundLayout.Header.ByteOrder) != 0xFFFE)
        {
            throw MsiError.BadHeader(CompoundLayout.Header.SectorShift, "sectors of 512 or 4,096 bytes, mini sectors of 64",
                $"2^{_sectorShift}, 2^{U16(header, CompoundLayout.Header.MiniSectorShift)}");
        }

        _sectorCount =
            (uint)Math.Min(CompoundLayout.LastSector, Math.Max(0, ((device.Length + (1 << _sectorShift) - 1) >> _sectorShift) - 1));
        _miniCutoff = U32(header, CompoundLayout.Header.MiniCutoff);
        _fat = ReadFat(header);
        var isVersion3 = U16(header, CompoundLayout.Header.MajorVersion) < 4;
        var directory =
            ReadAll(U32(header, CompoundLayout.Header.FirstDirectorySector), "directory", (long)EntryLimit * CompoundLayout.Entry.Size);
        var miniFat = ReadAll(U32(header, CompoundLayout.Header.FirstMiniFatSector), "mini FAT", FatLimit);
        _miniFat = ToWords(miniFat);
        _miniSectors = ReadDirectory(directory, isVersion3);
    }

    /// <summary>The names of the streams in the root.</summary>
    public IReadOnlyCollection<string> Streams => _streams.Keys;

    public static bool Probe(BlockDevice device)
    {
        if (device.Length < CompoundLayout.Header.Size)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[8];
        device.Read(0, signature);
        return signature.SequenceEqual(SignatureBytes);
    }

    /// <summary>A stream as a device, or null.</summary>
    public BlockDevice? OpenStream(string name)
    {
        if (!_streams.TryGetValue(name, out var stream))
        {
            return null;
        }

        return stream.Length < _miniCutoff
            ? new SectorDevice(_miniSectors, Chain(_miniFat, stream.First, stream.Length, 6, name), 6, 0, stream.Length)
            : OpenLarge(stream.First, stream.Length, name);
    }

    private SectorDevice OpenLarge(uint first, long length, string name) =>
        new(_device, Chain(_fat, first, length, _sectorShift, name), _sectorShift, 1L << _sectorShift, length);

    private BlockDevice ReadDirectory(byte[] directory, bool isVersion3)
    {
        var count = directory.Length / CompoundLayout.Entry.Size;
        if (count == 0 || directory[CompoundLayout.Entry.Type] != CompoundLayout.Entry.TypeRoot)
        {
            throw MsiError.BadDirectory(0, "the root entry", "none");
        }

        var pending = new Stack<uint>([U32(directory, CompoundLayout.Entry.Child)]);
        var visited = new HashSet<uint>();
        while (pending.TryPop(out var index))
        {
            if (index == CompoundLayout.Entry.None)
            {
                continue;
            }

            if (index >= count || !visited.Add(index))
            {
                throw MsiError.BadDirectory(index, $"one of {count} entries, each once", index >= count ? "another" : "one twice");
            }

            var entry = directory.AsSpan((int)index * CompoundLayout.Entry.Size, CompoundLayout.Entry.Size);
            pending.Push(U32(entry, CompoundLayout.Entry.Left));
            pending.Push(U32(entry, CompoundLayout.Entry.Right));
            int nameLength = U16(entry, CompoundLayout.Entry.NameLength);
            if (entry[CompoundLayout.Entry.Type] != CompoundLayout.Entry.TypeStream)
            {
                continue;
            }

            if (nameLength is < 2 or > 64)
            {
                throw MsiError.BadDirectory(index, "a name of 1 to 31 characters", $"{nameLength} bytes");
            }

            var name = MsiNames.Decode(Encoding.Unicode.GetString(entry[..(nameLength - 2)]));
            _streams.TryAdd(name, (U32(entry, CompoundLayout.Entry.FirstSector), LengthOf(entry, index, isVersion3)));
        }

        var rootLength = LengthOf(directory, 0, isVersion3);
        return rootLength == 0 ? new MemoryDevice(0)
            : OpenLarge(U32(directory, CompoundLayout.Entry.FirstSector), rootLength, "mini stream");
    }

    private long LengthOf(ReadOnlySpan<byte> entry, long index, bool isVersion3)
    {
        var length = isVersion3 ? U32(entry, CompoundLayout.Entry.Length)
            : BinaryPrimitives.ReadUInt64LittleEndian(entry[CompoundLayout.Entry.Length..]);
        return length <= (ulong)_device.Length ? (long)length
            : throw MsiError.BadDirectory(index, $"at most {_device.Length} bytes", $"{length}");
    }

    /// <summary>The sectors of the FAT are listed in the header, then in a chain of DIFAT sectors.</summary>
    private uint[] ReadFat(byte[] header)
    {
        var wordsPerSector = (1 << _sectorShift) / 4;
        var fatSectors = U32(header, CompoundLayout.Header.FatSectorCount);
        if (fatSectors > _sectorCount || ((long)fatSectors << _sectorShift) > FatLimit)
        {
            throw MsiError.BadHeader(CompoundLayout.Header.FatSectorCount, $"at most {_sectorCount} FAT sectors", $"{fatSectors}");
        }

        var list = new List<uint>();
        for (var i = 0; i < CompoundLayout.Header.DifatInHeader && list.Count < fatSectors; i++)
        {
            list.Add(U32(header, CompoundLayout.Header.Difat + (i * 4)));
        }

        var next = U32(header, CompoundLayout.Header.FirstDifatSector);
        var visited = new HashSet<uint>();
        while (list.Count < fatSectors)
        {
            if (!visited.Add(next))
            {
                throw MsiError.BadChain("DIFAT", next, "each sector once", "one twice");
            }

            var sector = ReadSector(next, "DIFAT");
            for (var i = 0; i < wordsPerSector - 1 && list.Count < fatSectors; i++)
            {
                list.Add(U32(sector, i * 4));
            }

            next = U32(sector, sector.Length - 4);
        }

        var fat = new uint[fatSectors * wordsPerSector];
        for (var i = 0; i < list.Count; i++)
        {
            ToWords(ReadSector(list[i], "FAT")).CopyTo(fat, i * wordsPerSector);
        }

        return fat;
    }

    private byte[] ReadSector(uint sector, string stream)
    {
        if (sector >= _sectorCount)
        {
            throw MsiError.BadChain(stream, sector, $"one of {_sectorCount} sectors", $"{sector}");
        }

        var bytes = new byte[1 << _sectorShift];
        var offset = ((long)sector + 1) << _sectorShift;
        _device.Read(offset, bytes.AsSpan(0, (int)Math.Min(bytes.Length, _device.Length - offset)));
        return bytes;
    }

    /// <summary>A chain without a length of its own.</summary>
    private byte[] ReadAll(uint first, string stream, long limit)
    {
        using var memory = new MemoryStream();
        for (var sector = first; sector < CompoundLayout.LastSector;)
        {
            if (memory.Length >= limit || memory.Length >> _sectorShift > _sectorCount)
            {
                throw MsiError.BadChain(stream, sector, $"at most {limit} bytes", "more, or a cycle");
            }

            memory.Write(ReadSector(sector, stream));
            sector = sector < _fat.Length ? _fat[sector]
                : throw MsiError.BadChain(stream, sector, $"one of {_fat.Length} sectors", $"{sector}");
        }

        return memory.ToArray();
    }

    private static uint[] Chain(uint[] fat, uint first, long length, int shift, string stream)
    {
        var count = (length + (1L << shift) - 1) >> shift;
        if (count > fat.Length)
        {
            throw MsiError.BadChain(stream, first, $"at most {fat.Length} sectors", $"{count}");
        }

        var chain = new uint[count];
        var sector = first;
        for (var i = 0; i < count; i++)
        {
            if (sector >= fat.Length)
            {
                throw MsiError.BadChain(stream, sector, $"sectors for {length} bytes", $"{i}");
            }

            chain[i] = sector;
            sector = fat[sector];
        }

        return chain;
    }

    private static uint[] ToWords(byte[] bytes)
    {
        var words = new uint[bytes.Length / 4];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = U32(bytes, i * 4);
        }

        return words;
    }

    /// <summary>A stream: sectors of the device below, in the order of a chain.</summary>
    private sealed class SectorDevice(BlockDevice below, uint[] chain, int shift, long start, long length) : BlockDevice
    {
        public override long Length => length;

        public override bool CanWrite => false;

        public override void Read(long offset, Span<byte> buffer)
        {
            CheckRange(offset, buffer.Length);
            while (!buffer.IsEmpty)
            {
                var index = (int)(offset >> shift);
                var within = (int)(offset & ((1 << shift) - 1));
                var run = 1;
                while (index + run < chain.Length && chain[index + run] == chain[index] + (uint)run
                    && ((long)run << shift) - within < buffer.Length)
                {
                    run++;
                }

                var count = (int)Math.Min(buffer.Length, ((long)run << shift) - within);
                below.Read(start + ((long)chain[index] << shift) + within, buffer[..count]);
                buffer = buffer[count..];
                offset += count;
            }
        }

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw new NotSupportedException();
    }
}
