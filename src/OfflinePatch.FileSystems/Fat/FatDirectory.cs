using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>A directory: its slots in memory, where each lies on the volume, and the files that they describe.</summary>
internal sealed class FatDirectory
{
    private readonly BlockDevice _device;
    private readonly FatGeometry _geometry;
    private readonly List<uint> _clusters;
    private byte[] _slots;

    private FatDirectory(BlockDevice device, FatGeometry geometry, uint firstCluster, List<uint> clusters, int length)
    {
        _device = device;
        _geometry = geometry;
        FirstCluster = firstCluster;
        _clusters = clusters;
        _slots = new byte[length];
    }

    /// <summary>0 for the fixed root directory of FAT12 and FAT16.</summary>
    public uint FirstCluster { get; }

    public bool IsFixed => FirstCluster == 0;

    public int SlotCount => _slots.Length / FatLayout.Slot.Size;

    public IReadOnlyList<uint> Clusters => _clusters;

    public List<FatItem> Items { get; } = [];

    /// <summary>By long name and by short name; a long name wins.</summary>
    public Dictionary<string, FatItem> ByName { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The 11 bytes of the volume label, in a root directory; or null.</summary>
    public byte[]? Label { get; private set; }

    public static FatDirectory Load(BlockDevice device, FatGeometry geometry, FatTable table, uint firstCluster)
    {
        if (firstCluster == 0)
        {
            var root = new FatDirectory(device, geometry, 0, [], geometry.RootSlots * FatLayout.Slot.Size);
            device.Read(geometry.RootOffset, root._slots);
            root.Parse();
            return root;
        }

        var limit = Math.Max(1, FatGeometry.DirectorySlotLimit * FatLayout.Slot.Size / geometry.ClusterSize);
        var clusters = table.Chain(firstCluster, limit);
        var directory = new FatDirectory(device, geometry, firstCluster, clusters, clusters.Count * geometry.ClusterSize);
        for (var i = 0; i < clusters.Count; i++)
        {
            device.Read(geometry.OffsetOf(clusters[i]), directory._slots.AsSpan(i * geometry.ClusterSize, geometry.ClusterSize));
        }

        directory.Parse();
        return directory;
    }

    public Span<byte> Slot(int index) => _slots.AsSpan(index * FatLayout.Slot.Size, FatLayout.Slot.Size);

    /// <summary>Where a slot lies on the volume.</summary>
    public long OffsetOf(int index)
    {
        var at = index * FatLayout.Slot.Size;
        return IsFixed ? _geometry.RootOffset + at
            : _geometry.OffsetOf(_clusters[at / _geometry.ClusterSize]) + (at % _geometry.ClusterSize);
    }

    /// <summary>
    /// The first of <paramref name="count"/> free slots in a row; <see cref="SlotCount"/> minus those free at its end where it must grow.
    /// </summary>
    public int FindFree(int count)
    {
        var run = 0;
        var isPastEnd = false;
        for (var i = 0; i < SlotCount; i++)
        {
            isPastEnd |= Slot(i)[0] == FatLayout.Slot.End;
            run = isPastEnd || Slot(i)[0] == FatLayout.Slot.Free ? run + 1 : 0;
            if (run == count)
            {
                return i - count + 1;
            }
        }

        return SlotCount - run;
    }

    /// <summary>Adds a cluster, which must be zeros on the volume, at the end.</summary>
    public void Grow(uint cluster)
    {
        _clusters.Add(cluster);
        Array.Resize(ref _slots, _slots.Length + _geometry.ClusterSize);
    }

    /// <summary>Writes slots from memory to the volume, and keeps the end mark after them if it was among them.</summary>
    /// <param name="first">The first slot.</param>
    /// <param name="bytes">The new slots.</param>
    public void WriteSlots(int first, ReadOnlySpan<byte> bytes)
    {
        var count = bytes.Length / FatLayout.Slot.Size;
        var holdsEnd = false;
        for (var i = 0; i <= first + count - 1 && !holdsEnd; i++)
        {
            holdsEnd = Slot(i)[0] == FatLayout.Slot.End;
        }

        bytes.CopyTo(_slots.AsSpan(first * FatLayout.Slot.Size));
        for (var i = first; i < first + count; i++)
        {
            _device.Write(OffsetOf(i), Slot(i));
        }

        if (holdsEnd && first + count < SlotCount && Slot(first + count)[0] != FatLayout.Slot.End)
        {
            Slot(first + count)[0] = FatLayout.Slot.End;
            _device.Write(OffsetOf(first + count), Slot(first + count));
        }
    }

    /// <summary>Reads the slots again, after a change.</summary>
    public void Parse()
    {
        Items.Clear();
        ByName.Clear();
        Label = null;
        var longName = new LongName();
        for (var i = 0; i < SlotCount; i++)
        {
            var slot = Slot(i);
            if (slot[0] == FatLayout.Slot.End)
            {
                break;
            }

            var attributes = slot[FatLayout.Slot.Attributes];
            if (slot[0] == FatLayout.Slot.Free)
            {
                longName.Reset();
            }
            else if ((attributes & FatLayout.Slot.LongNameMask) == FatLayout.Slot.LongName)
            {
                longName.Add(slot, i);
            }
            else if ((attributes & FatLayout.Slot.VolumeLabel) != 0)
            {
                Label ??= slot[..11].ToArray();
                longName.Reset();
            }
            else
            {
                AddItem(slot, i, longName.Take(slot, out var firstSlot), firstSlot);
                longName.Reset();
            }
        }

        foreach (var item in Items)
        {
            ByName.TryAdd(item.Name, item);
        }

        foreach (var item in Items)
        {
            ByName.TryAdd(FatNames.Decode(item.ShortName, 0), item);
        }
    }

    private void AddItem(ReadOnlySpan<byte> slot, int index, string? longName, int firstSlot)
    {
        var shortName = slot[..11];
        if (shortName[0] == (byte)'.' && (shortName[1..].IndexOfAnyExcept((byte)' ') < 0
            || (shortName[1] == (byte)'.' && shortName[2..].IndexOfAnyExcept((byte)' ') < 0)))
        {
            return;
        }

        uint cluster = BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterLow..]);
        if (_geometry.Type == FatType.Fat32)
        {
            cluster |= (uint)BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.ClusterHigh..]) << 16;
        }

        firstSlot = longName is null ? index : firstSlot;
        var name = longName is not null && IsPlain(longName) ? longName : FatNames.Decode(shortName, slot[FatLayout.Slot.CaseFlags]);
        if (!IsPlain(name))
        {
            throw FatError.BadDirectory(FirstCluster, (long)index * FatLayout.Slot.Size, "a file name",
                $"'{FileSystemError.Printable(name)}'");
        }

        Items.Add(new FatItem(name, shortName.ToArray(), firstSlot, index - firstSlot + 1, slot[FatLayout.Slot.Attributes], cluster,
            BinaryPrimitives.ReadUInt32LittleEndian(slot[FatLayout.Slot.FileLength..]),
            DosTime.Decode(BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.WrittenDate..]),
                BinaryPrimitives.ReadUInt16LittleEndian(slot[FatLayout.Slot.WrittenTime..]))));
    }

    private static bool IsPlain(string name) => name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny("/\\\0") < 0;

    /// <summary>
    /// Collects the parts of a long name. Parts out of order, or with the wrong checksum, are ignored, as every reader does.
    /// </summary>
    private sealed class LongName
    {
        private readonly char[] _characters = new char[FatLayout.LongSlot.PartLimit * FatLayout.LongSlot.Characters];
        private int _parts;
        private int _next;
        private int _firstSlot;
        private byte _checksum;

        public void Reset() => _parts = 0;

        public void Add(ReadOnlySpan<byte> slot, int index)
        {
            var ordinal = slot[FatLayout.LongSlot.Ordinal];
            var number = ordinal & ~FatLayout.LongSlot.Last;
            if ((ordinal & FatLayout.LongSlot.Last) != 0 && number is > 0 and <= FatLayout.LongSlot.PartLimit)
            {
                _parts = number;
                _firstSlot = index;
                _checksum = slot[FatLayout.LongSlot.Checksum];
            }
            else if (_parts == 0 || number != _next || number == 0 || slot[FatLayout.LongSlot.Checksum] != _checksum)
            {
                Reset();
                return;
            }

            _next = number - 1;
            var part = _characters.AsSpan(_next * FatLayout.LongSlot.Characters, FatLayout.LongSlot.Characters);
            Copy(slot[FatLayout.LongSlot.First..], part[..5]);
            Copy(slot[FatLayout.LongSlot.Second..], part.Slice(5, 6));
            Copy(slot[FatLayout.LongSlot.Third..], part[11..]);
        }

        public string? Take(ReadOnlySpan<byte> shortSlot, out int firstSlot)
        {
            firstSlot = _firstSlot;
            if (_parts == 0 || _next != 0 || FatNames.Checksum(shortSlot) != _checksum)
            {
                return null;
            }

            ReadOnlySpan<char> all = _characters.AsSpan(0, _parts * FatLayout.LongSlot.Characters);
            var end = all.IndexOf('\0');
            return new string(end < 0 ? all : all[..end]);
        }

        private static void Copy(ReadOnlySpan<byte> from, Span<char> to)
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = (char)BinaryPrimitives.ReadUInt16LittleEndian(from[(i * 2)..]);
            }
        }
    }
}
