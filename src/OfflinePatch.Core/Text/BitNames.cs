namespace OfflinePatch.Core.Text;

/// <summary>The bits of a field as words.</summary>
public static class BitNames
{
    /// <summary>The bits that are set, lowest first; <c>bit N</c> where one has no name.</summary>
    /// <param name="bits">The field.</param>
    /// <param name="nameOf">The name of a bit, 0 to 63; null where it has none.</param>
    public static IReadOnlyList<string> Of(ulong bits, Func<int, string?> nameOf) =>
        [.. Enumerable.Range(0, 64).Where(bit => (bits >> bit & 1) != 0).Select(bit => nameOf(bit) ?? $"bit {bit}")];
}
