using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Witness;

/// <summary>Starts an image from each bus, and watches what it does until there is a sign, or the time is over.</summary>
internal static class WitnessRunner
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private const int AgentEvery = 5; // steps between questions
    private const int LooksForEnd = 2; // equal screens in a row after which a screen counts as final

    /// <summary>Starts an image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="options">How it is started.</param>
    /// <param name="addsScript">Whether the overlays get the script.</param>
    /// <param name="cancellation">Ends QEMU at once.</param>
    /// <exception cref="CorruptImageException">The image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or QEMU does not read it.</exception>
    /// <exception cref="RefusedException">Another program uses the image.</exception>
    /// <exception cref="HostIOException">QEMU or its firmware is missing, or the host failed.</exception>
    public static WitnessReport Run(string path, EditOptions open, WitnessOptions options, bool addsScript, CancellationToken cancellation)
    {
        using var source = WitnessSource.Open(path, open, addsScript);
        var installation = QemuInstallation.Find(options, QemuInstallation.IsArm(source.Architecture), source.IsUefi);
        var runs = options.Buses.Select(bus => RunOne(source, bus, options, installation, cancellation)).ToList();
        return new WitnessReport
        {
            Path = path,
            Result = runs.TrueForAll(r => r.Result == WitnessResult.Started) ? WitnessOutcome.Started : WitnessOutcome.NotStarted,
            Format = source.Format,
            Firmware = source.IsUefi ? "uefi" : "bios",
            Windows = source.Windows,
            Script = source.ScriptNote,
            Runs = runs,
        };
    }

    private static WitnessRun RunOne(
        WitnessSource source, string bus, WitnessOptions options, QemuInstallation installation, CancellationToken cancellation)
    {
        options.Trace?.Invoke($"starting {source.ImagePath} from {bus}");
        using var machine = VirtualMachine.Start(source, bus, options, installation, cancellation);
        var watch = new Watch(machine, source.IsUefi);
        var clock = Stopwatch.StartNew();
        while (!watch.IsOver && clock.Elapsed < options.Timeout)
        {
            cancellation.WaitHandle.WaitOne(Step);
            cancellation.ThrowIfCancellationRequested();
            watch.Look(clock.Elapsed);
            if (machine.HasExited && !watch.IsOver)
            {
                throw WitnessError.Ended(machine.Said);
            }
        }

        cancellation.ThrowIfCancellationRequested();
        var (result, evidence) = WitnessJudge.Judge(watch.Seen);
        options.Trace?.Invoke($"{bus}: {HtmlWitnessReport.Word(result)}: {evidence}");
        return new WitnessRun
        {
            Bus = bus,
            Result = result,
            Evidence = evidence,
            Seconds = Math.Round(watch.Seen.Seconds, 1),
            StopCode = watch.Seen.StopCode,
            BytesRead = watch.Seen.BytesRead,
            BytesWritten = watch.BytesWritten,
            Resets = watch.Seen.Resets,
            GuestAgent = watch.Seen.AgentSystem,
            ScreenText = watch.Seen.ScreenText,
            Serial = machine.Serial.Tail(),
            Accelerator = machine.Accelerator,
            Qemu = machine.Version,
            Screenshot = watch.Picture?.ToPng(),
        };
    }

    /// <summary>What was seen of one machine so far.</summary>
    private sealed class Watch(VirtualMachine machine, bool isUefi)
    {
        private int _steps;
        private int _sameEnd; // equal screens in a row
        private int _stepsOfAgent;

        /// <summary>What was seen.</summary>
        public Observations Seen { get; private set; } = new() { IsUefi = isUefi };

        /// <summary>Bytes that the machine wrote to its disk.</summary>
        public long BytesWritten { get; private set; }

        /// <summary>The picture of a stop page, or the last one.</summary>
        public ScreenImage? Picture { get; private set; }

        /// <summary>Whether nothing more is to be waited for.</summary>
        public bool IsOver { get; private set; }

        /// <summary>Samples once.</summary>
        public void Look(TimeSpan elapsed)
        {
            TakeEvents();
            if (machine.DiskUse() is { } use)
            {
                Seen = Seen with { BytesRead = use.Read };
                BytesWritten = use.Written;
            }

            LookAtScreen();
            LookAtAgent();
            Seen = Seen with
            {
                HasSign = machine.Serial.HasSign,
                StartedByFirmware = machine.Serial.StartedByFirmware,
                Seconds = elapsed.TotalSeconds,
            };
            _steps++;
            IsOver = Seen.HasSign || Seen.HasPanicked || Seen.HasPoweredOff || _sameEnd >= LooksForEnd
                || (Seen.AgentAnswers && (Seen.AgentSystem is not null || _stepsOfAgent > AgentEvery));
        }

        private void LookAtAgent()
        {
            if (machine.Agent.Answers)
            {
                if (_stepsOfAgent++ == 0)
                {
                    machine.AskAgent(forSystem: true);
                }
            }
            else if (_steps % AgentEvery == 0)
            {
                machine.AskAgent(forSystem: false);
            }

            Seen = Seen with { AgentAnswers = machine.Agent.Answers, AgentSystem = machine.Agent.System };
        }

        private void LookAtScreen()
        {
            if (machine.Screen() is not { } picture)
            {
                return;
            }

            var page = picture.StopPage();
            if (page is not null || Seen.StopPage is null)
            {
                Picture = picture; // of a stop page that a reset has wiped away the picture stays
            }

            // In text mode QEMU draws characters of 9 by 16 pixels.
            var text = !isUefi && picture is { Width: 720, Height: 400 } ? machine.ScreenText() : null;
            Seen = Seen with { StopPage = page ?? Seen.StopPage, ScreenText = text };
            var isEnd = page is not null
                || (text is not null && (TextScreen.LoaderMessage(text) ?? TextScreen.FirmwareMessage(text)) is not null);
            _sameEnd = isEnd ? _sameEnd + 1 : 0;
        }

        private void TakeEvents()
        {
            foreach (var one in machine.TakeEvents())
            {
                switch (one.GetProperty("event").GetString())
                {
                    case "RESET":
                        Seen = Seen with { Resets = Seen.Resets + (IsByGuest(one) ? 1 : 0) };
                        break;
                    case "SHUTDOWN":
                        Seen = Seen with { HasPoweredOff = true };
                        break;
                    case "GUEST_PANICKED" or "GUEST_CRASHLOADED":
                        Seen = Seen with { HasPanicked = true, StopCode = StopCodeOf(one) ?? Seen.StopCode };
                        break;
                    case "BLOCK_IO_ERROR" when one.GetProperty("data").TryGetProperty("nospace", out var full)
                        && full.ValueKind == JsonValueKind.True:
                        throw WitnessError.NoRoom(Path.GetTempPath());
                }
            }
        }

        private static bool IsByGuest(JsonElement one) =>
            one.TryGetProperty("data", out var data) && data.TryGetProperty("guest", out var guest)
                && guest.ValueKind == JsonValueKind.True;

        // Windows gives the five numbers of a stop to the hypervisor; the first is its code.
        private static string? StopCodeOf(JsonElement one) =>
            one.TryGetProperty("data", out var data) && data.TryGetProperty("info", out var info)
                && info.TryGetProperty("arg1", out var code) && code.TryGetUInt64(out var number)
                ? string.Create(CultureInfo.InvariantCulture, $"0x{number:X8}")
                : null;
    }
}
