using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Iso;

/// <summary>Discs made by genisoimage and xorriso from a tree of files.</summary>
internal static class Discs
{
    public static void CreateTree(string root, bool shortNames = false)
    {
        var random = new Random(3);
        foreach (var folder in shortNames ? new[] { "NETKVM/W10/AMD64", "VIOSTOR" }
            : ["NetKVM/w10/amd64", "viostor/2k25", "guest agent/Ünïcödé"])
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
            for (var i = 0; i < 12; i++)
            {
                var content = new byte[random.Next(20_000)];
                random.NextBytes(content);
                File.WriteAllBytes(Path.Combine(root, folder, shortNames ? $"FILE{i}.SYS" : $"A longer file name {i}.sys"), content);
            }
        }

        File.WriteAllText(Path.Combine(root, shortNames ? "AUTORUN.INF" : "autorun.inf"), "[autorun]");
        File.WriteAllBytes(Path.Combine(root, shortNames ? "EMPTY" : "empty"), []);
    }

    /// <summary>A small disc in memory for the fuzzers.</summary>
    public static byte[] Small(ScratchFolder scratch, params string[] options)
    {
        Directory.CreateDirectory(scratch["small/one/two"]);
        File.WriteAllText(scratch["small/one/a.txt"], new string('a', 3000));
        File.WriteAllText(scratch["small/one/two/b long name.txt"], "b");
        File.WriteAllText(scratch["small/c.txt"], "c");
        Oracle.Run("genisoimage", [.. options, "-quiet", "-V", "SMALL", "-o", scratch["small.iso"], scratch["small"]]).MustSucceed();
        return File.ReadAllBytes(scratch["small.iso"]);
    }

    public static MemoryDevice Load(string path) => new(File.ReadAllBytes(path));
}
