using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Security;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>Files in forms that we do not write: hard links, sparse, LZNT1, CompactOS, encrypted, case-sensitive directories.</summary>
public sealed class ForeignVolumeTests
{
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(4096)]
    [InlineData(512)]
    public void Hard_links_and_sparse_files_that_ntfs3g_made(int cluster)
    {
        using var scratch = new ScratchFolder();
        Format(scratch, cluster);
        FilledVolume.Fill(scratch, "volume.img", 300);
        using var device = FilledVolume.Load(scratch["volume.img"]);
        using var volume = NtfsVolume.Open(device);
        var expected = volume.Walk()
            .Select(e => (e.Path, e.Entry.IsDirectory, Content: e.Entry.IsDirectory ? [] : volume.ReadFile(e.Path))).ToList();
        Ntfs3gReader.AssertSame(scratch, "volume.img", expected);

        // one content under 31 names; then one name less, one other, one moved
        var content = new byte[70_000];
        new Random(3).NextBytes(content);
        volume.WriteFile(@"wide\LINK 7", content);
        expected = [.. expected.Select(e => e.Path.StartsWith(@"wide\link ", StringComparison.Ordinal)
            || e.Path.EndsWith("測試 11.txt", StringComparison.Ordinal) ? e with { Content = content } : e)];
        volume.Delete(@"wide\link 8");
        expected.RemoveAll(e => e.Path == @"wide\link 8");
        volume.Move(@"wide\link 9", "link in the root");
        expected = [.. expected.Select(e => e.Path == @"wide\link 9" ? e with { Path = "link in the root" } : e)];
        Assert.Throws<RefusedException>(() => volume.Move(@"wide\link 10", @"wide\link 11"));
        volume.WriteFile("sparse.bin", content.AsSpan(0, 5000));
        expected = [.. expected.Select(e => e.Path == "sparse.bin" ? e with { Content = content[..5000] } : e)];
        volume.Delete("a.bin");
        expected.RemoveAll(e => e.Path == "a.bin");
        Assert.Equal(30, volume.OpenFile("link in the root")!.Links.Count);
        Judge(scratch, device, volume, expected);
    }

    [SkippableFact, Trait("tier", "oracle")]
    public void LZNT1_files_that_ntfs3g_made()
    {
        Oracle.Require("python3", "ntfs-3g", "umount");
        Skip.If(!File.Exists("/dev/fuse"), "no /dev/fuse");
        using var scratch = new ScratchFolder();
        Format(scratch, 4096);
        var random = new Random(8);
        var contents = new[] { 100, 5000, 65536, 65537, 300_000, 1_000_000 }.Select(n => Compressible(random, n)).ToArray();
        var mount = scratch["mount"];
        Directory.CreateDirectory(mount);
        Oracle.Run("ntfs-3g", "-o", "compression", scratch["volume.img"], mount).MustSucceed();
        try
        {
            Directory.CreateDirectory($"{mount}/packed");
            Oracle.Run("python3", "-c", $"import os,struct; os.setxattr('{mount}/packed','system.ntfs_attrib_be',struct.pack('>I',0x810))")
                .MustSucceed();
            for (var i = 0; i < contents.Length; i++)
            {
                File.WriteAllBytes($"{mount}/packed/{i}", contents[i]);
            }
        }
        finally
        {
            Oracle.Run("umount", mount).MustSucceed();
        }

        using var device = FilledVolume.Load(scratch["volume.img"]);
        using var volume = NtfsVolume.Open(device);
        Assert.True(volume.OpenFile(@"packed\4")!.Streams[0].IsCompressed);
        for (var i = 0; i < contents.Length; i++)
        {
            Assert.True(volume.ReadFile($@"packed\{i}").AsSpan().SequenceEqual(contents[i]));
        }

        Assert.Equal("NTFS-0327", Assert.Throws<RefusedException>(() => volume.Write(@"packed\4", 10, [1])).Code);
        volume.WriteFile(@"packed\4", contents[3]);
        volume.Delete(@"packed\5");
        Assert.False(volume.OpenFile(@"packed\4")!.Streams[0].IsCompressed);
        contents[4] = contents[3];
        Judge(scratch, device, volume, [("packed", true, []), .. contents[..5].Select((c, i) => ($@"packed\{i}", false, c))]);
    }

    [SkippableFact, Trait("tier", "layout")]
    public void A_CompactOS_file_is_read_plain_and_replaced_by_a_plain_one()
    {
        Corpus.Require("ntfs/wof/test4k.txt.WofCompressedData");
        using var device = new MemoryDevice(32 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        using var volume = NtfsVolume.Open(device);
        volume.WriteFile("plain.txt", []);
        var packed = Corpus.Read("ntfs/wof/test4k.txt.WofCompressedData");
        volume.WriteFile("plain.txt:WofCompressedData", packed);
        var length = MakeCompact(volume, "plain.txt", packed);
        Assert.Empty(volume.Check());

        using (var stream = volume.OpenRead("plain.txt"))
        {
            Assert.Equal(length, stream.Length);
            var text = new byte[length];
            stream.ReadExactly(text);
            Assert.True(text.AsSpan().StartsWith("KUSJESVANSRTKUSJESVANSRT"u8));
        }

        Assert.Equal("NTFS-0327", Assert.Throws<RefusedException>(() => volume.SetLength("plain.txt", 5)).Code);
        volume.WriteFile("plain.txt", "now plain"u8);
        Assert.Empty(volume.Check());
        var file = volume.OpenFile("plain.txt")!;
        Assert.Equal(0u, file.ReparseTag);
        Assert.Single(file.Streams);
        Assert.Equal("now plain"u8.ToArray(), volume.ReadFile("plain.txt"));
        volume.Delete("plain.txt");
        Assert.Empty(volume.Check());
    }

    [Fact, Trait("tier", "unit")]
    public void What_must_not_be_written_is_refused_by_name()
    {
        using var device = new MemoryDevice(16 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory("case");
        volume.WriteFile("encrypted.txt", "x"u8);
        volume.WriteFile("link", []);
        volume.Flush();
        Patch(volume, "encrypted.txt", node => node.StandardInformation[StandardInformation.Layout.Attributes + 1] |= 0x40);
        Patch(volume, "case", node => node.StandardInformation[StandardInformation.Layout.MaximumVersions] = 1);
        Patch(volume, "link", node =>
        {
            var point = new NodeAttribute(AttributeType.ReparsePoint, "");
            var value = new byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(value, ReparsePoint.SymbolicLink);
            point.SetResident(value);
            node.Attributes.Add(point);
        });

        Refused("NTFS-0320", () => volume.WriteFile("encrypted.txt", []));
        Refused("NTFS-0320", () => volume.Delete("encrypted.txt"));
        Refused("NTFS-0320", () => volume.Move("encrypted.txt", "other"));
        Refused("NTFS-0324", () => volume.WriteFile(@"case\new", []));
        Refused("NTFS-0324", () => volume.CreateDirectory(@"case\new"));
        Refused("NTFS-0323", () => volume.WriteFile("link", []));
        Refused("NTFS-0325", () => volume.WriteFile("$Bitmap", []));
        Refused("NTFS-0325", () => volume.Delete("$MFT"));
        Refused("NTFS-0325", () => volume.WriteFile(@"$Extend\new", []));
        Refused("NTFS-0325", () => volume.Move("$Secure", "mine"));
        Assert.True(volume.OpenFile("case")!.MayBeCaseSensitive);
        foreach (var bad in new[] { "a<b", "tail.", "tail ", "a\u0001", "CON", "nul.txt", "Com1.log", "lpt\u00B3", "CONIN$",
            new string('x', 256), "a*", "q?" })
        {
            Assert.Throws<RefusedException>(() => volume.WriteFile(bad, []));
        }

        foreach (var good in new[] { "CONSOLE", "com", "lpt10", "nul-1.txt", "auxiliary", "a.con", new string('長', 255) })
        {
            volume.WriteFile(good, []);
        }

        Assert.Throws<FileNotFoundException>(() => volume.WriteFile("a:b:c", [])); // a stream of a file that does not exist
        Assert.Throws<FileNotFoundException>(() => volume.WriteFile(@"no such\file", []));
        Assert.Throws<FileNotFoundException>(() => volume.Delete("no such file"));
        Assert.Throws<FileNotFoundException>(() => volume.OpenRead("no such file"));
        Assert.Throws<RefusedException>(() => volume.WriteFile("case", []));
        Assert.Throws<RefusedException>(() => volume.WriteFile("too large", Stream.Null, 1L << 40));
        Assert.Null(volume.BrokenReason);
    }

    [Fact, Trait("tier", "unit")]
    public void A_new_security_descriptor_is_added_once_and_found_again()
    {
        using var device = new MemoryDevice(32 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        using var volume = NtfsVolume.Open(device);
        volume.WriteFile("seed", []);
        var store = volume.Core.Security;
        var ids = new Dictionary<uint, byte[]>();
        for (var i = 0; i < 2000; i++)
        {
            var descriptor = SecurityInheritance.Create(default, isDirectory: false);
            BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(32), i + 1);
            Assert.Equal(0u, store.Find(descriptor));
            ids.Add(store.Append(descriptor), descriptor);
        }

        volume.Flush();
        Assert.Empty(volume.Check());
        using var again = NtfsVolume.Open(device);
        var reread = again.Core.Security;
        foreach (var (id, descriptor) in ids)
        {
            Assert.Equal(descriptor, again.ReadSecurityDescriptor(id));
            Assert.Equal(id, reread.Find(descriptor));
        }
    }

    private static void Refused(string code, Action action) => Assert.Equal(code, Assert.Throws<RefusedException>(action).Code);

    private static void Patch(NtfsVolume volume, string path, Action<FileNode> change)
    {
        var node = volume.Core.Nodes.Get(volume.OpenFile(path)!.Reference);
        change(node);
        volume.Core.Writer.Store(node);
    }

    /// <summary>Makes a plain, empty file with a packed stream a CompactOS file. Returns its plain length.</summary>
    private static int MakeCompact(NtfsVolume volume, string path, byte[] packed)
    {
        // the plain length is not in the stream: the table has one entry less than there are chunks
        var chunks = (BinaryPrimitives.ReadInt32LittleEndian(packed) > 0
            ? Enumerable.Range(1, packed.Length / 4).First(n => FitsTable(packed, n)) : 0) + 1;
        var length = (chunks - 1) * 4096 + 12;
        Patch(volume, path, node =>
        {
            var point = new NodeAttribute(AttributeType.ReparsePoint, "");
            var value = new byte[24];
            BinaryPrimitives.WriteUInt32LittleEndian(value, ReparsePoint.Wof);
            BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(4), 16);
            BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(8), 1);
            BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(12), 2);
            BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(16), 1);
            point.SetResident(value);
            node.Attributes.Add(point);
            node.StandardInformation[StandardInformation.Layout.Attributes + 1] |= 0x04;
            var data = node.Find(AttributeType.Data, "")!;
            data.IsResident = false;
            data.Header = null;
            data.Flags = AttributeFlags.Sparse;
            data.CompressionUnit = 4;
            data.Runs.Append(-1, ((length / 4096) + 16) / 16 * 16);
            data.DataSize = length;
            data.InitializedSize = length;
            node.StandardInformation[StandardInformation.Layout.Attributes + 1] |= 0x02;
            var core = volume.Core;
            var extend = core.Nodes.Get(FileReference.ExtendRecord);
            Assert.True(core.Trees.Open(extend).TryFindName("$Reparse", out var reference, out _));
            var key = new byte[12];
            BinaryPrimitives.WriteUInt32LittleEndian(key, ReparsePoint.Wof);
            BinaryPrimitives.WriteUInt64LittleEndian(key.AsSpan(4), node.Reference.Value);
            core.Indexes.Insert(core.Nodes.Get(reference), "$R", IndexEntries.View(key, []));
        });
        var stored = volume.Core.Nodes.Get(volume.OpenFile(path)!.Reference);
        new LinkEditor(volume.Core.Nodes, volume.Core.Records, volume.Core.Indexes).RefreshAll(stored);
        foreach (var name in stored.Names)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(name.Value.AsSpan(FileNameAttribute.Layout.ReparseTag), ReparsePoint.Wof);
            volume.Core.Indexes.UpdateName(volume.Core.Nodes.Get(FileReference.RootRecord), stored.Reference, name.Value);
        }

        volume.Core.Writer.Store(stored);
        volume.Flush();
        return length;
    }

    private static bool FitsTable(byte[] packed, int entries)
    {
        var body = packed.Length - (4 * entries);
        var last = 0;
        for (var i = 0; i < entries; i++)
        {
            var next = BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(4 * i));
            if (next <= last || next >= body)
            {
                return false;
            }

            last = next;
        }

        // the next word is compressed data, no further offset
        return BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(4 * entries)) is var after && (after <= last || after >= body - 4);
    }

    private static byte[] Compressible(Random random, int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = i % 100_000 > 80_000 ? (byte)random.Next(256)
                : (byte)("some text that repeats "[i % 23] + (random.Next(40) == 0 ? 1 : 0));
        }

        return bytes;
    }

    private static void Format(ScratchFolder scratch, int cluster)
    {
        Oracle.Require("mkntfs");
        using (var file = File.Create(scratch["volume.img"]))
        {
            file.SetLength(128 << 20);
        }

        Oracle.Run("mkntfs", "-F", "-Q", "-s", "512", "-c", $"{cluster}", "-p", "0", "-H", "255", "-S", "63", scratch["volume.img"])
            .MustSucceed();
    }

    private static void Judge(ScratchFolder scratch, MemoryDevice device, NtfsVolume volume,
        List<(string Path, bool IsDirectory, byte[] Content)> expected)
    {
        var findings = volume.Check().Where(f => f.Severity == FindingSeverity.Error).ToList();
        Assert.True(findings.Count == 0, string.Join("\n", findings.Take(10)));
        VolumeOracles.Save(device, scratch["after.img"]);
        Assert.Empty(VolumeOracles.Complaints(scratch["after.img"]));
        Ntfs3gReader.AssertSame(scratch, "after.img", expected);
    }
}
