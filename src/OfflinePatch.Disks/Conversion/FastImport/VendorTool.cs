using System.ComponentModel;
using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Disks.Conversion.FastImport;

/// <summary>Runs a program of the user's to its end. Arguments are handed over as they are: no shell reads them.</summary>
internal static class VendorTool
{
    private const int MaxOutput = 64 * 1024;
    private const int MaxTold = 400;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>What the program wrote to both of its outputs.</summary>
    /// <exception cref="HostIOException">It did not start (<c>FAST-0001</c>), or failed (<c>FAST-0002</c>).</exception>
    public static string Run(string program, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(program, arguments);
        while (!process.WaitForExit(LookEvery))
        {
            if (cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        process.WaitForExit();
        var text = process.Output.Trim();
        return process.ExitCode == 0 ? text
            : throw FastImportError.Failed(program, process.ExitCode, text.Length > MaxTold ? text[..MaxTold] : text);
    }

    private static ForeignProcess Start(string program, IEnumerable<string> arguments)
    {
        try
        {
            return ForeignProcess.Start(program, arguments, MaxOutput);
        }
        catch (Win32Exception e)
        {
            throw FastImportError.DidNotStart(program, e);
        }
    }
}
