using System.ComponentModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OfflinePatch.Core;
using OfflinePatch.Core.Hosting;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Witness;

/// <summary>
/// A machine that runs in QEMU, in a private folder of its own. When this object or this process ends, QEMU ends too. The overlay and
/// the sockets have no names any more once QEMU has opened them.
/// </summary>
internal sealed class VirtualMachine : IDisposable
{
    private const int MaxFirmware = 128 * 1024 * 1024;
    private const int MaxPicture = 64 * 1024 * 1024;
    private const int MaxSaid = 16 * 1024;
    private const int TextBuffer = 0xB8000; // of a VGA in text mode
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // emulation on a busy host
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly PrivateFolder _folder;
    private readonly QmpMonitor _monitor = new();
    private readonly List<GuestChannel> _channels = [];
    private readonly Lock _gate = new(); // of the process: a cancellation kills it
    private readonly CancellationTokenRegistration _cancelled;
    private readonly CancellationToken _cancellation;
    private ForeignProcess? _process;
    private GuestChannel? _qmp;
    private GuestChannel? _agentChannel;

    private VirtualMachine(string? sign, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _folder = new PrivateFolder("offlinepatch-witness-");
        Serial = new SerialLine(sign);
        _cancelled = cancellation.Register(Kill); // at once, whatever this thread waits for
    }

    /// <summary>What it writes on its first serial port.</summary>
    public SerialLine Serial { get; }

    /// <summary>Its guest agent.</summary>
    public AgentProbe Agent { get; } = new(Random.Shared.NextInt64(1, int.MaxValue));

    /// <summary>The version of QEMU.</summary>
    public string Version { get; private set; } = "";

    /// <summary><c>kvm</c> or <c>tcg</c>.</summary>
    public string Accelerator { get; private set; } = "";

    /// <summary>Whether QEMU has ended.</summary>
    public bool HasExited => _process is null or { HasExited: true };

    /// <summary>What QEMU wrote on standard error.</summary>
    public string Said => _process?.Output ?? "";

    /// <summary>Starts a machine.</summary>
    /// <exception cref="HostIOException"><c>WIT-0003</c>: QEMU does not start it; or the host failed.</exception>
    /// <exception cref="RefusedException"><c>WIT-0005</c>: another program uses the image.</exception>
    public static VirtualMachine Start(
        WitnessSource source, string bus, WitnessOptions options, QemuInstallation installation, CancellationToken cancellation)
    {
        var canKvm = options.Accelerator != "tcg" && OperatingSystem.IsLinux()
            && (options.Accelerator == "kvm" || (HostPaths.FileExists("/dev/kvm")
                && QemuInstallation.IsOfHost(QemuInstallation.IsArm(source.Architecture))));
        (bool Kvm, bool Sandbox) attempt = (canKvm, OperatingSystem.IsLinux());
        while (true)
        {
            var machine = new VirtualMachine(source.Sign, cancellation);
            try
            {
                if (machine.TryStart(source, bus, options, installation, attempt.Kvm, attempt.Sandbox))
                {
                    return machine;
                }

                cancellation.ThrowIfCancellationRequested();
                var said = machine.Said;

                // A build without the sandbox, or a user who may not use KVM: without it, where the user did not ask for it.
                if (attempt.Sandbox && said.Contains("sandbox", StringComparison.Ordinal))
                {
                    attempt.Sandbox = false;
                }
                else if (attempt.Kvm && options.Accelerator == "auto" && said.Contains("KVM", StringComparison.OrdinalIgnoreCase))
                {
                    attempt.Kvm = false;
                }
                else
                {
                    throw said.Contains("Is another process using", StringComparison.Ordinal)
                        ? WitnessError.InUse(source.ImagePath, said)
                        : WitnessError.DidNotStart(installation.Program, said);
                }

                machine.Dispose();
            }
            catch
            {
                machine.Dispose();
                throw;
            }
        }
    }

    /// <summary>The events since the last time.</summary>
    public IReadOnlyList<JsonElement> TakeEvents() => _monitor.TakeEvents();

    /// <summary>Bytes that the machine has read from its disk and written to it; null when QEMU does not say.</summary>
    public (long Read, long Written)? DiskUse()
    {
        if (Execute("query-blockstats") is not { ValueKind: JsonValueKind.Array } devices)
        {
            return null;
        }

        foreach (var device in devices.EnumerateArray())
        {
            if (device.TryGetProperty("node-name", out var name) && name.GetString() == QemuArguments.Disk)
            {
                var stats = device.GetProperty("stats");
                return (stats.GetProperty("rd_bytes").GetInt64(), stats.GetProperty("wr_bytes").GetInt64());
            }
        }

        return null;
    }

