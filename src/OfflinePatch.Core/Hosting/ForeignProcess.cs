using System.Diagnostics;
using System.Text;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Another program that runs, without input, and what it writes to both of its outputs. Arguments are handed over as they are: no shell
/// reads them. Safe for use by several threads.
/// </summary>
public sealed class ForeignProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private readonly int _maxOutput;
    private bool _isDisposed;

    private ForeignProcess(Process process, int maxOutput)
    {
        _process = process;
        _maxOutput = maxOutput;
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>How it ended: by convention 0 where it succeeded.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote to standard output and standard error, in lines as they came, up to the max that was said.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its path, or a name that is looked for on the PATH.</param>
    /// <param name="arguments">One string each, as the program is to see them.</param>
    /// <param name="maxOutput">Characters of its output that are kept; a line that begins before the end is kept whole.</param>
    /// <param name="workingDirectory">Where it runs; null: in the folder of this process.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It did not start.</exception>
    public static ForeignProcess Start(string program, IEnumerable<string> arguments, int maxOutput, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        var process = new ForeignProcess(new Process { StartInfo = start }, maxOutput);
        try
        {
            process.Start();
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Waits until it has ended and all of its output is read.</summary>
    public void WaitForExit() => _process.WaitForExit();

    /// <summary>Waits until it has ended, but not for longer than this.</summary>
    /// <returns>Whether it has ended.</returns>
    public bool WaitForExit(TimeSpan patience) => _process.WaitForExit(patience);

    /// <summary>Ends it, where it still runs.</summary>
    /// <param name="entireProcessTree">Whether what it started is ended too.</param>
    public void Kill(bool entireProcessTree = false)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _process.Kill(entireProcessTree); // without effect where it has ended
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _process.Dispose();
        }
    }

    private void Start()
    {
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Length < _maxOutput)
            {
                _output.AppendLine(line);
            }
        }
    }
}
