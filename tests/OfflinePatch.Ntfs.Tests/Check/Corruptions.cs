using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;
using static OfflinePatch.Ntfs.Tests.Check.VolumeSurgeon;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>Single-field corruptions of a good volume, each with the code of the finding that must name it.</summary>
internal static class Corruptions
{
    public static readonly (string Name, string Code, Action<VolumeSurgeon> Apply)[] All =
    [
        ("boot: backup differs", "NTFS-6002", s => s.Xor((s.Sectors * s.SectorSize) + 3, 1)),
        ("boot: $MFT elsewhere", "NTFS-6010", s => s.Xor(0x30, 7)),
        ("boot: mirror elsewhere", "NTFS-6012", s => s.Xor(0x38, 1)),
        ("boot: volume larger than its partition", "NTFS-6001", s => s.Xor(0x28 + 5, 1)),
        ("mirror: one byte", "NTFS-6011", s => s.Xor(s.Mirror + 0x100, 0x55)),
        ("record: magic", "NTFS-6020", s => s.Xor(s.Position(Plain(s)), 1)),
        ("record: torn", "NTFS-6021", s => s.Xor(s.Position(Plain(s)) + 510, 1)),
        ("record: update sequence count", "NTFS-6021", s => s.Xor(s.Position(Plain(s)) + 6, 1)),
        ("record: zeroed", "NTFS-6090", s => s.Device.Write(s.Position(Plain(s)), new byte[s.RecordSize])),
        ("record: allocated size", "NTFS-6022", s => s.Edit(Plain(s), r => r[0x1D] ^= 1)),
        ("record: bytes in use 4 less", "NTFS-6022", s => s.Edit(Plain(s), r => Add32(r, 0x18, -4))),
        ("record: bytes in use 8 more", "NTFS-6024", s => s.Edit(Plain(s), r => Add32(r, 0x18, 8))),
        ("record: number", "NTFS-6034", s => s.Edit(Plain(s), r => r[0x2C] ^= 1)),
        ("record: sequence number", "NTFS-6091", s => s.Edit(Plain(s), r => r[0x10] ^= 2)),
        ("record: link count", "NTFS-6053", s => s.Edit(Plain(s), r => r[0x12] += 1)),
        ("record: no longer in use", "NTFS-6090", s => s.Edit(Plain(s), r => r[0x16] ^= 1)),
        ("record: directory flag", "NTFS-6060", s => s.Edit(Plain(s), r => r[0x16] ^= 2)),
        ("record: view index flag missing", "NTFS-6061", s => s.Edit(9, r => r[0x16] ^= 8)),
        ("record: next attribute id", "NTFS-6027", s => s.Edit(Plain(s), r => r[0x28] = 1)),
        ("record: base reference of a record that is none", "NTFS-6071", s => s.Edit(Plain(s), r => Write64(r, 0x20, 23))),
        ("attribute: length", "NTFS-6023", s => s.Edit(Plain(s), r => Write32(r, Attribute(r, AttributeType.Data) + 4, 0x7F0))),
        ("attribute: type", "NTFS-6032", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data)] ^= 4)),
        ("attribute: id twice", "NTFS-6026",
            s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data) + 0xE] = r[Attribute(r, AttributeType.FileName) + 0xE])),
        ("attribute: order", "NTFS-6025", s => s.Edit(Plain(s), SwapFirstTwo)),
        ("attribute: indexed flag", "NTFS-6029", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.FileName) + 0x16] = 0)),
        ("attribute: value offset", "NTFS-6031",
            s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.StandardInformation) + 0x14] -= 4)),
        ("attribute: flags", "NTFS-6035", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data) + 0xD] |= 0x20)),
        ("runs: past the end of the volume", "NTFS-6040", s => s.Edit(Plain(s), r => BreakRun(r, s, beyond: true))),
        ("runs: a negative length", "NTFS-6040", s => s.Edit(Plain(s), r => BreakRun(r, s, beyond: false))),
        ("runs: cross-linked", "NTFS-6048", s => s.Edit(Plain(s), r => CrossLink(r, s))),
        ("runs: last VCN", "NTFS-6043", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data) + 0x18] += 1)),
        ("runs: first VCN", "NTFS-6043", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data) + 0x10] += 1)),
        ("sizes: allocated", "NTFS-6044", s => s.Edit(Plain(s), r => Add32(r, Attribute(r, AttributeType.Data) + 0x28, 3 * s.ClusterSize))),
        ("sizes: data beyond allocated", "NTFS-6045", s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.Data) + 0x34] = 1)),
        ("sizes: written beyond data", "NTFS-6045", s => s.Edit(Plain(s), r => Add32(r, Attribute(r, AttributeType.Data) + 0x38, 1))),
        ("sizes: compressed", "NTFS-6046", s => s.Edit(33, r => Add32(r, Attribute(r, AttributeType.Data) + 0x40, s.ClusterSize))),
        ("compression unit", "NTFS-6036", s => s.Edit(33, r => r[Attribute(r, AttributeType.Data) + 0x22] = 3)),
        ("$STANDARD_INFORMATION: security id", "NTFS-6051",
            s => s.Edit(Plain(s), r => Write32(r, Value(r, AttributeType.StandardInformation) + 0x34, 0x7777))),
        ("$STANDARD_INFORMATION: length", "NTFS-6050",
            s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.StandardInformation) + 0x10] = 0x40)),
        ("$STANDARD_INFORMATION: reparse attribute", "NTFS-6063",
            s => s.Edit(Plain(s), r => r[Value(r, AttributeType.StandardInformation) + 0x21] ^= 4)),
        ("$FILE_NAME: another parent", "NTFS-6056", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName)] = 33)),
        ("$FILE_NAME: parent's sequence", "NTFS-6056", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 6] += 1)),
        ("$FILE_NAME: another name", "NTFS-6093", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 0x42] ^= 1)),
        ("$FILE_NAME: name length", "NTFS-6054", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 0x40] -= 1)),
        ("$FILE_NAME: name space", "NTFS-6054", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 0x41] = 7)),
        ("$FILE_NAME: DOS without Win32", "NTFS-6055", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 0x41] = 2)),
        ("$FILE_NAME: a forbidden unit", "NTFS-6058", s => s.Edit(Plain(s), r => r[Value(r, AttributeType.FileName) + 0x42] = (byte)'?')),
        ("index root: block size", "NTFS-6080", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 9] = 0x13)),
        ("index root: blocks per cluster", "NTFS-6080", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 0xC] = 0xF4)),
        ("index root: collation", "NTFS-6080", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 4] = 0)),
        ("index root: allocated below used", "NTFS-6081", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 0x18] -= 8)),
        ("index root: sub-node flag", "NTFS-6087", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 0x1C] = 0)),
        ("index root: sub-node elsewhere", "NTFS-6085", s => s.Edit(5, r => r[Value(r, AttributeType.IndexRoot, "$I30") + 0x30] = 9)),
        ("index block: torn", "NTFS-6082", s => s.Xor(s.Locate(Big(s), AttributeType.IndexAllocation, "$I30", 4096) + 1022, 1)),
        ("index block: magic", "NTFS-6082", s => s.Xor(s.Locate(Big(s), AttributeType.IndexAllocation, "$I30", 4096), 1)),
        ("index block: VCN", "NTFS-6083", s => s.EditBlock(Big(s), (b, _) => Do(() => b[0x10] += 1))),
        ("index block: used", "NTFS-6081", s => s.EditBlock(Big(s), (b, _) => Do(() => Add32(b, 0x1C, 8)))),
        ("index block: allocated", "NTFS-6081", s => s.EditBlock(Big(s), (b, _) => Do(() => Add32(b, 0x20, 4096)))),
        ("index block: bitmap", "NTFS-6086", s => s.Edit(5, r => r[Value(r, AttributeType.Bitmap, "$I30")] = 0)),
        ("index entry: length", "NTFS-6081", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => Write16(b, e[3] + 8, 0x1000)))),
        ("index entry: removed", "NTFS-6093", s => s.EditBlock(Big(s), RemoveEntry)),
        ("index entry: stale sequence", "NTFS-6091", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => b[e[3] + 6] += 7))),
        ("index entry: another file", "NTFS-6097",
            s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => b.AsSpan(e[4], 8).CopyTo(b.AsSpan(e[3]))))),
        ("index entry: a free record", "NTFS-6090", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => Write32(b, e[3], 20)))),
        ("index entry: key length", "NTFS-6096", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => b[e[3] + 10] -= 2))),
        ("index entry: parent in the key", "NTFS-6092", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => b[e[3] + 16] ^= 1))),
        ("index entry: order", "NTFS-6084", s => s.EditBlock(Big(s), SwapEntries)),
        ("index entry: name space", "NTFS-6093", s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && Do(() => b[e[3] + 16 + 0x41] ^= 1))),
        ("index entry: directory bit", "NTFS-6095",
            s => s.EditBlock(5, (b, e) => Do(() => b[EntryOf(b, e, Plain(s)) + 16 + 0x3B] ^= 0x10))),
        ("index entry: stale size", "NTFS-6094", s => s.EditBlock(5, (b, e) => Do(() => b[EntryOf(b, e, Plain(s)) + 16 + 0x30] ^= 0x40))),
        ("$Bitmap: a used cluster free", "NTFS-6100",
            s => s.SetClusterBit(s.Locate(Plain(s), AttributeType.Data, "", 0) / s.ClusterSize, false)),
        ("$Bitmap: a free cluster used", "NTFS-6101",
            s => s.SetClusterBit(Enumerable.Range(100, 100_000).First(c => !s.ClusterBit(c)), true)),
        ("$MFT bitmap: a used record free", "NTFS-6110", s => s.SetRecordBit(Plain(s), false)),
        ("$MFT bitmap: a free record used", "NTFS-6111", s => s.SetRecordBit(s.RecordCount - 1, true)),
        ("$MFT bitmap: a record that is not there", "NTFS-6112", s => s.SetRecordBit(s.RecordCount + 9, true)),
        ("attribute: name offset without a name", "NTFS-6030",
            s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.StandardInformation) + 0xB] = 4)),
        ("attribute: name offset in the header", "NTFS-6030",
            s => s.Edit(Plain(s), r => r[Attribute(r, AttributeType.StandardInformation) + 0xA] = 9)),
        ("index entry: size of a directory", "NTFS-6094",
            s => s.EditBlock(Big(s), (b, e) => e.Count > 6 && (b[e[3] + 16 + 0x3B] & 0x10) != 0 && Do(() => b[e[3] + 16 + 0x30] ^= 0x40))),
        ("$Secure: descriptor byte", "NTFS-6121", s => s.Xor(s.Locate(9, AttributeType.Data, "$SDS", 0x20), 1)),
        ("$Secure: second copy", "NTFS-6122", s => s.Xor(s.Locate(9, AttributeType.Data, "$SDS", 0x40030), 1)),
        ("$Secure: header in $SDS", "NTFS-6120", s => s.Xor(s.Locate(9, AttributeType.Data, "$SDS", 4), 1)),
        ("$Secure: $SDH hash", "NTFS-6123", s => EditSecureIndex(s, "$SDH", 16)),
        ("$Secure: $SII id", "NTFS-6123", s => EditSecureIndex(s, "$SII", 17)),
        ("$ObjId: another file", "NTFS-6131", s => s.Edit(25, r => r[Value(r, AttributeType.IndexRoot, "$O") + 0x40] ^= 1)),
        ("$Volume: dirty", "NTFS-6140", s => s.Edit(3, r => r[Value(r, AttributeType.VolumeInformation) + 0xA] |= 1)),
        ("$Volume: version", "NTFS-6143", s => s.Edit(3, r => r[Value(r, AttributeType.VolumeInformation) + 8] = 9)),
        ("$LogFile: garbage", "NTFS-6142", s => s.Device.Write(s.Locate(2, AttributeType.Data, "", 0), new byte[8192])),
        ("$LogFile: not closed", "NTFS-6141", s => OpenLog(s)),
        ("$UpCase: a letter", "NTFS-6150", s => s.Xor(s.Locate(10, AttributeType.Data, "", 2 * 0x61), 1)),
        ("$UpCase: a letter far up", "NTFS-6150", s => s.Xor(s.Locate(10, AttributeType.Data, "", 2 * 0x444), 1)),
        ("$AttrDef: first type", "NTFS-6152", s => s.Xor(s.Locate(4, AttributeType.Data, "", 0x80), 1)),
        ("$BadClus: size", "NTFS-6151", s => s.Edit(8, r => Add32(r, Attribute(r, AttributeType.Data, "$Bad") + 0x28, s.ClusterSize))),
    ];

    /// <summary>A file in the root with plain clusters.</summary>
    private static long Plain(VolumeSurgeon s) => s.Find(33, r => Has(r, AttributeType.Data)
        && r[Attribute(r, AttributeType.Data) + 8] == 1 && r[Value(r, AttributeType.FileName)] == 5);

    /// <summary>A directory of many blocks.</summary>
    private static long Big(VolumeSurgeon s) => s.Find(33, r => Has(r, AttributeType.IndexAllocation, "$I30")
        && BinaryPrimitives.ReadInt64LittleEndian(r.AsSpan(Attribute(r, AttributeType.IndexAllocation, "$I30") + 0x30)) > 8 * 4096);

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    private static void Write16(byte[] bytes, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);

    private static void Write32(byte[] bytes, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);

    private static void Write64(byte[] bytes, int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), value);

    private static void Add32(byte[] bytes, int at, int difference) =>
        Write32(bytes, at, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at)) + difference);

    private static void SwapFirstTwo(byte[] record)
    {
        var first = Attribute(record, AttributeType.StandardInformation);
        var second = first + BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(first + 4));
        var end = second + BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(second + 4));
        byte[] swapped = [.. record[second..end], .. record[first..second]];
        swapped.CopyTo(record, first);
    }

    private static void BreakRun(byte[] record, VolumeSurgeon s, bool beyond)
    {
        var at = Attribute(record, AttributeType.Data);
        at += BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 0x20));
        var lengthBytes = record[at] & 15;
        if (beyond)
        {
            record[at + lengthBytes + (record[at] >> 4)] = 0x7F;
        }
        else
        {
            record[at + lengthBytes] |= 0x80;
        }

        _ = s;
    }

    private static void CrossLink(byte[] record, VolumeSurgeon s)
    {
        // the run starts where $UpCase starts: one delta byte less or more is enough
        var at = Attribute(record, AttributeType.Data);
        at += BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 0x20));
        var lengthBytes = record[at] & 15;
        var offsetBytes = record[at] >> 4;
        var target = s.Locate(10, AttributeType.Data, "", 0) / s.ClusterSize;
        for (var i = 0; i < offsetBytes; i++)
        {
            record[at + 1 + lengthBytes + i] = (byte)((target >> (8 * i)) & 0xFF);
        }
    }

    private static bool RemoveEntry(byte[] block, List<int> entries)
    {
        if (entries.Count < 6 || (block[entries[3] + 12] & 1) != 0)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(entries[3] + 8));
        var end = 0x18 + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(0x1C));
        block.AsSpan((entries[3] + length)..end).CopyTo(block.AsSpan(entries[3]));
        Write32(block, 0x1C, end - length - 0x18);
        return true;
    }

    private static bool SwapEntries(byte[] block, List<int> entries)
    {
        for (var i = 0; i + 2 < entries.Count; i++)
        {
            var (a, b, c) = (entries[i], entries[i + 1], entries[i + 2]);
            if (b - a == c - b && (block[a + 12] & 1) == 0)
            {
                byte[] swapped = [.. block[b..c], .. block[a..b]];
                swapped.CopyTo(block, a);
                return true;
            }
        }

        return false;
    }

    private static int EntryOf(byte[] block, List<int> entries, long number) =>
        entries.First(e => BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(e)) == number);

    private static void EditSecureIndex(VolumeSurgeon s, string name, int offset)
    {
        if (Has(s.Record(9), AttributeType.IndexAllocation, name))
        {
            s.EditBlock(9, (b, e) => Do(() => b[e[^1] + offset] += 1), name);
        }
        else
        {
            s.Edit(9, r => r[Value(r, AttributeType.IndexRoot, name) + 0x20 + offset] += 1);
        }
    }

    private static void OpenLog(VolumeSurgeon s)
    {
        foreach (var page in new[] { 0, 4096 })
        {
            var at = s.Locate(2, AttributeType.Data, "", page);
            s.Xor(at + 0x30 + 0xE, 2); // the clean flag of the restart area
        }
    }
}