    /// <summary>The picture on its screen; null where there is none.</summary>
    public ScreenImage? Screen() =>
        SaveAndRead("screendump", "screen.ppm", [], MaxPicture) is { } bytes ? ScreenImage.TryRead(bytes) : null;

    /// <summary>The characters in the memory of its VGA, 80 in each of 25 lines; null when QEMU does not say.</summary>
    public string? ScreenText() =>
        SaveAndRead("pmemsave", "screen.txt", new JsonObject { ["val"] = TextBuffer, ["size"] = TextScreen.Length }, TextScreen.Length)
            is { } bytes
            ? TextScreen.Read(bytes)
            : null;

    /// <summary>Asks the guest agent whether it runs.</summary>
    public void AskAgent(bool forSystem) => _agentChannel?.TrySend(forSystem ? AgentProbe.SystemQuestion : Agent.Question);

    /// <inheritdoc/>
    public void Dispose()
    {
        _cancelled.Dispose();
        Kill();
        _process?.WaitForExit();
        _channels.ForEach(c => c.Dispose());
        _process?.Dispose();
        _monitor.Dispose();
        Agent.Dispose();
        _folder.Dispose();
    }

    private JsonElement? Execute(string command, JsonObject? arguments = null) =>
        HasExited ? null : _monitor.Execute(_qmp!, command, arguments, Patience, _cancellation);

    private byte[]? SaveAndRead(string command, string name, JsonObject arguments, int limit)
    {
        var path = _folder[name];
        arguments["filename"] = path;
        if (Execute(command, arguments) is null || !HostPaths.FileExists(path))
        {
            return null;
        }

        var bytes = HostPaths.ReadSmallFile(path, limit);
        HostPaths.DeleteFile(path);
        return bytes;
    }

    private bool TryStart(
        WitnessSource source, string bus, WitnessOptions options, QemuInstallation installation, bool isKvm, bool isSandboxed)
    {
        source.WriteOverlay(_folder[QemuArguments.Overlay]);
        if (installation.VariablesFile is { } variables)
        {
            _folder.Copy(variables, QemuArguments.VariablesFile, MaxFirmware);
        }

        _qmp = Open(QemuArguments.Monitor, _monitor.Add);
        var serial = Open(QemuArguments.Serial, Serial.Add);
        _agentChannel = Open(QemuArguments.Agent, Agent.Add);
        var arguments = QemuArguments.Create(source, bus, options, installation, _folder.Path, isKvm, isSandboxed);
        options.Trace?.Invoke($"{installation.Program} {string.Join(' ', arguments.Select(ShellText.Quote))}");
        Run(installation.Program, arguments);
        if (!_channels.TrueForAll(TryAccept) || _monitor.Greet(_qmp, Patience, _cancellation) is not { } version)
        {
            Kill();
            _process!.WaitForExit();
            return false;
        }

        // QEMU holds all of them open: without names nothing is left of them, however this process ends.
        foreach (var name in (string[])[QemuArguments.Overlay, QemuArguments.VariablesFile, QemuArguments.Monitor, QemuArguments.Serial,
            QemuArguments.Agent])
        {
            HostPaths.DeleteFile(_folder[name]);
        }

        Version = version;
        Accelerator = isKvm ? "kvm" : "tcg";
        return true;
    }

    private GuestChannel Open(string name, Action<ReadOnlyMemory<byte>> received)
    {
        var channel = new GuestChannel(_folder[name], received);
        _channels.Add(channel);
        return channel;
    }

    private bool TryAccept(GuestChannel channel)
    {
        for (var waited = TimeSpan.Zero; waited < Patience && !HasExited; waited += Look)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (channel.TryAccept(Look))
            {
                return true;
            }
        }

        return false;
    }

    private void Run(string program, IReadOnlyList<string> arguments)
    {
        // A process that is killed cannot end another: there the kernel does it, where util-linux can ask it to.
        var guard = OperatingSystem.IsLinux() ? QemuInstallation.OnPath("setpriv") : null;
        try
        {
            var process = ForeignProcess.Start(
                guard ?? program, guard is null ? arguments : ["--pdeathsig", "KILL", program, .. arguments], MaxSaid, _folder.Path);
            lock (_gate)
            {
                _process = process;
            }
        }
        catch (Win32Exception e)
        {
            throw WitnessError.DidNotStart(program, e.Message);
        }

        if (_cancellation.IsCancellationRequested)
        {
            Kill(); // it was cancelled before there was a process to kill
        }
    }

    private void Kill()
    {
        lock (_gate)
        {
            _process?.Kill();
        }
    }
}
