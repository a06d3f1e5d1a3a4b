using OfflinePatch.Core.Text;
using OfflinePatch.Disks.Conversion;

namespace OfflinePatch.Cli.Rendering;

/// <summary>One line on stderr with bar, throughput and time left; after a second, on a terminal only, and gone at the end.</summary>
/// <param name="path">The new image.</param>
internal sealed class ConversionBar(string path) : IProgress<ConversionProgress>, IDisposable
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly string _name = PrintableText.Escape(Path.GetFileName(path));
    private readonly bool _enabled = !Console.IsErrorRedirected && !Output.IsQuiet;
    private TimeSpan? _left; // the last guess
    private double _fractionOfGuess;
    private int _shown;

    public void Report(ConversionProgress value)
    {
        if (!_enabled || (_shown == 0 && value.Elapsed < Quiet))
        {
            return;
        }

        var filled = (int)(value.Fraction * BarWidth);
        var left = Left(value) is { } time ? $", {time:m\\:ss} left" : "";
        var bar = $"[{new string('#', filled)}{new string('.', BarWidth - filled)}]";
        var line = $"{_name}: {(value.Phase == ConversionPhase.Verify ? "verifying " : "")}{bar} "
            + $"{value.Fraction * 100:0}%, {ByteSize.Text((long)value.Throughput)}/s{left}";
        Console.Error.Write($"\r{line.PadRight(_shown)}");
        _shown = line.Length;
    }

    // How fast it goes changes from second to second; a guess that jumps is worse than one that is a little late.
    private TimeSpan? Left(ConversionProgress value)
    {
        if (value.Remaining is not { } now)
        {
            return null;
        }

        var expected = _left is { } before && value.Fraction >= _fractionOfGuess
            ? before * ((1 - value.Fraction) / Math.Max(1e-6, 1 - _fractionOfGuess))
            : now;
        _left = (expected * 0.8) + (now * 0.2);
        _fractionOfGuess = value.Fraction;
        return _left;
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
