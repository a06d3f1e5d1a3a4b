using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using OfflinePatch.Disks.Tests.Zvhd;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// The sample machine from every format into every format, and every container of the corpus into all of them: judged by qemu-img, and for
/// the two formats that it does not know by the second decoder.
/// </summary>
[Trait("tier", "e2e")]
[Trait("speed", "slow")]
public sealed class ConversionMatrixTests(Machines machines) : IClassFixture<Machines>
{
    // Runs at one moment: an image that came out before, byte by byte, has been judged.
    private const long Moment = 1_700_000_000;
    private static readonly ConcurrentDictionary<string, bool> Judged = new(StringComparer.Ordinal);
    private static readonly string[] All = ["raw", "vmdk", "vhd", "vhdx", "vdi", "qcow2", "qcow", "qed", "zvhd", "zvhd2"];

    public static TheoryData<string> Formats => [.. All];

    [SkippableTheory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "oracle")]
    public void Machine_from_this_format_into_every_format(string from)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = machines.Raw("win2019", MachineFirmware.Uefi, Defect.StaticAddress);
        var source = scratch["source." + from];
        Tool.Run("convert", raw, "-o", source, "-O", from).MustExit(0);
        foreach (var to in All)
        {
            Tool.RunAt(Moment, "convert", source, "-o", scratch["out"], "-O", to, "--force").MustExit(0);
            if (Judged.TryAdd($"{to} {SparseHash.Of(scratch["out"])}", true))
            {
                Judge(scratch, raw, to);
            }
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Every_container_of_the_corpus_into_every_format()
    {
        Oracle.Require("qemu-img");
        Corpus.Require();
        using var scratch = new ScratchFolder();
        var containers = UnpackContainers(scratch);
        var judged = 0;
        foreach (var container in containers)
        {
            var raw = Tool.Run("convert", container, "-o", scratch["reference.raw"], "--force", "--allow-backing");
            if (raw.ExitCode != 0)
            {
                Assert.Contains(raw.ExitCode, new[] { 2, 4 });
                Assert.Matches("offlinepatch: [A-Z0-9]+-[0-9]{4}: ", raw.Error);
                continue;
            }

            foreach (var to in All)
            {
                var result = Tool.Run("convert", container, "-o", scratch["out"], "-O", to, "--force", "--allow-backing");
                if (result.ExitCode == 2)
                {
                    // A disk that the format cannot hold is refused by name; none of the corpus is damaged once it opens.
                    Assert.Matches("cannot be written|larger than", result.Error);
                    continue;
                }

                result.MustExit(0);
                Judge(scratch, scratch["reference.raw"], to);
                judged++;
            }
        }

        Assert.InRange(judged, 200, int.MaxValue);
    }

    private static List<string> UnpackContainers(ScratchFolder scratch)
    {
        var containers = new List<string>();
        foreach (var packed in Directory.GetFiles(Path.Combine(Corpus.Root!, "containers"), "*.gz", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            var folder = scratch[Path.GetFileName(Path.GetDirectoryName(packed)!)];
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, Path.GetFileNameWithoutExtension(packed));
            Corpus.Unpack(Path.ChangeExtension(Path.GetRelativePath(Corpus.Root!, packed), null), path);
            containers.Add(path);
        }

        return containers;
    }

    private static void Judge(ScratchFolder scratch, string raw, string format)
    {
        var output = scratch["out"];
        if (format is "zvhd" or "zvhd2")
        {
            using (var decoded = File.Create(scratch["decoded.raw"]))
            {
                decoded.SetLength(SecondDecoder.Decode(File.ReadAllBytes(output), (offset, content) =>
                {
                    decoded.Position = offset;
                    decoded.Write(content);
                }));
            }

            Assert.Equal(new FileInfo(raw).Length, new FileInfo(scratch["decoded.raw"]).Length);
            Oracle.Run("qemu-img", "compare", "-f", "raw", "-F", "raw", raw, scratch["decoded.raw"]).MustSucceed();
            return;
        }

        var driver = format == "vhd" ? "vpc" : format;
        Oracle.Run("qemu-img", "compare", "-f", "raw", "-F", driver, raw, output).MustSucceed();
        var check = Oracle.Run("qemu-img", "check", "-f", driver, output);
        Assert.True(check.ExitCode is 0 or 63, check.Output + check.Error); // 63: qemu has no check for this format
        using var facts = JsonDocument.Parse(Oracle.Run("qemu-img", "info", "--output=json", "-f", driver, output).MustSucceed().Output);
        Assert.Equal(
            new FileInfo(raw).Length.ToString(CultureInfo.InvariantCulture),
            facts.RootElement.GetProperty("virtual-size").GetInt64().ToString(CultureInfo.InvariantCulture));
    }
}
