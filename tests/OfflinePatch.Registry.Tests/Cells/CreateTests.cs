using OfflinePatch.Registry.Layout;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Cells;

[Trait("tier", "unit")]
public sealed class CreateTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void An_empty_hive_is_sound(int minorVersion)
    {
        var hive = Hive.Create(minorVersion, "Wurzel");
        Assert.Equal("Wurzel", hive.Root.Name);
        Assert.Equal("", hive.Root.Path);
        Assert.Equal(0, hive.Root.SubKeyCount);
        Assert.Empty(hive.Check());
        Assert.False(hive.IsModified);
        Assert.Equal(8192, hive.Image.Length);
    }

    [Fact]
    public void Keys_and_values_of_every_type()
    {
        var hive = Hive.Create();
        var key = hive.Create(@"A\B\C");
        key.SetString("text", "Grüße");
        key.SetExpandString("path", @"%SystemRoot%\system32");
        key.SetMultiString("list", "one", "two");
        key.SetDword("number", 42);
        key.SetQword("long", 1UL << 40);
        key.SetBinary("bytes", [1, 2, 3, 4, 5]);
        key.SetBinary("", []);
        key.SetValue("odd", (RegistryValueType)0xFFFF0012, [1, 2, 3, 4, 5, 6]);
        key.SetBinary("big", Enumerable.Range(0, 100_000).Select(i => (byte)(i % 256)).ToArray());

        var again = Hive.Open(hive.ToArray()).Find(@"a\b\c")!;
        Assert.Equal(@"A\B\C", again.Path);
        Assert.Equal("Grüße", again.GetString("TEXT"));
        Assert.Equal(@"%SystemRoot%\system32", again.GetString("path"));
        Assert.Equal(["one", "two"], again.GetMultiString("list")!);
        Assert.Equal(42u, again.GetDword("number"));
        Assert.Equal(1UL << 40, again.FindValue("long")!.AsQword());
        Assert.Equal([1, 2, 3, 4, 5], again.GetBinary("bytes")!);
        Assert.Empty(again.GetBinary("")!);
        Assert.Equal((RegistryValueType)0xFFFF0012, again.FindValue("odd")!.Type);
        Assert.Equal(100_000, again.FindValue("big")!.Length);
        Assert.Equal((byte)(77_777 % 256), again.GetBinary("big")![77_777]);
        Assert.Empty(again.Hive.Check());
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Hivex_reads_what_we_create()
    {
        Oracle.Require("hivexml", "reglookup");
        using var folder = new ScratchFolder();
        foreach (var minorVersion in new[] { 3, 5 })
        {
            var hive = Hive.Create(minorVersion);
            hive.Create(@"Key\Sub").SetString("v", "x");
            for (var i = 0; i < 2000; i++)
            {
                hive.Create($@"Many\{i * 7919 % 2000:X4}é").SetDword("n", (uint)i);
            }

            File.WriteAllBytes(folder["h"], hive.ToArray());
            Assert.Empty(hive.Check());
            Oracle.Run("hivexml", folder["h"]).MustSucceed();
            var lookup = Oracle.Run("reglookup", folder["h"]).MustSucceed();
            Assert.Empty(lookup.Error);
            Assert.Contains("/Key/Sub/v,SZ,x", lookup.Output, StringComparison.Ordinal);
        }
    }
}
