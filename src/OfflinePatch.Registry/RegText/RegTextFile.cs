using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.RegText;

/// <summary>One value line of .reg text.</summary>
/// <param name="Name">The name; empty for the default value.</param>
/// <param name="IsDeletion">Whether the value is to be deleted; the rest means nothing then.</param>
/// <param name="Type">The type.</param>
/// <param name="Data">The data as stored in a hive.</param>
public sealed record RegTextValue(string Name, bool IsDeletion, RegistryValueType Type, byte[] Data);

/// <summary>One key of .reg text with its value lines.</summary>
/// <param name="Path">The full path as written there, with its root: <c>HKEY_LOCAL_MACHINE\SYSTEM\Select</c>.</param>
/// <param name="IsDeletion">Whether the key is to be deleted with all below it.</param>
/// <param name="Values">Its values, in order.</param>
/// <param name="Line">The line that it starts at, counted from 1.</param>
public sealed record RegTextSection(string Path, bool IsDeletion, IReadOnlyList<RegTextValue> Values, int Line);

/// <summary>The content of a .reg file.</summary>
/// <param name="Sections">Its keys, in order.</param>
public sealed record RegTextFile(IReadOnlyList<RegTextSection> Sections)
{
    /// <summary>Reads .reg text, version 5 in UTF-16 or UTF-8, with or without a byte order mark, or version 4 (REGEDIT4).</summary>
    /// <exception cref="RefusedException"><c>REG-0501</c>: it is not such text; the message names the line.</exception>
    public static RegTextFile Parse(ReadOnlySpan<byte> file) => new RegText.RegTextParser(RegText.RegTextDecoder.Decode(file)).Parse();

    /// <summary>
    /// Makes the changes in a hive. The text was read before, as a whole: a mistake in it changes nothing. What is already as the text
    /// leaves it in the end is not touched.
    /// </summary>
    /// <param name="hive">The hive.</param>
    /// <param name="map">
    /// Gives the path from the hive's root for a path of the text; null for one that is not in this hive, which is left out.
    /// </param>
    /// <returns>Keys of the text that were applied.</returns>
    /// <exception cref="RefusedException">A name is not allowed, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public int ApplyTo(Hive hive, Func<string, string?> map)
    {
        var applied = 0;
        var effect = RegTextEffect.OnRoot();
        foreach (var section in Sections)
        {
            if (map(section.Path) is { } path)
            {
                applied++;
                effect.Add(path, section);
            }
        }

        effect.ApplyTo(hive.Root);
        return applied;
    }
}
