using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli;

/// <summary>
/// SIGINT, SIGTERM and SIGHUP (the terminal is gone). Before an image is written nothing that the process does has to be finished, so it
/// ends at once, whatever it waits for. While an image is written it goes on until that is whole, and says so. Asked a second time the
/// process ends in any case; the next command then rolls back.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A signal may come at any time until the process has ended.")]
internal sealed class Interruption
{
    private const int StackSize = 16 * 1024 * 1024;
    private const int Grace = 150; // ms for a command that looks at its token to end by itself

    // Kept until the process has ended: a signal that comes after the last byte of the result would else give a command that has done its
    // work the exit code of a cancelled one.
    private static readonly List<PosixSignalRegistration> Handlers = [];
    private static Interruption? _current;

    private readonly CancellationTokenSource _cancellation = new();

    public Interruption()
    {
        HostProcess.Resume();
        IsHandled = false;
        lock (Handlers)
        {
            _current = this;
            if (Handlers.Count == 0)
            {
                PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
                Handlers.AddRange(signals.Select(s => PosixSignalRegistration.Create(s, context => _current.Cancel(context))));
            }
        }
    }

    /// <summary>Whether the command itself abandons work that does not end, and has a result to print.</summary>
    public static bool IsHandled { get; set; }

    /// <summary>
    /// Runs a command, and returns its exit code, or that of a cancelled one while the command still waits for something.
    /// </summary>
    public int Run(Func<CancellationToken, int> command)
    {
        var code = 0;
        var ended = new ManualResetEventSlim(); // not disposed: work that is left behind may still set it
        var worker = new Thread(
            () =>
            {
                code = command(_cancellation.Token);
                ended.Set();
            },
            StackSize)
        { IsBackground = true };
        worker.Start();
        WaitHandle.WaitAny([ended.WaitHandle, _cancellation.Token.WaitHandle]);
        if (ended.Wait(_cancellation.IsCancellationRequested ? Grace : Timeout.Infinite))
        {
            return End(code);
        }

        if (HostProcess.IsWriting)
        {
            Output.Message("cancelling: the image that is being written is finished first");
        }

        while (HostProcess.IsWriting || IsHandled)
        {
            if (ended.Wait(20))
            {
                return End(code);
            }
        }

        if (ended.Wait(20))
        {
            return End(code);
        }

        HostProcess.DeleteTemporaryFiles();
        Output.Message(CommandGuard.CancelledText);
        CommandGuard.PrintDocument(new Windows.Reports.ErrorReport(CommandGuard.CancelledCode, CommandGuard.CancelledText),
            ExitCode.Cancelled);
        return ExitCode.Cancelled;
    }

    private int End(int code)
    {
        if (_cancellation.IsCancellationRequested)
        {
            HostProcess.DeleteTemporaryFiles(); // of jobs that were left behind
        }

        return code;
    }

    private void Cancel(PosixSignalContext context)
    {
        context.Cancel = !_cancellation.IsCancellationRequested;
        HostProcess.Stop();
        _cancellation.Cancel();
    }
}
