using OfflinePatch.Core;

namespace OfflinePatch.Registry.Layout;

/// <summary>The hints in subkey list entries. Source: msuhanov/regf, "Windows registry file format specification".</summary>
internal static class NameHash
{
    /// <summary>The hash in an "lh" leaf: H = H × 37 + c over the upper-cased units, modulo 2³².</summary>
    public static uint Hash(ReadOnlySpan<char> upper)
    {
        var hash = 0u;
        foreach (var c in upper)
        {
            hash = unchecked((hash * 37) + c);
        }

        return hash;
    }

    /// <summary>The same, of a stored name.</summary>
    public static uint Hash(StoredName name)
    {
        var hash = 0u;
        for (var i = 0; i < name.Length; i++)
        {
            hash = unchecked((hash * 37) + NtUpcase.ToUpper(name[i]));
        }

        return hash;
    }

    /// <summary>The hint in an "lf" leaf: the first four characters, one byte each; zero where one of them is no Latin-1.</summary>
    public static uint Hint(ReadOnlySpan<char> name)
    {
        var hint = 0u;
        for (var i = 0; i < Math.Min(4, name.Length); i++)
        {
            if (name[i] > 0xFF)
            {
                return 0;
            }

            hint |= (uint)name[i] << (8 * i);
        }

        return hint;
    }

    /// <summary>The same, of a stored name.</summary>
    public static uint Hint(StoredName name)
    {
        Span<char> start = stackalloc char[4];
        var length = Math.Min(4, name.Length);
        for (var i = 0; i < length; i++)
        {
            start[i] = name[i];
        }

        return Hint(start[..length]);
    }

    /// <summary>What is stored with an entry of a list of this kind.</summary>
    public static uint For(SubkeyListKind kind, ReadOnlySpan<char> name, ReadOnlySpan<char> upper) => kind switch
    {
        SubkeyListKind.HashLeaf => Hash(upper),
        SubkeyListKind.FastLeaf => Hint(name),
        _ => 0,
    };
}
