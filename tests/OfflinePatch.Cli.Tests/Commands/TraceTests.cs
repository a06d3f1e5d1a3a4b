using System.Text.Json;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>--trace</c>: what a run does, in the format of Perfetto and Chrome.</summary>
[Trait("tier", "e2e")]
public sealed class TraceTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_fix_tells_its_stages_and_every_transfer()
    {
        var image = machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        var fix = Tool.RunJson("fix", image, "--only", "network.dhcp", "--trace", _scratch["trace"]).MustExit(0);
        var written = fix.Image.GetProperty("changes").GetProperty("bytesWritten").GetInt64();
        var events = JsonDocument.Parse(File.ReadAllText(_scratch["trace"])).RootElement.EnumerateArray().ToList();
        Assert.Equal("M", events[0].GetProperty("ph").GetString());
        Assert.Contains("--trace", events[0].GetProperty("args").GetProperty("name").GetString(), StringComparison.Ordinal);

        var spans = events.Skip(1).Select(e => new Span(
            e.GetProperty("name").GetString()!, e.GetProperty("cat").GetString()!, e.GetProperty("ts").GetDouble(),
            e.GetProperty("dur").GetDouble(), e.GetProperty("tid").GetInt32(),
            e.TryGetProperty("args", out var args) ? args.GetProperty("file").GetString() : null,
            args.ValueKind == JsonValueKind.Object ? args.GetProperty("bytes").GetInt64() : 0)).ToList();
        Assert.All(events.Skip(1), e => Assert.Equal("X", e.GetProperty("ph").GetString()));
        var stages = spans.Where(s => s.Category == "stage").Select(s => s.Name).ToHashSet();
        Assert.Superset(new HashSet<string>
        { $"image {image}", "open volumes", "gate hive.corrupt", "inspect network.dhcp", "fix network.dhcp", "write back", "verify",
            "commit", "write undo file", "write image" }, stages);

        var transfers = spans.Where(s => s.Category == "host" && s.File == image).ToList();
        Assert.Equal(written, transfers.Where(s => s.Name == "write").Sum(s => s.Bytes));
        Assert.Contains(transfers, s => s.Name == "read" && s.Bytes > 0);
        Assert.Contains(transfers, s => s.Name == "flush");
        Assert.Contains(spans, s => s.Name == "flush" && s.File!.Contains(".offlinepatch-undo", StringComparison.Ordinal));

        // What a stage encloses lies in it: a viewer draws nothing else.
        var commit = spans.Single(s => s.Name == "commit");
        Assert.All(transfers.Where(s => s.Name == "write"), s => Assert.InRange(s.Start, commit.Start, commit.Start + commit.Duration));
        Assert.All(spans, s => Assert.True(s.Start >= 0 && s.Duration >= 0, $"{s}"));
    }

    [Fact]
    public void A_trace_that_cannot_be_written_is_refused_before_the_image_is_touched()
    {
        var image = machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        var before = File.GetLastWriteTimeUtc(image);
        Tool.Run("fix", image, "--trace", _scratch["no/trace"], "--only", "network.dhcp").MustExit(1);
        Assert.Equal(before, File.GetLastWriteTimeUtc(image));

        // A command without stages leaves a whole document, too.
        Tool.Run("rules", "--trace", _scratch["rules"]).MustExit(0);
        Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(File.ReadAllText(_scratch["rules"])).RootElement.ValueKind);
    }

    private sealed record Span(string Name, string Category, double Start, double Duration, int Thread, string? File, long Bytes);
}
