using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace OfflinePatch.Mutants.Run;

/// <summary>A test host that is asked, and ended when it hangs.</summary>
[SuppressMessage("Design", "CA2213", Justification = "answers may still come in when the process is ended")]
internal sealed class HostProcess : IDisposable
{
    /// <summary>A test under load may wait; one that computes does not.</summary>
    private const int WallFactor = 6;

    private readonly Process _process;
    private readonly string _scratch;
    private readonly BlockingCollection<string> _answers = [];

    /// <param name="folder">The tests, the instrumented assembly, and this program.</param>
    /// <param name="tests">The name of the assembly of the tests.</param>
    /// <param name="instrumented">The name of the instrumented assembly.</param>
    /// <param name="scratch">A folder for temporary files, made here and deleted with the process.</param>
    /// <param name="mutant">The mutant that is active from the start on; 0: none.</param>
    public HostProcess(string folder, string tests, string instrumented, string scratch, int mutant)
    {
        _scratch = scratch;
        Directory.CreateDirectory(scratch);
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = scratch,
        };
        foreach (var argument in new[]
        {
            "exec", "--runtimeconfig", Path.Combine(folder, $"{tests}.runtimeconfig.json"),
            Path.Combine(folder, "OfflinePatch.Mutants.dll"), "host", tests, instrumented, mutant.ToString(CultureInfo.InvariantCulture),
        })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TMPDIR"] = scratch;
        start.Environment["HOME"] = scratch;
        start.Environment["OFFLINEPATCH_STATE"] = Path.Combine(scratch, "state");
        start.Environment["DOTNET_GCHeapHardLimit"] = "C0000000"; // 3 GiB: a mutant that asks for more fails
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                _answers.CompleteAdding(); // the process has ended
            }
            else if (e.Data.Length > 0 && e.Data[0] == TestHost.Mark)
            {
                _answers.Add(e.Data[1..]);
            }
        };
        _process.ErrorDataReceived += (_, e) => Errors += Errors.Length < 2000 ? $"{e.Data}\n" : "";
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it said before it took commands.</summary>
    public string Errors { get; private set; } = "";

    /// <summary>Sends a command.</summary>
    public void Send(string command)
    {
        try
        {
            _process.StandardInput.WriteLine(command);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // it has ended: the next answer says so
        }
    }

    /// <summary>
    /// The next answer as words; <c>ended</c> without a process, <c>hangs</c> after so much processor time or much more waiting.
    /// </summary>
    public string[] Receive(TimeSpan limit)
    {
        var (start, used) = (Stopwatch.GetTimestamp(), Used());
        while (true)
        {
            if (_answers.TryTake(out var answer, 100))
            {
                return answer.Split('\t');
            }

            if (_answers.IsCompleted)
            {
                return ["ended"];
            }

            if (Used() - used > limit || Stopwatch.GetElapsedTime(start) > limit * WallFactor)
            {
                return ["hangs"];
            }
        }
    }

    public void Dispose()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // it has ended
        }

        _process.WaitForExit(TimeSpan.FromSeconds(10));
        _process.Dispose();
        try
        {
            Directory.Delete(_scratch, recursive: true);
        }
        catch (IOException)
        {
            // a program that a test started still writes there; the folder around it goes at the end
        }
    }

    private TimeSpan Used()
    {
        try
        {
            _process.Refresh();
            return _process.HasExited ? TimeSpan.Zero : _process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return TimeSpan.Zero;
        }
    }
}
