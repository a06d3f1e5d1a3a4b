using System.Text;
using System.Text.RegularExpressions;

namespace OfflinePatch.Cli.Witness;

/// <summary>What a machine writes on its first serial port. The last 64 KiB are kept.</summary>
internal sealed partial class SerialLine(string? sign)
{
    private const int Limit = 64 * 1024;
    private const int Longest = 512; // characters of a sign, and of what the firmware says
    private const int ToldLines = 20;
    private const int ToldLength = 2000;

    private readonly StringBuilder _text = new();
    private readonly Lock _gate = new();
    private bool _hasSign;
    private bool _startedByFirmware;

    /// <summary>Whether EDK2's firmware said that it started a loader that lies on a device, and not in the firmware itself.</summary>
    public bool StartedByFirmware
    {
        get
        {
            lock (_gate)
            {
                return _startedByFirmware;
            }
        }
    }

    /// <summary>Whether the sign was written.</summary>
    public bool HasSign
    {
        get
        {
            lock (_gate)
            {
                return _hasSign;
            }
        }
    }

    /// <summary>Takes what arrived.</summary>
    public void Add(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            // What is looked for may begin in what arrived before.
            var from = Math.Max(0, _text.Length - Longest);
            _text.Append(Encoding.Latin1.GetString(bytes.Span));
            var text = _text.ToString(from, _text.Length - from);
            _hasSign |= sign is not null && text.Contains(sign, StringComparison.Ordinal);
            _startedByFirmware = _startedByFirmware || FirmwareStart().IsMatch(text);
            if (_text.Length > Limit)
            {
                _text.Remove(0, _text.Length - Limit);
            }
        }
    }

    /// <summary>The last lines, without the sequences that move a cursor; null where there were none.</summary>
    public string? Tail()
    {
        string text;
        lock (_gate)
        {
            text = _text.ToString();
        }

        var lines = ControlSequence().Replace(text, "").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0).TakeLast(ToldLines);
        var tail = string.Join('\n', lines);
        return tail.Length == 0 ? null : tail.Length > ToldLength ? tail[^ToldLength..] : tail;
    }

    // EDK2, MdeModulePkg/Library/UefiBootManagerLib (BmBoot.c): a device path that begins with Fv( is in the firmware volume. Its first
    // three characters must be there: the line arrives in pieces.
    [GeneratedRegex(@"BdsDxe: starting Boot[0-9A-F]{4} ""[^""\r\n]{0,200}"" from (?!Fv\()[^\r\n]{3}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FirmwareStart();

    [GeneratedRegex(@"\x1B\[[0-9;=?]*[A-Za-z]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ControlSequence();
}
