namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// The public surface of each assembly against a committed list, so that a change of the API is a visible line of a diff. To accept a
/// change run these tests with <c>OFFLINEPATCH_ACCEPT_API=1</c>.
/// </summary>
[Trait("tier", "unit")]
public sealed class PublicApiTests
{
    private static readonly string[] All =
    [
        "OfflinePatch.Core", "OfflinePatch.Disks", "OfflinePatch.Ntfs", "OfflinePatch.FileSystems", "OfflinePatch.Registry",
        "OfflinePatch.Drivers", "OfflinePatch.Windows", "OfflinePatch.Cli",
    ];

    public static TheoryData<string> Assemblies => [.. All];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void The_public_surface_is_the_committed_one(string assembly)
    {
        var committed =
            Path.Combine(BuiltAssembly.Root, "tests", "OfflinePatch.Core.Tests", "Architecture", "PublicApi", assembly + ".txt");
        var actual = PublicSurface.Of(BuiltAssembly.PathOf(assembly));
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_ACCEPT_API") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(committed)!);
            File.WriteAllText(committed, string.Concat(actual.Select(l => l + "\n")));
        }

        var expected = File.Exists(committed) ? File.ReadAllLines(committed) : [];
        Assert.Empty(actual.Except(expected, StringComparer.Ordinal).Select(l => "+ " + l)
            .Concat(expected.Except(actual, StringComparer.Ordinal).Select(l => "- " + l)));
    }

    /// <summary>Two types of one name are mixed up by readers and by tools.</summary>
    [Fact]
    public void No_type_name_is_given_twice()
    {
        var twice = All.SelectMany(assembly => PublicSurface.Types(BuiltAssembly.PathOf(assembly)))
            .Where(t => !t.Name.StartsWith('<') && t.Namespace.StartsWith("OfflinePatch.", StringComparison.Ordinal))
            .GroupBy(t => t.Name.Split('`')[0], StringComparer.Ordinal)
            .Where(g => g.Select(t => t.Namespace).Distinct(StringComparer.Ordinal).Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(t => t.Namespace))}");
        Assert.Empty(twice);
    }
}
