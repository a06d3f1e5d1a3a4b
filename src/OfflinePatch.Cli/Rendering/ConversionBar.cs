using OfflinePatch.Disks.Conversion;

namespace OfflinePatch.Cli.Rendering;

/// <summary>One line on stderr with bar, throughput and time left; after a second, on a terminal only, and gone at the end.</summary>
internal sealed class ConversionBar : IProgress<ConversionProgress>, IDisposable
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly bool _enabled = !Console.IsErrorRedirected;
    private int _shown;

    public void Report(ConversionProgress value)
    {
        if (!_enabled || (_shown == 0 && value.Elapsed < Quiet))
        {
            return;
        }

        var filled = (int)(value.Fraction * BarWidth);
        var left = value.Remaining is { } time ? $", {time:m\\:ss} left" : "";
        var line = $"{(value.Phase == ConversionPhase.Verify ? "verifying " : "")}[{new string('#', filled)}{new string('.', BarWidth - filled)}] "
            + $"{value.Fraction * 100:0}%, {Sizes.Text((long)value.Throughput)}/s{left}";
        Console.Error.Write($"\r{line.PadRight(_shown)}");
        _shown = line.Length;
    }

    public void Dispose()
    {
        if (_shown > 0)
        {
            Console.Error.Write($"\r{new string(' ', _shown)}\r");
            _shown = 0;
        }
    }
}
