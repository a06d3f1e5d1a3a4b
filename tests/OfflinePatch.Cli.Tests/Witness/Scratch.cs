using System.Diagnostics;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Witness;

/// <summary>Runs of <c>witness</c> whose temporary files lie in a folder of their own, so that what is left of them is seen.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly string _temporary;

    public Scratch()
    {
        _temporary = Folder["tmp"];
        Directory.CreateDirectory(_temporary);
    }

    public ScratchFolder Folder { get; } = new();

    public string this[string name] => Folder[name];

    public ToolResult Witness(params string[] arguments) =>
        Tool.RunWith([$"TMPDIR={_temporary}"], ["witness", .. arguments]);

    /// <summary>Runs with environment variables, each as <c>NAME=VALUE</c>.</summary>
    public ToolResult WitnessWith(string[] variables, params string[] arguments) =>
        Tool.RunWith([.. variables, $"TMPDIR={_temporary}"], ["witness", .. arguments]);

    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/env")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var word in (string[])["--default-signal=INT,QUIT", $"TMPDIR={_temporary}", Tool.Path, .. arguments])
        {
            start.ArgumentList.Add(word);
        }

        return Process.Start(start)!;
    }

    /// <summary>The processes of QEMU that were started with a file of the folder.</summary>
    public IReadOnlyList<string> Machines() =>
    [
        .. Directory.GetDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)).Select(CommandLine)
            .Where(c => c.Split('\0')[0].Contains("qemu-system", StringComparison.Ordinal)
                && c.Contains(_temporary, StringComparison.Ordinal)),
    ];

    /// <summary>The temporary files of machines; the runtime has its own while it runs.</summary>
    public IReadOnlyList<string> Files() =>
    [
        .. Directory.GetDirectories(_temporary, "offlinepatch-*").SelectMany(f => Directory.GetFiles(f, "*", SearchOption.AllDirectories)),
    ];

    /// <summary>Requires that no temporary file and no folder is left.</summary>
    public void MustBeEmpty() => Assert.Empty(Directory.GetFileSystemEntries(_temporary, "offlinepatch-*"));

    public void Dispose() => Folder.Dispose();

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended
        }
    }
}
