using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <content>Changes: clusters are found before anything is changed, so that an operation that is refused for lack of space changes
/// nothing.</content>
public sealed partial class FatFileSystem
{
    private const int CopySize = 64 * 1024;

    private long? _freeClusters;
    private bool _isWritable;
    private bool _hasChanged;

    /// <inheritdoc/>
    /// <exception cref="RefusedException">No room, a name that FAT cannot hold, a file in the way, or a volume that is not
    /// sound.</exception>
    public void CreateDirectory(string path)
    {
        var names = FilePath.Split(path);
        for (var count = 1; count <= names.Length; count++)
        {
            if (FindItem(names.AsSpan(0, count)) is { } found)
            {
                if (!found.Item.IsDirectory)
                {
                    throw FatError.IsFile(string.Join('\\', names[..count]));
                }

                continue;
            }

            MakeWritable();
            var parent = FindDirectory(names.AsSpan(0, count - 1))!;
            var plan = PlanSlots(parent, names[count - 1], string.Join('\\', names[..count]));
            RequireClusters(plan.NewClusters + 1);
            var cluster = AllocateChain(1)[0];
            ClearCluster(cluster);
            WriteDots(cluster, parent);
            Insert(parent, plan, FatLayout.Slot.Directory, cluster, 0, Stamp.Now(_clock));
        }
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        WriteFile(path, stream, content.Length);
    }

    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">There is no such directory.</exception>
    /// <exception cref="RefusedException">No room, a name that FAT cannot hold, a directory in the way, or a volume that is not
    /// sound.</exception>
    public void WriteFile(string path, Stream content, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var names = FilePath.Split(path);
        if (length > uint.MaxValue)
        {
            throw FatError.TooLong(path, length);
        }

        if (names.Length == 0)
        {
            throw FatError.IsDirectory(path);
        }

        var parent = FindDirectory(names.AsSpan(0, names.Length - 1)) ?? throw FileSystemError.NoDirectory(Source, FilePath.ParentOf(path));
        MakeWritable();
        var needed = (length + _geometry.ClusterSize - 1) / _geometry.ClusterSize;
        if (parent.ByName.TryGetValue(names[^1], out var item))
        {
            if (item.IsDirectory)
            {
                throw FatError.IsDirectory(path);
            }

            var chain = _table.Chain(item.FirstCluster);
            RequireClusters(needed - chain.Count);
            ResizeChain(chain, needed);
            WriteContent(chain, content, length);
            Update(parent, item, chain.Count == 0 ? 0 : chain[0], (uint)length);
            return;
        }

        var plan = PlanSlots(parent, names[^1], path);
        RequireClusters(plan.NewClusters + needed);
        var clusters = AllocateChain(needed);
        WriteContent(clusters, content, length);
        Insert(parent, plan, FatLayout.Slot.Archive, clusters.Count == 0 ? 0 : clusters[0], (uint)length, Stamp.Now(_clock));
    }

    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
    /// <exception cref="RefusedException"><c>FAT-0015</c>: the directory is not empty.</exception>
    public void Delete(string path)
    {
        var (parent, item) = FindItem(FilePath.Split(path)) ?? throw FileSystemError.NoFile(Source, path);
        if (item.IsDirectory && LoadBelow(parent, item).Items.Count > 0)
        {
            throw FatError.NotEmpty(path);
        }

        MakeWritable();
        ResizeChain(_table.Chain(item.FirstCluster), 0);
        if (item.IsDirectory)
        {
            _directories.Remove(item.FirstCluster);
        }

        Remove(parent, item);
    }

    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">There is no such file or directory, or no such directory to move it to.</exception>
    /// <exception cref="RefusedException"><c>FAT-0016</c>: the new path exists; <c>FAT-0017</c>: it lies inside the directory that is
    /// moved.</exception>
    public void Move(string path, string newPath)
    {
        var names = FilePath.Split(newPath);
        var (from, item) = FindItem(FilePath.Split(path)) ?? throw FileSystemError.NoFile(Source, path);
        var to = (names.Length == 0 ? null : FindDirectory(names.AsSpan(0, names.Length - 1)))
            ?? throw FileSystemError.NoDirectory(Source, FilePath.ParentOf(newPath));
        if (item.IsDirectory && LiesIn(to, names.AsSpan(0, names.Length - 1), item))
        {
            throw FatError.IntoItself(path, newPath);
        }

        if (to.ByName.TryGetValue(names[^1], out var present) && present != item)
        {
            throw FatError.Exists(newPath);
        }

        if (!FatNames.IsValid(names[^1]))
        {
            throw FatError.BadName(names[^1]);
        }

        MakeWritable();
        RequireClusters(PlanSlots(to, names[^1], newPath, replaced: item).NewClusters);
        var kept = from.Slot(item.ShortSlot).ToArray();
        Remove(from, item);
        Insert(to, PlanSlots(to, names[^1], newPath), kept);
        if (item.IsDirectory && from != to)
        {
            var directory = Load(item.FirstCluster);
            var dots = directory.Slot(1).ToArray();
            SetCluster(dots, to.FirstCluster == RootCluster ? 0 : to.FirstCluster);
            directory.WriteSlots(1, dots);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (!_hasChanged)
        {
            return;
        }

        _table.Save();
        SaveFreeCount();
        _device.Flush();
        _hasChanged = false;
    }

    private bool LiesIn(FatDirectory directory, ReadOnlySpan<string> names, FatItem item)
    {
        for (var count = names.Length; count > 0; count--)
        {
            if (FindItem(names[..count])?.Item.FirstCluster == item.FirstCluster)
            {
                return true;
            }
        }

        return directory.FirstCluster == item.FirstCluster;
    }

    private void MakeWritable()
    {
        if (!_isWritable)
        {
            if (!_device.CanWrite)
            {
                throw FatError.ReadOnlyDevice(Source);
            }

            if (_table.FindDifference() is { } difference)
            {
                throw FatError.TablesDiffer(difference.Copy, difference.Sector);
            }

            if ((IsDirty ? Check() : FindObstacles()).FirstOrDefault(f => f.IsError) is { } finding)
            {
                throw FatError.NotSound($"{finding.Structure}: {finding.Message}");
            }

            _freeClusters = _table.CountFree();
            _isWritable = true;
        }

        _hasChanged = true;
        _lastChain = null;
    }

    private void RequireClusters(long count)
    {
        if (count > _freeClusters)
        {
            throw FatError.Full(count * _geometry.ClusterSize, _freeClusters.Value * _geometry.ClusterSize);
        }
    }

    private List<uint> AllocateChain(long count)
    {
        var chain = new List<uint>();
        ResizeChain(chain, count);
        return chain;
    }

    private void ResizeChain(List<uint> chain, long count)
    {
        while (chain.Count < count)
        {
            var cluster = _table.FindFree();
            if (cluster == 0)
            {
                throw FatError.Full((count - chain.Count) * _geometry.ClusterSize, 0);
            }

            _table.Set(cluster, _table.End);
            if (chain.Count > 0)
            {
                _table.Set(chain[^1], cluster);
            }

            chain.Add(cluster);
            _freeClusters--;
        }

        if (chain.Count > count)
        {
            for (var i = (int)count; i < chain.Count; i++)
            {
                _table.Set(chain[i], 0);
                _freeClusters++;
            }

            chain.RemoveRange((int)count, chain.Count - (int)count);
            if (count > 0)
            {
                _table.Set(chain[^1], _table.End);
            }
        }
    }

    private void WriteContent(List<uint> clusters, Stream content, long length)
    {
        var buffer = new byte[Math.Max(_geometry.ClusterSize, CopySize / _geometry.ClusterSize * _geometry.ClusterSize)];
        var index = 0;
        while (length > 0)
        {
            var count = (int)Math.Min(buffer.Length, length);
            content.ReadExactly(buffer, 0, count);
            length -= count;
            var padded = (count + _geometry.ClusterSize - 1) / _geometry.ClusterSize * _geometry.ClusterSize;
            buffer.AsSpan(count, padded - count).Clear();
            for (var at = 0; at < padded; at += _geometry.ClusterSize)
            {
                _device.Write(_geometry.OffsetOf(clusters[index++]), buffer.AsSpan(at, _geometry.ClusterSize));
            }
        }
    }

    private void ClearCluster(uint cluster) => _device.Write(_geometry.OffsetOf(cluster), new byte[_geometry.ClusterSize]);

    /// <summary>Decides the short name and the place of a new entry, and how many clusters the directory must grow by.</summary>
    private SlotPlan PlanSlots(FatDirectory directory, string name, string path, FatItem? replaced = null)
    {
        if (!FatNames.IsValid(name))
        {
            throw FatError.BadName(name);
        }

        var taken = directory.Items.Where(i => i != replaced).Select(i => Convert.ToHexString(i.ShortName))
            .ToHashSet(StringComparer.Ordinal);
        var (shortName, needsLongName) = FatNames.Choose(name, b => taken.Contains(Convert.ToHexString(b)), out var caseFlags)
            ?? throw FatError.TooManyAliases(name);
        var slots = 1 + (needsLongName ? (name.Length + FatLayout.LongSlot.Characters - 1) / FatLayout.LongSlot.Characters : 0);
        var first = directory.FindFree(slots);
        var missing = Math.Max(0, first + slots - directory.SlotCount);
        if (missing > 0 && directory.IsFixed)
        {
            throw FatError.RootFull(directory.SlotCount);
        }

        if (first + slots > FatGeometry.DirectorySlotLimit)
        {
            throw FatError.DirectoryFull(path);
        }

        var perCluster = _geometry.ClusterSize / FatLayout.Slot.Size;
        return new SlotPlan(name, shortName, caseFlags, first, slots, (missing + perCluster - 1) / perCluster);
    }

    private void Insert(FatDirectory directory, SlotPlan plan, byte attributes, uint cluster, uint length, Stamp stamp)
    {
        var slot = new byte[FatLayout.Slot.Size];
        slot[FatLayout.Slot.Attributes] = attributes;
        slot[FatLayout.Slot.CreatedHundredths] = stamp.Hundredths;
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.CreatedTime), stamp.Time);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.CreatedDate), stamp.Date);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.AccessedDate), stamp.Date);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenTime), stamp.Time);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenDate), stamp.Date);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(FatLayout.Slot.FileLength), length);
        SetCluster(slot, cluster);
        Insert(directory, plan, slot);
    }

    private void Insert(FatDirectory directory, SlotPlan plan, byte[] shortSlot)
    {
        for (var i = 0; i < plan.NewClusters; i++)
        {
            var chain = new List<uint>(directory.Clusters);
            ResizeChain(chain, chain.Count + 1);
            ClearCluster(chain[^1]);
            directory.Grow(chain[^1]);
        }

        var slots = new byte[plan.SlotCount * FatLayout.Slot.Size];
        plan.ShortName.CopyTo(shortSlot, FatLayout.Slot.Name);
        shortSlot[FatLayout.Slot.CaseFlags] = plan.CaseFlags;
        shortSlot.CopyTo(slots, slots.Length - FatLayout.Slot.Size);
        WriteLongName(slots.AsSpan(0, slots.Length - FatLayout.Slot.Size), plan.Name, FatNames.Checksum(plan.ShortName));
        directory.WriteSlots(plan.First, slots);
        directory.Parse();
    }

    private static void WriteLongName(Span<byte> slots, string name, byte checksum)
    {
        var parts = slots.Length / FatLayout.Slot.Size;
        for (var part = 0; part < parts; part++)
        {
            var slot = slots.Slice((parts - 1 - part) * FatLayout.Slot.Size, FatLayout.Slot.Size);
            slot[FatLayout.LongSlot.Ordinal] = (byte)(part + 1 == parts ? (part + 1) | FatLayout.LongSlot.Last : part + 1);
            slot[FatLayout.Slot.Attributes] = FatLayout.Slot.LongName;
            slot[FatLayout.LongSlot.Checksum] = checksum;
            for (var i = 0; i < FatLayout.LongSlot.Characters; i++)
            {
                var at = (part * FatLayout.LongSlot.Characters) + i;
                var value = at < name.Length ? name[at] : at == name.Length ? '\0' : '\uFFFF';
                var offset = i < 5 ? FatLayout.LongSlot.First + (i * 2) : i < 11 ? FatLayout.LongSlot.Second + ((i - 5) * 2)
                    : FatLayout.LongSlot.Third + ((i - 11) * 2);
                BinaryPrimitives.WriteUInt16LittleEndian(slot[offset..], value);
            }
        }
    }

    private void Update(FatDirectory directory, FatItem item, uint cluster, uint length)
    {
        var slot = directory.Slot(item.ShortSlot).ToArray();
        var stamp = Stamp.Now(_clock);
        slot[FatLayout.Slot.Attributes] |= FatLayout.Slot.Archive;
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.AccessedDate), stamp.Date);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenTime), stamp.Time);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(FatLayout.Slot.WrittenDate), stamp.Date);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(FatLayout.Slot.FileLength), length);
        SetCluster(slot, cluster);
        directory.WriteSlots(item.ShortSlot, slot);
        directory.Parse();
    }

    private void Remove(FatDirectory directory, FatItem item)
    {
        _entriesOf.Remove(item.FirstCluster);
        for (var i = item.FirstSlot; i <= item.ShortSlot; i++)
        {
            var slot = directory.Slot(i).ToArray();
            slot[0] = FatLayout.Slot.Free;
            directory.WriteSlots(i, slot);
        }

        directory.Parse();
    }

    private void WriteDots(uint cluster, FatDirectory parent)
    {
        var stamp = Stamp.Now(_clock);
        var slots = new byte[2 * FatLayout.Slot.Size];
        for (var i = 0; i < 2; i++)
        {
            var slot = slots.AsSpan(i * FatLayout.Slot.Size, FatLayout.Slot.Size);
            slot[..11].Fill((byte)' ');
            slot[..(i + 1)].Fill((byte)'.');
            slot[FatLayout.Slot.Attributes] = FatLayout.Slot.Directory;
            slot[FatLayout.Slot.CreatedHundredths] = stamp.Hundredths;
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.CreatedTime..], stamp.Time);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.CreatedDate..], stamp.Date);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.AccessedDate..], stamp.Date);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.WrittenTime..], stamp.Time);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.WrittenDate..], stamp.Date);
            SetCluster(slot, i == 0 ? cluster : parent.FirstCluster == RootCluster ? 0 : parent.FirstCluster);
        }

        _device.Write(_geometry.OffsetOf(cluster), slots);
    }

    private void SetCluster(Span<byte> slot, uint cluster)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.ClusterLow..], (ushort)(cluster & 0xFFFF));
        if (_geometry.Type == FatType.Fat32)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(slot[FatLayout.Slot.ClusterHigh..], (ushort)(cluster >> 16));
        }
    }

    /// <summary>
    /// Writes the number of free clusters, and where to look for the next, to FSInfo; only where that sector has its signatures.
    /// </summary>
    private void SaveFreeCount()
    {
        if (_geometry.InfoOffset == 0 || _freeClusters is not { } free)
        {
            return;
        }

        var info = new byte[512];
        _device.Read(_geometry.InfoOffset, info);
        if (BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(FatLayout.Info.LeadSignature)) != FatLayout.Info.LeadValue
            || BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(FatLayout.Info.StructSignature)) != FatLayout.Info.StructValue)
        {
            return;
        }

        var next = _table.FindFree();
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.FreeClusters), (uint)free);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(FatLayout.Info.NextFree), next == 0 ? 0xFFFFFFFF : next);
        _device.Write(_geometry.InfoOffset, info);
    }

    private sealed record SlotPlan(string Name, byte[] ShortName, byte CaseFlags, int First, int SlotCount, int NewClusters);

    private readonly record struct Stamp(ushort Date, ushort Time, byte Hundredths)
    {
        public static Stamp Now(TimeProvider clock)
        {
            var (date, time, hundredths) = DosTime.Encode(clock.GetUtcNow().UtcDateTime);
            return new Stamp(date, time, hundredths);
        }
    }
}
