using System.ComponentModel;
using System.Diagnostics;
using System.Text;

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
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var output = new StringBuilder();
        void Keep(string? line)
        {
            lock (output)
            {
                if (line is not null && output.Length < MaxOutput)
                {
                    output.AppendLine(line);
                }
            }
        }

        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw FastImportError.DidNotStart(program, e);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!process.WaitForExit(LookEvery))
        {
            if (cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        process.WaitForExit();
        var text = output.ToString().Trim();
        return process.ExitCode == 0 ? text
            : throw FastImportError.Failed(program, process.ExitCode, text.Length > MaxTold ? text[..MaxTold] : text);
    }
}
