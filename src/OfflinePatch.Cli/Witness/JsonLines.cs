using System.Text.Json;

namespace OfflinePatch.Cli.Witness;

/// <summary>
/// JSON objects that arrive one a line, in pieces. What writes them may be a guest, which may write anything: a line that is no JSON object
/// is ignored, and of a longer line than allowed the rest is dropped.
/// </summary>
/// <param name="limit">Max bytes of a line.</param>
/// <param name="take">Takes one object; it is gone after the call.</param>
internal sealed class JsonLines(int limit, Action<JsonElement> take) : IDisposable
{
    private readonly MemoryStream _line = new();

    /// <summary>Takes what arrived.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            _line.Write(part[..(int)Math.Min(part.Length, limit - _line.Length)]);
            if (end < 0)
            {
                return;
            }

            Read(_line.GetBuffer().AsMemory(0, (int)_line.Length));
            _line.SetLength(0);
            bytes = bytes[(end + 1)..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    private void Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                take(document.RootElement);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or text that is no Unicode.
        }
    }
}
