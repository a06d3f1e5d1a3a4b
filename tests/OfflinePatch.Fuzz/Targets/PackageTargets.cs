using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Ewf;
using OfflinePatch.Disks.Packages.Ova;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;
using System.Buffers.Binary;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>What is around an image: archives, compressed files, OVA and OVF, E01.</summary>
internal static class PackageTargets
{
    private static readonly byte[] Disk = Samples.Disk(65_536);

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("gzip", () => [Gzip(Disk), [.. Gzip(Disk.AsSpan(0, 20_000)), .. Gzip(Disk.AsSpan(20_000))]], Run),
        new("xz", () => Samples.Made("xz", _ => ["-0", "-k", "disk"], "disk.xz"), Run),
        new("zstd", () => Samples.Made("zstd", _ => ["-q", "disk"], "disk.zst"), Run),
        new("zip", () => [Zip(CompressionLevel.Optimal), Zip(CompressionLevel.NoCompression)], Run),
        new("tar", () => [Tar(("disk.raw", Disk))], Run, SignTar),
        new("ova", () => [Tar(("a.ovf", Envelope), ("a.mf", "SHA256(a.ovf)= 00"u8.ToArray()),
            ("d.vmdk", DiskTargets.Written(ImageFormat.Vmdk, "streamOptimized")[0]()))], Run, SignTar),
        new("ovf", () => [Envelope], RunOvf) { IsText = true },
        new("ovf-xml", () => [Envelope], input => _ = OvfDescriptor.Parse(input.Device()).DiskFiles) { IsText = true },
        new("e01", () => [.. Samples.Made("ewfacquire", s => ["-u", "-q", "-c", "deflate:fast", "-t", s["out"], s["disk"]], "out.E01"),
            .. Samples.Made("ewfacquire", s => ["-u", "-q", "-c", "deflate:none", "-f", "encase6", "-t", s["out"], s["disk"]], "out.E01")],
            input => Exercise(input, "disk.E01"), SignEwf),
    ];

    private static byte[] Envelope => Encoding.UTF8.GetBytes(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
        <References><File ovf:href="d.vmdk" ovf:id="file1" ovf:size="1"/><File ovf:href="d2.vmdk" ovf:id="file2"/></References>
        <DiskSection><Info>disks</Info>
        <Disk ovf:capacity="1" ovf:diskId="d1" ovf:fileRef="file1" 
          ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
        <Disk ovf:capacity="5" ovf:diskId="empty"/>
        </DiskSection></Envelope>
        """);

    private static void Run(FuzzInput input) => Exercise(input, "disk");

    private static void Exercise(FuzzInput input, string path) => DiskTargets.Exercise(new MemoryImageFiles(input.Device(), path));

    private static void RunOvf(FuzzInput input)
    {
        var files = new MemoryImageFiles(input.Device(), "a.ovf");
        files.Companions.Add("d.vmdk", new MemoryDevice(Disk));
        DiskTargets.Exercise(files);
    }

    private static byte[] Gzip(ReadOnlySpan<byte> content)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return memory.ToArray();
    }

    internal static byte[] Zip(CompressionLevel level)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in new[] { "readme.txt", "folder/disk.raw" })
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(name.EndsWith("raw", StringComparison.Ordinal) ? Disk : "text"u8);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Tar(params (string Name, byte[] Content)[] members)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        return memory.ToArray();
    }

    private static void SignTar(Mutant mutant)
    {
        for (var at = 0; at + 512 <= mutant.Length; at += 512)
        {
            if (mutant.Bytes[(at + 257)..].StartsWith("ustar"u8))
            {
                var sum = 8 * ' ';
                for (var i = 0; i < 512; i++)
                {
                    sum += i is >= 148 and < 156 ? 0 : mutant.Bytes[at + i];
                }

                Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(mutant.Change(at + 148, 8));
            }
        }
    }

    // sections follow one another by the offset of the next
    private static void SignEwf(Mutant mutant)
    {
        var at = (long)EwfLayout.FileHeader.Size;
        for (var count = 0; count < 40 && at > 0 && at + EwfLayout.Section.Size <= mutant.Length; count++)
        {
            var section = mutant.Bytes[(int)at..];
            var next = BinaryPrimitives.ReadInt64LittleEndian(section[EwfLayout.Section.Next..]);
            mutant.PutU32((int)at + EwfLayout.Section.Checksum, Adler(section[..EwfLayout.Section.Checksum]));
            var body = (int)at + EwfLayout.Section.Size;
            if (section.StartsWith("table"u8) && body + EwfLayout.Table.Entries <= mutant.Length)
            {
                mutant.PutU32(body + EwfLayout.Table.Checksum, Adler(mutant.Bytes.Slice(body, EwfLayout.Table.Checksum)));
            }

            at = next <= at ? 0 : next;
        }
    }

    private static uint Adler(ReadOnlySpan<byte> bytes)
    {
        var (a, b) = (1u, 0u);
        foreach (var value in bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        return (b << 16) | a;
    }
}
