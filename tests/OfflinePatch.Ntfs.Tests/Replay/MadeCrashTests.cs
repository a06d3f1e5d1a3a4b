using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Security;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Tests.Fuzz;
using OfflinePatch.Ntfs.Tests.Model;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>
/// Crashes of every kind that no Windows log at hand shows: a volume with a log that was made for it (<see cref="MadeLog"/>). A replay must
/// end at the very volume that the crash was made from: a change that was committed and did not reach the disk is redone, one that was
/// never committed is undone. The kernel's ntfs3 judges the same images where OFFLINEPATCH_NTFS3 names a kernel.
/// </summary>
public sealed class MadeCrashTests
{
    private const int Cluster = 4096;
    private const int DuplicateStart = 0x10 + 8; // created, in an index entry
    private const int DuplicateLength = 0x38;

    private static readonly Lazy<byte[]> Volume = new(() => Build(24, files: 900, descriptors: 300));

    /// <summary>A small one, with view indexes that have no block.</summary>
    private static readonly Lazy<byte[]> SmallIndexes = new(() => Build(4, files: 3, descriptors: 0));

    /// <summary>A change of one structure, by name.</summary>
    private static readonly (string Name, Func<VolumeSurgeon, Target> Find)[] Structures =
    [
        ("WriteEndOfFileRecordSegment", RecordTail),
        ("UpdateResidentValue", s => Resident(s)),
        ("UpdateNonresidentValue", Bitmap),
        ("UpdateFileNameRoot", RootEntry),
        ("UpdateFileNameAllocation", BlockEntry),
        ("SetIndexEntryVcnRoot", RootSubNode),
        ("SetIndexEntryVcnAllocation", BlockSubNode),
        ("WriteEndOfIndexBuffer", BlockTail),
        ("UpdateRecordDataRoot", RootViewData),
        ("UpdateRecordDataAllocation", ViewData),
    ];

