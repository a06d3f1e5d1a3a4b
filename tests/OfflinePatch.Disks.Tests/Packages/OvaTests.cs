using System.Formats.Tar;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Conversion;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Packages;

/// <summary>OVA and OVF packages, their tars made by .NET's and the host's own tar.</summary>
public sealed class OvaTests
{
    private const long MiB = 1024 * 1024;

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.V7)]
    [Trait("tier", "layout")]
    public void Disk_of_an_OVA_is_read(TarEntryFormat format)
    {
        var model = GuestModel.Patterned(9 * MiB, 51);
        var package = Package(format, ("machine.ovf", Envelope("disk1.vmdk")), ("machine.mf", "SHA256(x)=1"u8.ToArray()),
            ("disk1.vmdk", Disk(model)));
        if (format == TarEntryFormat.V7)
        {
            // No magic: not recognised as a tar.
            Assert.Equal("DISK-0001", Code(package));
            return;
        }

        using var image = DiskFormats.Open(new MemoryImageFiles(package));

        Assert.Equal((ImageFormat.Vmdk, "streamOptimized", false), (image.Format, image.Subformat, image.CanWrite));
        Assert.Contains("manifest", image.WhyNotInPlace, StringComparison.Ordinal);
        Assert.Equal(("1", "disk1.vmdk"), (image.Properties["ovf.diskCount"], image.Properties["ovf.disk"]));
        Assert.Equal("lsilogic", image.Properties["ddb.adapterType"]);
        GuestModel.AssertSame(model, image);
        Assert.Equal("PKG-0104", Assert.Throws<UnsupportedImageException>(() => image.Write(0, [1])).Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Long_names_are_read()
    {
        var name = new string('x', 150) + ".vmdk";
        var model = GuestModel.Patterned(MiB, 52);
        foreach (var format in new[] { TarEntryFormat.Gnu, TarEntryFormat.Pax })
        {
            using var image = DiskFormats.Open(new MemoryImageFiles(Package(format, ("a.ovf", Envelope(name)), (name, Disk(model)))));
            GuestModel.AssertSame(model, image);
        }
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Sizes_in_base256_are_read()
    {
        var model = GuestModel.Patterned(MiB, 52);
        var package = Package(TarEntryFormat.Gnu, ("a.ovf", Envelope("d")), ("d", Disk(model)));
        var at = FindHeader(package, "d");
        var size = new byte[12];
        package.Read(at + 124, size);
        var value = Convert.ToInt64(Encoding.ASCII.GetString(size).Trim('\0', ' '), 8);
        size.AsSpan().Clear();
        size[0] = 0x80;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(size.AsSpan(4), value);
        package.Write(at + 124, size);
        SignHeader(package, at);
        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void A_member_of_the_old_type_NUL_is_a_file()
    {
        var model = GuestModel.Patterned(MiB, 52);
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d")), ("d", Disk(model)));
        foreach (var name in (string[])["a.ovf", "d"])
        {
            var at = FindHeader(package, name);
            package.Write(at + 156, [0]);
            SignHeader(package, at);
        }

        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, image);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void OVA_by_the_hosts_tar_and_a_disk_by_QEMU()
    {
        Oracle.Require("tar", "qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(9 * MiB, 53);
        HostFile.Save(model, scratch["start.raw"]);
        Oracle.Run("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", scratch["start.raw"],
            scratch["disk.vmdk"]).MustSucceed();
        File.WriteAllBytes(scratch["m.ovf"], Envelope("disk.vmdk"));
        Oracle.RunIn(scratch.Path, "tar", "-cf", "m.ova", "m.ovf", "disk.vmdk").MustSucceed();
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["m.ova"])))
        {
            GuestModel.AssertSame(model, image);
        }

        using var fromOvf = DiskFormats.Open(new FolderImageFiles(scratch["m.ovf"]));
        Assert.NotNull(fromOvf.WhyNotInPlace);
        GuestModel.AssertSame(model, fromOvf);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Sizes_and_paths_of_pax_records_count()
    {
        // Python's tarfile (pax, its default since 3.8) writes a size of 0 into the ustar field of a member of 8 GiB and more.
        var model = GuestModel.Patterned(MiB, 58);
        var disk = Disk(model);
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d.vmdk")), ("x", []), ("short", disk));
        var records = Encoding.ASCII.GetBytes(PaxRecord("comment", "\n12 path=evil\n") + PaxRecord("path", "folder/d.vmdk")
            + PaxRecord("size", $"{disk.Length}"));
        var header = FindHeader(package, "x");
        package = WithExtension(package, header, 'x', records);
        var member = FindHeader(package, "short");
        package.Write(member + 124, "00000000000\0"u8);
        SignHeader(package, member);
        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, image);

        // The same records for all members that follow.
        package.Write(header + 156, "g"u8);
        SignHeader(package, header);
        using var global = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, global);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void What_a_member_only_stands_for_is_said()
    {
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d")), ("x", []), ("d", Disk(GuestModel.Patterned(MiB, 1))));
        var header = FindHeader(package, "x");
        var sparse = WithExtension(package, header, 'x', Encoding.ASCII.GetBytes(PaxRecord("GNU.sparse.major", "1")));
        Assert.Equal("OVA-0106", Code(sparse));
        var broken = WithExtension(package, header, 'x', "99 path=d\n"u8.ToArray());
        Assert.Equal("OVA-0001", Code(broken));
        var link = FindHeader(package, "d");
        package.Write(link + 156, "2"u8);
        SignHeader(package, link);
        Assert.Equal("OVA-0106", Code(package));
    }

    /// <summary>An empty value of a member's own header takes the global one back (POSIX.1-2017 pax).</summary>
    [Fact]
    [Trait("tier", "layout")]
    public void A_member_takes_a_global_record_back()
    {
        var model = GuestModel.Patterned(MiB, 61);
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d")), ("g", []), ("x", []), ("d", Disk(model)));
        package = WithExtension(package, FindHeader(package, "g"), 'g',
            Encoding.ASCII.GetBytes(PaxRecord("size", "512") + PaxRecord("path", "evil")));
        package = WithExtension(package, FindHeader(package, "x"), 'x',
            Encoding.ASCII.GetBytes(PaxRecord("size", "") + PaxRecord("path", "")));
        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, image);
    }

    /// <summary>tar appends a newer file of the same name, and unpacks the newer.</summary>
    [Fact]
    [Trait("tier", "layout")]
    public void Of_two_members_of_one_name_the_later_counts()
    {
        var model = GuestModel.Patterned(MiB, 62);
        using var image = DiskFormats.Open(new MemoryImageFiles(Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d")),
            ("d", Disk(GuestModel.Patterned(MiB, 63))), ("d", Disk(model)))));
        GuestModel.AssertSame(model, image);
    }

    /// <summary>Old programs add the bytes of a header up with their signs.</summary>
    [Fact]
    [Trait("tier", "layout")]
    public void A_header_whose_checksum_has_signs_is_read()
    {
        var model = GuestModel.Patterned(MiB, 64);
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d\u00e9")), ("d\u00e9", Disk(model)));
        var bytes = Bytes(package);
        var header = bytes.AsSpan().IndexOf("d\u00e9\0"u8);
        bytes.AsSpan(header + 148, 8).Fill((byte)' ');
        var sum = bytes.AsSpan(header, 512).ToArray().Sum(b => unchecked((sbyte)b));
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, header + 148);
        using var image = DiskFormats.Open(new MemoryImageFiles(new MemoryDevice(bytes)));
        GuestModel.AssertSame(model, image);
    }

    /// <summary>A map of holes in blocks of its own stands between header and content: what follows is found all the same.</summary>
    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("gnu")]
    [InlineData("pax")]
    public void A_sparse_member_is_named_and_what_follows_is_read(string format)
    {
        Oracle.Require("tar");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(MiB, 65);
        using (var holes = File.Create(scratch["holes.bin"]))
        {
            for (var i = 0; i < 60; i++)
            {
                holes.Position = i * 64 * 1024;
                holes.Write(new byte[] { 1 });
            }
        }

        File.WriteAllBytes(scratch["m.ovf"], Envelope("d"));
        File.WriteAllBytes(scratch["d"], Disk(model));
        Oracle.RunIn(scratch.Path, "tar", "-S", $"--format={format}", "-cf", "m.ova", "holes.bin", "m.ovf", "d").MustSucceed();
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["m.ova"])))
        {
            GuestModel.AssertSame(model, image);
        }

        File.WriteAllBytes(scratch["n.ovf"], Envelope("holes.bin"));
        Oracle.RunIn(scratch.Path, "tar", "-S", $"--format={format}", "-cf", "n.ova", "holes.bin", "n.ovf").MustSucceed();
        Assert.Equal("OVA-0106", Assert.Throws<UnsupportedImageException>(() =>
            DiskFormats.Open(new FolderImageFiles(scratch["n.ova"]))).Code);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_disk_in_any_tar_is_read()
    {
        Oracle.Require("tar", "qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(9 * MiB, 59);
        HostFile.Save(model, scratch["start.raw"]);
        Oracle.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", scratch["start.raw"], scratch["disk.qcow2"]).MustSucceed();
        File.WriteAllText(scratch["readme.txt"], "exported");
        Oracle.RunIn(scratch.Path, "tar", "--format=posix", "-cf", "m.tar", "readme.txt", "disk.qcow2").MustSucceed();
        using var image = DiskFormats.Open(new FolderImageFiles(scratch["m.tar"]));
        Assert.Equal((ImageFormat.Qcow2, "disk.qcow2", "1"),
            (image.Format, image.Properties["ovf.disk"], image.Properties["ovf.diskCount"]));
        GuestModel.AssertSame(model, image);
    }

    [Theory]
    [InlineData("utf-8", "Win%20Server-disk1.vmdk", "Win Server-disk1.vmdk")]
    [InlineData("windows-1252", "B\u00fcro%20%231.vmdk", "B\u00fcro #1.vmdk")]
    [InlineData("shift_jis", "\u30b5\u30fc\u30d0.vmdk", "\u30b5\u30fc\u30d0.vmdk")]
    [InlineData("utf-16", "a.vmdk", "a.vmdk")]
    [Trait("tier", "layout")]
    public void Envelopes_in_other_encodings_and_with_escapes(string encoding, string href, string name)
    {
        var model = GuestModel.Patterned(MiB, 60);
        var text = $"<?xml version=\"1.0\" encoding=\"{encoding}\"?>"
            + string.Concat(Encoding.UTF8.GetString(Envelope(href)).SkipWhile(c => c != '>').Skip(1));
        byte[] bytes = encoding == "utf-16" ? [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)]
            : encoding == "utf-8" ? Encoding.UTF8.GetBytes(text) : CodePagesEncodingProvider.Instance.GetEncoding(encoding)!.GetBytes(text);
        using (var image = DiskFormats.Open(new MemoryImageFiles(Package(TarEntryFormat.Pax, ("a.ovf", bytes), (name, Disk(model))))))
        {
            GuestModel.AssertSame(model, image);
        }

        var files = new MemoryImageFiles(new MemoryDevice(bytes));
        files.Companions[name] = new MemoryDevice(Disk(model));
        using var fromOvf = DiskFormats.Open(files);
        GuestModel.AssertSame(model, fromOvf);
    }

    /// <summary>Makers add attributes of namespaces of their own, with the names of the standard's.</summary>
    [Fact]
    [Trait("tier", "layout")]
    public void Attributes_of_another_namespace_do_not_count()
    {
        var model = GuestModel.Patterned(MiB, 66);
        var text = "<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\" "
            + "xmlns:vmw=\"http://www.vmware.com/schema/ovf\"><File ovf:id=\"f\" ovf:href=\"d\" vmw:id=\"z\" vmw:href=\"evil\"/>"
            + "<Disk ovf:fileRef=\"f\" vmw:fileRef=\"z\"/></Envelope>";
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Encoding.UTF8.GetBytes(text)), ("d", Disk(model)));
        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        GuestModel.AssertSame(model, image);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Several_disks_are_a_fact()
    {
        var model = GuestModel.Patterned(MiB, 54);
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("one.vmdk", "two.vmdk")), ("one.vmdk", Disk(model)),
            ("two.vmdk", Disk(model)));
        using var image = DiskFormats.Open(new MemoryImageFiles(package));
        Assert.Equal("2", image.Properties["ovf.diskCount"]);

        var files = new MemoryImageFiles(new MemoryDevice(Envelope("one.vmdk", "two.vmdk")));
        files.Companions["one.vmdk"] = new MemoryDevice(Disk(model));
        using var fromOvf = DiskFormats.Open(files);
        Assert.Equal("2", fromOvf.Properties["ovf.diskCount"]);
    }

    [Theory]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><References><File id=\"f\" href=\"a\" "
        + "compression=\"x-lzma\"/></References></Envelope>", "OVA-0101")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><References><File id=\"f\" href=\"a\" "
        + "chunkSize=\"1\"/></References></Envelope>", "OVA-0102")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"></Envelope>", "OVA-0005")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><Disk fileRef=\"x\"/></Envelope>", "OVA-0004")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\">", "OVA-0004")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><File id=\"f\" href=\"a\"/><File id=\"f\" href=\"b\"/>"
        + "<Disk fileRef=\"f\"/></Envelope>", "OVA-0004")]
    [InlineData("<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><File id=\"f\" href=\"a\"/><Disk fileRef=\"f\" "
        + "parentRef=\"p\"/></Envelope>", "OVA-0107")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"b\">]><Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"/>", "OVA-0004")]
    [Trait("tier", "layout")]
    public void Descriptors(string text, string code)
    {
        Assert.Equal(code, Code(Package(TarEntryFormat.Ustar, ("a.ovf", Encoding.UTF8.GetBytes(text)))));
        Assert.Equal(code, Code(new MemoryDevice(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Damaged_packages()
    {
        Assert.Equal("OVA-0003", Code(Package(TarEntryFormat.Ustar, ("readme", "x"u8.ToArray()))));
        Assert.Equal("OVA-0006", Code(Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("missing.vmdk")))));
        Assert.Equal("OVA-0103", Code(Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("text")), ("text", "not a disk"u8.ToArray()))));
        var package = Package(TarEntryFormat.Ustar, ("a.ovf", Envelope("d")), ("d", Disk(GuestModel.Patterned(MiB, 1))));
        package.SetLength(package.Length - 20_000);
        Assert.Equal("OVA-0002", Code(package));
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Mutated_packages()
    {
        Fuzz(3, 1500);
        Mutation.TruncateEverywhere(SmallPackage(), 0);
    }

    [Fact]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    public void Many_mutated_packages() => Fuzz(1_000_003, 100_000);

    private static byte[] SmallPackage()
    {
        var model = new MemoryDevice(MiB);
        model.Write(0, [1, 2, 3]);
        return Bytes(Package(TarEntryFormat.Pax, ("a.ovf", Envelope("d.vmdk")), ("d.vmdk", Disk(model))));
    }

    private static void Fuzz(int seed, int cases)
    {
        var package = SmallPackage();
        Mutation.Fuzz(package, seed, cases, [(0, 3072), (512, 600), (package.Length - 4096, 2000)], device =>
        {
            for (var at = 0L; at + 512 <= device.Length; at += 512)
            {
                SignHeader(device, at);
            }

            return new MemoryImageFiles(device, "disk");
        });
    }

    private static byte[] Envelope(params string[] disks)
    {
        var files = string.Concat(disks.Select((d, i) => $"<File ovf:href=\"{d}\" ovf:id=\"file{i}\" ovf:size=\"1\"/>"));
        var section =
            string.Concat(disks.Select((_, i) =>
            $"<Disk ovf:capacity=\"1\" ovf:diskId=\"d{i}\" ovf:fileRef=\"file{i}\" "
                + "ovf:format=\"http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized\"/>"));
        return Encoding.UTF8.GetBytes(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" "
                + "xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\">"
            + $"<References>{files}</References><DiskSection><Info>disks</Info>{section}<Disk ovf:capacity=\"5\" "
                + "ovf:diskId=\"empty\"/></DiskSection></Envelope>");
    }

    private static byte[] Disk(BlockDevice model)
    {
        var output = new MemoryDevice(0);
        DiskConverter.Convert(model, ConversionTests.Format(ImageFormat.Vmdk), output, new DiskWriterOptions("streamOptimized"));
        return Bytes(output);
    }

    private static MemoryDevice Package(TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, format, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, name),
                    _ => new V7TarEntry(TarEntryType.V7RegularFile, name),
                };
                entry.DataStream = new MemoryStream(content);
                tar.WriteEntry(entry);
            }
        }

        return new MemoryDevice(memory.ToArray());
    }

    /// <summary>A pax record: its length counts itself.</summary>
    private static string PaxRecord(string key, string value)
    {
        var rest = $" {key}={value}\n";
        var length = rest.Length + 1;
        while ($"{length}{rest}".Length != length)
        {
            length++;
        }

        return $"{length}{rest}";
    }

    /// <summary>Makes the empty member at <paramref name="header"/> an extended header with this content.</summary>
    private static MemoryDevice WithExtension(MemoryDevice package, long header, char type, byte[] content)
    {
        var bytes = Bytes(package);
        var padded = new byte[(content.Length + 511) / 512 * 512];
        content.CopyTo(padded, 0);
        var at = (int)header + 512;
        var changed = new MemoryDevice([.. bytes[..at], .. padded, .. bytes[at..]]);
        changed.Write(header + 124, Encoding.ASCII.GetBytes(Convert.ToString(content.Length, 8).PadLeft(11, '0') + "\0"));
        changed.Write(header + 156, [(byte)type]);
        SignHeader(changed, header);
        return changed;
    }

    private static long FindHeader(MemoryDevice package, string name)
    {
        var block = new byte[512];
        for (var at = 0L; ; at += 512)
        {
            package.Read(at, block);
            if (Encoding.ASCII.GetString(block, 0, 100).TrimEnd('\0') == name && block.AsSpan(257).StartsWith("ustar"u8))
            {
                return at;
            }
        }
    }

    private static void SignHeader(MemoryDevice package, long at)
    {
        var block = new byte[512];
        package.Read(at, block);
        if (!block.AsSpan(257).StartsWith("ustar"u8))
        {
            return;
        }

        block.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0')).CopyTo(block, 148);
        block[154] = 0;
        package.Write(at, block);
    }

    private static string? Code(MemoryDevice package) =>
        (Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(package))) as ICodedError)?.Code;

    private static byte[] Bytes(BlockDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
