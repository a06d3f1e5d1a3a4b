using System.Text;
using System.Text.Json;

namespace OfflinePatch.Cli.Witness;

/// <summary>
/// Asks the QEMU guest agent whether it runs. Source: QEMU, docs/interop/qemu-ga-ref (guest-sync, guest-get-osinfo). An answer counts only
/// with the number that was asked with.
/// </summary>
internal sealed class AgentProbe : IDisposable
{
    private const int LineLimit = 64 * 1024;
    private const int MaxName = 200; // characters

    private readonly long _number;
    private readonly JsonLines _lines;
    private readonly Lock _gate = new();
    private bool _answers;
    private string? _system;

    /// <param name="number">The number of the question, which nobody else knows.</param>
    public AgentProbe(long number)
    {
        _number = number;
        _lines = new JsonLines(LineLimit, Read);
    }

    /// <summary>Whether it answered.</summary>
    public bool Answers
    {
        get
        {
            lock (_gate)
            {
                return _answers;
            }
        }
    }

    /// <summary>The operating system as it names it, or null.</summary>
    public string? System
    {
        get
        {
            lock (_gate)
            {
                return _system;
            }
        }
    }

    /// <summary>The question whether it is there.</summary>
    public byte[] Question => Encoding.ASCII.GetBytes($"{{\"execute\":\"guest-sync\",\"arguments\":{{\"id\":{_number}}}}}\n");

    /// <summary>The question what it runs on.</summary>
    public static ReadOnlySpan<byte> SystemQuestion => "{\"execute\":\"guest-get-osinfo\"}\n"u8;

    /// <summary>Takes what arrived.</summary>
    public void Add(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            _lines.Add(bytes.Span);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private void Read(JsonElement answer)
    {
        if (!answer.TryGetProperty("return", out var value))
        {
            return;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            _answers |= value.TryGetInt64(out var number) && number == _number;
        }
        else if (_answers && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("pretty-name", out var name)
            && name.ValueKind == JsonValueKind.String)
        {
            var text = name.GetString()!;
            _system = text[..Math.Min(text.Length, MaxName)];
        }
    }
}
