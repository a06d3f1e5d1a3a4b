using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>Each corruption is seen, and named by its own code.</summary>
public sealed class CorruptionTests
{
    private static readonly Lazy<byte[]> LargeDirectory = new(() => Corpus.Read("ntfs/large-directory.bin"));

    public static TheoryData<string> Names => new(Corruptions.All.Select(c => c.Name));

    [SkippableTheory, MemberData(nameof(Names)), Trait("tier", "layout")]
    public void Is_found(string name)
    {
        Corpus.Require("ntfs/large-directory.bin");
        using var volume = new MemoryDevice(LargeDirectory.Value);
        var (_, code, apply) = Corruptions.All.First(c => c.Name == name);
        apply(new VolumeSurgeon(volume));
        var findings = NtfsChecker.Check(volume);
        Assert.True(findings.Any(f => f.Code == code), $"{code} expected, found:\n{string.Join("\n", findings.Take(10))}");
    }

    [Fact, Trait("tier", "unit")]
    public void There_are_enough() => Assert.True(Corruptions.All.Length >= 40);

    [SkippableFact, Trait("tier", "unit")]
    public void An_edit_is_judged_by_what_it_touched()
    {
        using var volume = new MemoryDevice(Corpus.Read("ntfs/large-directory.bin"));
        Assert.Empty(NtfsChecker.CheckTouched(volume, Enumerable.Range(0, 60).Select(n => (long)n)));
        var surgeon = new VolumeSurgeon(volume);
        var big = surgeon.Find(33, r => VolumeSurgeon.Has(r, AttributeType.IndexAllocation, "$I30"));
        Assert.Empty(NtfsChecker.CheckTouched(volume, [big]));
        surgeon.Edit(35, r => r[0x12] += 1);
        Assert.Empty(NtfsChecker.CheckTouched(volume, [33]));
        Assert.Equal("NTFS-6053", Assert.Single(NtfsChecker.CheckTouched(volume, [35])).Code);
    }
}
