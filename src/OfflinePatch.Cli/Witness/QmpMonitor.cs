using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OfflinePatch.Cli.Witness;

/// <summary>
/// The monitor of QEMU: one command at a time, and the events between. Source: QEMU, docs/interop/qmp-spec and qemu-qmp-ref.
/// </summary>
internal sealed class QmpMonitor : IDisposable
{
    private const int LineLimit = 1024 * 1024;
    private const int EventLimit = 10_000; // of a machine that is reset forever

    private readonly JsonLines _lines;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _arrived = new(initialState: false);
    private readonly List<JsonElement> _events = [];
    private JsonElement? _greeting;
    private JsonElement? _answer;
    private int _number;

    /// <summary>A monitor that nothing arrived from yet.</summary>
    public QmpMonitor() => _lines = new JsonLines(LineLimit, Read);

    /// <summary>Takes what arrived.</summary>
    public void Add(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            _lines.Add(bytes.Span);
        }

        _arrived.Set();
    }

    /// <summary>Waits for the greeting, and says that events and commands are understood.</summary>
    /// <returns>The version of QEMU; null when it did not answer in time.</returns>
    public string? Greet(GuestChannel channel, TimeSpan patience, CancellationToken cancellation)
    {
        if (Wait(() => _greeting, patience, cancellation) is not { } greeting
            || Execute(channel, "qmp_capabilities", null, patience, cancellation) is null)
        {
            return null;
        }

        var version = greeting.GetProperty("version").GetProperty("qemu");
        return $"{version.GetProperty("major")}.{version.GetProperty("minor")}.{version.GetProperty("micro")}";
    }

    /// <summary>Carries out a command.</summary>
    /// <returns>What it returned; null when it failed, or was not answered in time.</returns>
    public JsonElement? Execute(
        GuestChannel channel, string command, JsonObject? arguments, TimeSpan patience, CancellationToken cancellation)
    {
        var id = (++_number).ToString(CultureInfo.InvariantCulture);
        var request = new JsonObject { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }

        lock (_gate)
        {
            _answer = null;
        }

        if (!channel.TrySend(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n")))
        {
            return null;
        }

        var answer = Wait(() => _answer is { } a && a.TryGetProperty("id", out var i) && i.ValueKind == JsonValueKind.String
            && i.GetString() == id ? a : null, patience, cancellation);
        return answer is { } given && given.TryGetProperty("return", out var value) ? value : null;
    }

    /// <summary>The events that came since the last time.</summary>
    public IReadOnlyList<JsonElement> TakeEvents()
    {
        lock (_gate)
        {
            JsonElement[] events = [.. _events];
            _events.Clear();
            return events;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private JsonElement? Wait(Func<JsonElement?> find, TimeSpan patience, CancellationToken cancellation)
    {
        var end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (find() is { } found)
                {
                    return found;
                }
            }

            var left = end - Environment.TickCount64;
            if (left <= 0)
            {
                return null;
            }

            _arrived.WaitOne((int)Math.Min(left, 100));
        }
    }

    private void Read(JsonElement line)
    {
        var message = line.Clone();
        if (message.TryGetProperty("QMP", out var greeting))
        {
            _greeting = greeting;
        }
        else if (message.TryGetProperty("event", out _))
        {
            if (_events.Count < EventLimit)
            {
                _events.Add(message);
            }
        }
        else
        {
            _answer = message;
        }
    }
}
