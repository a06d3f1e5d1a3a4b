using System.Text;

namespace OfflinePatch.Registry.Bcd;

/// <summary>Prints a store as <c>bcdedit /enum all</c> does.</summary>
public static class BcdText
{
    private const int NameColumn = 24;

    /// <summary>
    /// The text of a store, boot managers first, then loaders, other applications, inherited settings and device options.
    /// </summary>
    public static string Print(BcdStore store)
    {
        var text = new StringBuilder();
        foreach (var item in store.Objects.OrderBy(o => o.Type).ThenBy(o => o.Id))
        {
            text.Append('\n').Append(item.TypeName).Append('\n').Append('-', item.TypeName.Length).Append('\n');
            Line(text, "identifier", item.Identifier);
            foreach (var element in item.Elements)
            {
                var name = element.Name;
                foreach (var line in element.ToDisplayLines())
                {
                    Line(text, name, line);
                    name = "";
                }
            }
        }

        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.Append(name.Length < NameColumn ? name.PadRight(NameColumn) : name + " ").Append(value).Append('\n');
}
