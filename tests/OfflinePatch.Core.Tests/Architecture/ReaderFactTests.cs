namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>
/// What a reader finds out is judged by a rule, shown by <c>inspect</c> or used by a command; a public fact that nothing above its assembly
/// reads is either listed here with its reason, or no longer public.
/// </summary>
[Trait("tier", "unit")]
public sealed class ReaderFactTests
{
    private static readonly string[] Above = ["OfflinePatch.Windows", "OfflinePatch.Cli"];

    /// <summary>Facts that are for users of the libraries alone, each with the reason why the program needs no rule and no note.</summary>
    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
    };

    public static TheoryData<string> Readers =>
        ["OfflinePatch.Disks", "OfflinePatch.Ntfs", "OfflinePatch.FileSystems", "OfflinePatch.Registry", "OfflinePatch.Drivers"];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Every_public_fact_of_a_reader_is_used_above_it(string assembly) => Assert.Empty(Unread(assembly).Except(Reasons.Keys));

    [Fact]
    public void No_reason_is_given_for_a_fact_that_is_used() =>
        Assert.Empty(Reasons.Keys.Except(Readers.SelectMany(r => Unread(r.Data))));

    private static List<string> Unread(string assembly)
    {
        var read = Above.SelectMany(a => PropertyReads.ReadBy(BuiltAssembly.PathOf(a))).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. PropertyReads.Offered(BuiltAssembly.PathOf(assembly))
                .Where(p => !read.Contains(p) && !read.Contains(p[..p.LastIndexOf('.')] + ".*") && !IsOption(p)),
        ];
    }

    // What a caller asks for is not what a reader found.
    private static bool IsOption(string property) =>
        property[..property.LastIndexOf('.')] is var type && (type.EndsWith("Options", StringComparison.Ordinal)
            || type.EndsWith("Request", StringComparison.Ordinal));
}
