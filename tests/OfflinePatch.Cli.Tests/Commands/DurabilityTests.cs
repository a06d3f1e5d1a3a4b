using System.Text.RegularExpressions;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// What reaches the medium before what: the calls of the program as the kernel sees them, recorded by strace. <c>make crash</c> loses power
/// at each of them; here only the order is looked at.
/// </summary>
[Trait("tier", "oracle")]
public sealed class DurabilityTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void A_new_image_is_on_the_medium_before_it_gets_its_name_and_its_folder_after_that()
    {
        var source = _folder["source.raw"];
        var content = new byte[1 << 20];
        new Random(1).NextBytes(content);
        content.AsSpan(446, 64).Clear();
        content[446 + 4] = 7; // a partition, so that it is a disk
        (content[446 + 9], content[446 + 13], content[510], content[511]) = (1, 2, 0x55, 0xAA);
        File.WriteAllBytes(source, content);
        var target = _folder["target.qcow2"];
        var calls = Trace("convert", source, "-o", target);

        var named = calls.FindIndex(c => c.StartsWith("link", StringComparison.Ordinal)
            || c.StartsWith("rename", StringComparison.Ordinal));
        Assert.Contains("target.qcow2", calls[named], StringComparison.Ordinal);
        var lastWrite = calls.FindLastIndex(named, c => c.StartsWith("pwrite", StringComparison.Ordinal));
        var file = FileOf(calls[lastWrite]);
        Assert.Contains(calls[lastWrite..named], c => IsFlush(c) && FileOf(c) == file);
        Assert.Contains(calls[named..], c => IsFlush(c) && FileOf(c) == _folder.Path);
    }

    [SkippableFact]
    public void The_old_bytes_are_on_the_medium_before_the_first_new_one_is_written()
    {
        var image = machines.Copy(_folder, machines.Raw("win2019", MachineFirmware.Bios));
        var calls = Trace("fs", "mkdir", image, "new");

        var first = calls.FindIndex(c => IsWrite(c) && FileOf(c) == image);
        var last = calls.FindLastIndex(c => IsWrite(c) && FileOf(c) == image);
        var undo = FileOf(calls[..first].Last(c => IsWrite(c) && FileOf(c).Contains("undo", StringComparison.Ordinal)));
        var written = calls.FindLastIndex(first, c => IsWrite(c) && FileOf(c) == undo);
        Assert.Contains(calls[written..first], c => IsFlush(c) && FileOf(c) == undo);
        Assert.Contains(calls[..first], c => IsFlush(c) && FileOf(c) == _folder.Path);
        var complete = calls.FindIndex(last, c => IsWrite(c) && FileOf(c) == undo);
        Assert.Contains(calls[last..(complete < 0 ? ^0 : complete)], c => IsFlush(c) && FileOf(c) == image);
    }

    private static bool IsFlush(string call) => call.StartsWith("fsync", StringComparison.Ordinal)
        || call.StartsWith("fdatasync", StringComparison.Ordinal);

    private static bool IsWrite(string call) => call.StartsWith("pwrite", StringComparison.Ordinal);

    /// <summary>The path that strace names behind the first file descriptor.</summary>
    private static string FileOf(string call) =>
        Regex.Match(call, @"^\w+\(\d+<(?<path>[^>]*)>", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["path"].Value;

    /// <summary>Runs the program; its calls in their order, without the process in front.</summary>
    private List<string> Trace(params string[] arguments)
    {
        Oracle.Require("strace");
        var trace = _folder["trace.txt"];
        var result = Oracle.Run("strace", ["-f", "-y", "-s", "8", "-o", trace,
            "-e", "trace=fsync,fdatasync,pwrite64,pwritev,rename,renameat,renameat2,link,linkat", Tool.Path, .. arguments]);
        Skip.If(result.Error.Contains("PTRACE", StringComparison.Ordinal), "strace may not look at processes here");
        Assert.Equal(0, result.ExitCode);
        return [.. File.ReadLines(trace).Select(l => l[(l.IndexOf(' ') + 1)..].TrimStart()).Where(l => char.IsAsciiLetter(l[0]))];
    }
}