    public static TheoryData<string, bool> Changes
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var (name, _) in Structures)
            {
                data.Add(name, true);
                data.Add(name, false);
            }

            return data;
        }
    }

    public static TheoryData<string> Scenes =>
        ["DeleteDirtyClusters", "EndTopLevelAction", "PrepareTransaction", "CommitTransaction", "TransactionTableDump",
            "ended at the checkpoint"];

    [Theory, MemberData(nameof(Changes)), Trait("tier", "crash")]
    public void A_change_is_redone_or_undone(string name, bool isCommitted)
    {
        var origin = OriginOf(name);
        using var device = new CopyOnWriteDevice(origin);
        var log = MakeChange(device, name, isCommitted);
        Keep(origin, device, $"{name}-{(isCommitted ? "redo" : "undo")}");
        RequireForce(device, Enum.Parse<LogOperation>(name));
        var result = LogReplayer.Replay(device, new LogReplayOptions { Force = true });
        Assert.Equal((1, isCommitted ? 0 : 1), (result.Redone, result.Undone));
        AssertAsBefore(origin, device, log);
    }

    [Theory, MemberData(nameof(Scenes)), Trait("tier", "crash")]
    public void Transactions_end_as_the_log_says(string name)
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var log = MakeScene(device, name);
        Keep(Volume.Value, device, name.Replace(' ', '-'));
        RequireForce(device, name == "ended at the checkpoint" ? LogOperation.TransactionTableDump : Enum.Parse<LogOperation>(name));
        LogReplayer.Replay(device, new LogReplayOptions { Force = true });
        AssertAsBefore(Volume.Value, device, log);
    }

    /// <summary>The kernel replays the same logs when it mounts; afterwards every file reads as before, and it does not complain.</summary>
    [SkippableTheory, MemberData(nameof(Changes)), Trait("tier", "oracle"), Trait("speed", "slow")]
    public void The_kernel_ends_at_the_same_files(string name, bool isCommitted) =>
        Kernel(OriginOf(name), device => MakeChange(device, name, isCommitted));

    [SkippableTheory, MemberData(nameof(Scenes)), Trait("tier", "oracle"), Trait("speed", "slow")]
    public void The_kernel_ends_transactions_the_same_way(string name) => Kernel(Volume.Value, device => MakeScene(device, name));

    private static byte[] OriginOf(string change) => (change == nameof(LogOperation.UpdateRecordDataRoot) ? SmallIndexes : Volume).Value;

    private static void Kernel(byte[] volume, Func<BlockDevice, MadeLog> make)
    {
        KernelReader.Require();
        using var scratch = new ScratchFolder();
        using var device = new CopyOnWriteDevice(volume);
        make(device);
        VolumeOracles.Save(device, scratch["crashed.raw"]);
        using var origin = NtfsVolume.Open(new CopyOnWriteDevice(volume));
        var expected = origin.Walk().Where(e => !e.Path.StartsWith('$'))
            .Select(e => (e.Path, e.Entry.IsDirectory, e.Entry.IsDirectory ? [] : origin.ReadFile(e.Path))).ToList();
        KernelReader.AssertSame(scratch, "crashed.raw", expected);
    }

    /// <summary>
    /// A change whose redo is right and whose undo is wrong, on a volume that has the wrong bytes; or the other way round on the right
    /// volume, in a transaction without an end.
    /// </summary>
    private static MadeLog MakeChange(BlockDevice device, string name, bool isCommitted)
    {
        var surgeon = new VolumeSurgeon(device);
        var target = Structures.Single(s => s.Name == name).Find(surgeon);
        var log = new MadeLog(device);
        var attribute = log.Open(target.Type, target.File, target.BlockSize, target.AttributeName);
        log.Checkpoint();
        var operation = Enum.Parse<LogOperation>(name);
        log.Change(MadeLog.FirstTransaction, new MadeChange(operation, operation)
        {
            Redo = isCommitted ? target.Right : target.Wrong,
            Undo = isCommitted ? target.Wrong : target.Right,
            Attribute = attribute,
            Vcn = target.Vcn,
            Lcn = target.Lcn,
            RecordOffset = target.RecordOffset,
            AttributeOffset = target.AttributeOffset,
            ClusterOffset = target.ClusterOffset,
        });
        if (isCommitted)
        {
            target.Spoil();
            log.Forget(MadeLog.FirstTransaction);
        }

        log.Write(device);
        return log;
    }

    private static MadeLog MakeScene(BlockDevice device, string name)
    {
        var surgeon = new VolumeSurgeon(device);
        var log = new MadeLog(device);
        var resident = Resident(surgeon);
        var other = Resident(surgeon, "second.txt");
        var attribute = log.Open(resident.Type, resident.File);
        const uint First = MadeLog.FirstTransaction;
        const uint Second = First + MadeLog.TransactionSize;
        switch (name)
        {
            case "DeleteDirtyClusters":
                // the index block was freed, its cluster went to a file, whose content is not logged: redo must not write the cluster
                var content = surgeon.Locate(Number(surgeon, "plain.bin"), AttributeType.Data, "", 0) / Cluster;
                var index = log.Open(AttributeType.IndexAllocation, Reference(surgeon, "wide"), Cluster, "$I30");
                log.Checkpoint();
                log.Change(First, new MadeChange(LogOperation.UpdateNonresidentValue, LogOperation.Noop)
                {
                    Redo = Filled(0x40, 0xAA),
                    Attribute = index,
                    Vcn = 7,
                    Lcn = content,
                });
                log.Change(First, new MadeChange(LogOperation.DeleteDirtyClusters, LogOperation.Noop)
                {
                    Redo = [.. BitConverter.GetBytes(content), .. BitConverter.GetBytes(1L)],
                    Attribute = index,
                });
                log.Forget(First);
                break;
            case "EndTopLevelAction":
                // of an unfinished transaction the nested action stays, what was before it is undone
                log.Checkpoint();
                var before = log.Change(First, Update(resident, attribute, resident.Wrong, resident.Right));
                log.Change(First, Update(other, attribute, other.Right, other.Wrong));
                other.Spoil();
                log.Change(First, new MadeChange(LogOperation.EndTopLevelAction, LogOperation.Noop), undoNext: before);
                break;
            case "PrepareTransaction" or "CommitTransaction":
                // no end of the transaction, but it is not to be undone
                log.Checkpoint();
                log.Change(First, Update(resident, attribute, resident.Right, resident.Wrong));
                resident.Spoil();
                log.Change(First, new MadeChange(Enum.Parse<LogOperation>(name), LogOperation.CompensationLogRecord), undoNext: 0);
                break;
            case "TransactionTableDump":
                // changed and on the disk before the checkpoint, never ended: undone
                var early = log.Change(First, Update(resident, attribute, resident.Wrong, resident.Right));
                resident.Spoil();
                log.Checkpoint([(attribute, resident.Vcn, resident.Lcn, early)], [(First, 1, early, early)]);
                log.Change(Second, Update(other, attribute, other.Right, other.Wrong));
                other.Spoil();
                log.Forget(Second);
                break;
            default:
                // the same, but the transaction ends behind the checkpoint: it stays
                var kept = log.Change(First, Update(resident, attribute, resident.Right, resident.Wrong));
                resident.Spoil();
                log.Checkpoint([(attribute, resident.Vcn, resident.Lcn, kept)], [(First, 1, kept, kept)]);
                log.Change(First, Update(other, attribute, other.Right, other.Wrong));
                other.Spoil();
                log.Forget(First);
                break;
        }

        log.Write(device);
        return log;
    }

    private static MadeChange Update(Target target, int attribute, byte[] redo, byte[] undo) =>
        new(LogOperation.UpdateResidentValue, LogOperation.UpdateResidentValue)
        {
            Redo = redo,
            Undo = undo,
            Attribute = attribute,
            Vcn = target.Vcn,
            Lcn = target.Lcn,
            RecordOffset = target.RecordOffset,
            AttributeOffset = target.AttributeOffset,
            ClusterOffset = target.ClusterOffset,
        };

    /// <summary>
    /// OFFLINEPATCH_CRASHES names a folder: the crashed volumes, and what they were made from, are kept there for other judges.
    /// </summary>
    private static void Keep(byte[] origin, CopyOnWriteDevice device, string name)
    {
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_CRASHES") is { Length: > 0 } folder)
        {
            VolumeOracles.Save(device, Path.Combine(folder, name + ".crashed"));
            VolumeOracles.Save(new CopyOnWriteDevice(origin), Path.Combine(folder, name + ".origin"));
        }
    }

    /// <summary>An operation that no real log has proven is refused unless it is forced, and nothing is written.</summary>
    private static void RequireForce(CopyOnWriteDevice device, LogOperation operation)
    {
        if (LogReplayer.IsProven(operation))
        {
            return;
        }

        device.Writes = 0;
        var refusal = Assert.Throws<RefusedException>(() => LogReplayer.Replay(device));
        Assert.Equal(("NTFS-5209", 0), (refusal.Code, device.Writes));
        Assert.Contains(operation.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--force-replay", refusal.Remedy, StringComparison.Ordinal);
    }

    private static void AssertAsBefore(byte[] volume, CopyOnWriteDevice device, MadeLog log)
    {
        using var origin = new MemoryDevice(volume);
        var (count, example) = VolumeComparison.Differences(origin, device.Read, VolumeGeometry.Read(origin), [], [(log.Start, log.End)]);
        Assert.True(count == 0, $"{count} structures differ: {example}");
        Assert.Empty(NtfsVolume.Open(device).Check());
        Assert.Equal(0, LogReplayer.Replay(device).Redone); // the log is closed
    }

    private static Target RecordTail(VolumeSurgeon s)
    {
        var target = Resident(s);
        var record = s.Record(target.Number);
        var used = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(0x18));
        var right = record[target.RecordOffset..used];
        var wrong = right.ToArray();
        wrong.AsSpan(target.AttributeOffset, 40).Fill((byte)'x');
        return target with
        {
            Right = right,
            Wrong = wrong,
            AttributeOffset = 0,
            Spoil = () => s.Edit(target.Number, r => wrong.CopyTo(r, target.RecordOffset)),
        };
    }

    private static Target Resident(VolumeSurgeon s, string name = "target.txt")
    {
        var number = Number(s, name);
        var record = s.Record(number);
        var at = VolumeSurgeon.Attribute(record, AttributeType.Data);
        var value = VolumeSurgeon.Value(record, AttributeType.Data);
        return InRecord(s, number, at, value - at, record[value..(value + 60)], b => b.AsSpan(10, 40).Fill((byte)'x'),
            FileReference.MftRecord);
    }

    /// <summary>A part of $Bitmap, one bit of which is wrong.</summary>
    private static Target Bitmap(VolumeSurgeon s)
    {
        var position = s.Locate(FileReference.BitmapRecord, AttributeType.Data, "", 0);
        var right = new byte[16];
        s.Device.Read(position + 64, right);
        var wrong = right.ToArray();
        wrong[3] ^= 1;
        return new Target(FileReference.BitmapRecord, Ref(s, FileReference.BitmapRecord), AttributeType.Data, "", 0, 0, position / Cluster,
            64, 0, 0, right, wrong,
            () => s.Device.Write(position + 64, wrong));
    }

    private static Target RootEntry(VolumeSurgeon s)
    {
        var number = Number(s, "small");
        var record = s.Record(number);
        var at = VolumeSurgeon.Attribute(record, AttributeType.IndexRoot, "$I30");
        var entry = VolumeSurgeon.Value(record, AttributeType.IndexRoot, "$I30") + 0x20;
        return InRecord(s, number, at, entry - at, record[(entry + DuplicateStart)..(entry + DuplicateStart + DuplicateLength)],
            b => b.AsSpan(0, 24).Fill(7),
            FileReference.MftRecord, DuplicateStart);
    }

    private static Target RootSubNode(VolumeSurgeon s)
    {
        var number = Number(s, "wide");
        var record = s.Record(number);
        var at = VolumeSurgeon.Attribute(record, AttributeType.IndexRoot, "$I30");
        var entry = VolumeSurgeon.Value(record, AttributeType.IndexRoot, "$I30") + 0x20;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(entry + 8));
        return InRecord(s, number, at, entry - at, record[(entry + length - 8)..(entry + length)], b => b[1] ^= 0x40,
            FileReference.MftRecord, length - 8);
    }

    private static Target BlockEntry(VolumeSurgeon s) => InBlock(s, "wide", "$I30",
        (_, entries) => entries.Count > 4 ? (entries[2], DuplicateStart, DuplicateLength) : null, b => b.AsSpan(0, 24).Fill(7));

    private static Target BlockSubNode(VolumeSurgeon s) => InBlock(s, "wide", "$I30",
        (block, entries) => entries.Count > 2 && (block[entries[1] + 12] & 1) != 0
            ? (entries[1], BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(entries[1] + 8)) - 8, 8) : null, b => b[1] ^= 0x40);

    /// <summary>The last entries of a block; the wrong bytes have other times in them.</summary>
    private static Target BlockTail(VolumeSurgeon s) => InBlock(s, "wide", "$I30",
        (block, entries) => entries.Count > 6
            ? (entries[^2], 0, 0x18 + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(0x1C)) - entries[^2])
            : null,
        b => b.AsSpan(DuplicateStart, 24).Fill(7));

    /// <summary>The data of an entry of $SII in an index block: a hash that is wrong.</summary>
    private static Target ViewData(VolumeSurgeon s) => InBlock(s, FileReference.SecureRecord, "$SII",
        (block, entries) => entries.Count > 4 ? (entries[3], BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(entries[3])), 20) : null,
        b => b[0] ^= 0xFF);

    /// <summary>The same of an entry of the root, which has sub-nodes.</summary>
    private static Target RootViewData(VolumeSurgeon s)
    {
        var record = s.Record(FileReference.SecureRecord);
        var at = VolumeSurgeon.Attribute(record, AttributeType.IndexRoot, "$SII");
        var entry = VolumeSurgeon.Value(record, AttributeType.IndexRoot, "$SII") + 0x20;
        var start = entry + BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(entry));
        return InRecord(s, FileReference.SecureRecord, at, entry - at, record[start..(start + 20)], b => b[0] ^= 0xFF,
            FileReference.MftRecord, start - entry);
    }

    private static Target InRecord(VolumeSurgeon s, long number, int at, int offset, byte[] right, Action<byte[]> spoil, long file,
        int within = 0)
    {
        var position = s.Position(number);
        var wrong = right.ToArray();
        spoil(wrong);
        return new Target(number, Ref(s, file), AttributeType.Data, "", 0, number * s.RecordSize / Cluster, position / Cluster, at, offset,
            (int)(position % Cluster), right, wrong,
            () => s.Edit(number, r => wrong.CopyTo(r, at + offset + within)));
    }

    private static Target InBlock(VolumeSurgeon s, string directory, string index,
        Func<byte[], List<int>, (int Entry, int From, int Length)?> choose, Action<byte[]> spoil) =>
        InBlock(s, Number(s, directory), index, choose, spoil);

    private static Target InBlock(VolumeSurgeon s, long number, string index,
        Func<byte[], List<int>, (int Entry, int From, int Length)?> choose, Action<byte[]> spoil)
    {
        for (long vcn = 0; ; vcn++)
        {
            var position = s.Locate(number, AttributeType.IndexAllocation, index, vcn * Cluster);
            var block = new byte[Cluster];
            s.Device.Read(position, block);
            if (!block.AsSpan(0, 4).SequenceEqual("INDX"u8) || !UpdateSequence.TryDecode(block)
                || choose(block, VolumeSurgeon.Entries(block)) is not { } found)
            {
                continue;
            }

            var start = found.Entry + found.From;
            var right = block[start..(start + found.Length)];
            var wrong = right.ToArray();
            spoil(wrong);
            return new Target(number, Ref(s, number), AttributeType.IndexAllocation, index, Cluster, vcn, position / Cluster, 0,
                found.Entry, 0, right, wrong, () =>
            {
                wrong.CopyTo(block, start);
                Assert.True(UpdateSequence.TryEncode(block));
                s.Device.Write(position, block);
            });
        }
    }

    private static long Number(VolumeSurgeon s, string name)
    {
        using var volume = NtfsVolume.Open(s.Device);
        return volume.OpenFile(name)!.Reference.Record;
    }

    private static ulong Reference(VolumeSurgeon s, string name) => Ref(s, Number(s, name));

    private static ulong Ref(VolumeSurgeon s, long number) =>
        (ulong)number | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(s.Record(number).AsSpan(0x10)) << 48);

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static byte[] Build(int mebibytes, int files, int descriptors)
    {
        using var device = new MemoryDevice(mebibytes << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = Cluster });
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory("wide");
        volume.CreateDirectory("small");
        volume.WriteFile(@"small\one.txt", "one"u8);
        volume.WriteFile("target.txt", Filled(100, (byte)'a'));
        volume.WriteFile("second.txt", Filled(100, (byte)'b'));
        volume.WriteFile("plain.bin", Filled(20_000, 0x5A));
        for (var i = 0; i < files; i++)
        {
            volume.WriteFile($"wide\\file {i:d5} with a name that is long enough to fill index blocks and levels.bin", []); // three levels
        }

        var store = volume.Core.Security;
        for (var i = 0; i < descriptors; i++)
        {
            var descriptor = SecurityInheritance.Create(default, isDirectory: false);
            BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(32), i + 1);
            store.Append(descriptor);
        }

        volume.Flush();
        Assert.Empty(volume.Check());
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    /// <summary>A part of a structure, right and wrong, and how the log names it.</summary>
    private sealed record Target(long Number, ulong File, AttributeType Type, string AttributeName, int BlockSize, long Vcn, long Lcn,
        int RecordOffset, int AttributeOffset,
        int ClusterOffset, byte[] Right, byte[] Wrong, Action Spoil);
}
