namespace OfflinePatch.Cli.Help;

/// <summary>Writes a page as plain text.</summary>
internal static class HelpWriter
{
    private const int WidthOfFiles = 100;
    private const int WidestTerm = 30; // a longer one has its text on the next line

    /// <summary>Columns to write for a terminal of this width; 0: not a terminal.</summary>
    public static int WidthOf(int terminal) => terminal <= 0 ? WidthOfFiles : Math.Clamp(terminal, 60, WidthOfFiles);

    public static void Write(CommandPage page, TextWriter writer, int width)
    {
        Wrap(writer, page.Summary, 0, width);
        writer.WriteLine();
        writer.WriteLine($"Usage: {page.Usage}");
        foreach (var paragraph in page.Guide.Paragraphs)
        {
            writer.WriteLine();
            Wrap(writer, paragraph, 0, width);
        }

        Terms(writer, "Commands", [.. page.Commands.Select(c => new Term(c.Name[(page.Name.Length + 1)..], c.Summary))], width);
        Terms(writer, "Arguments", page.Arguments, width);
        Terms(writer, "Options", page.Options, width);
        if (page.Guide.Examples.Length > 0)
        {
            writer.WriteLine();
            writer.WriteLine("Examples:");
            foreach (var example in page.Guide.Examples)
            {
                Wrap(writer, example.For, 2, width);
                writer.WriteLine($"    {example.Line}");
            }
        }

        Terms(writer, "Exit codes", [.. page.Guide.ExitCodes.Select(c => new Term($"{c.Code}", c.Text))], width);
        Terms(writer, "Environment", [.. page.Guide.Environment.Select(e => new Term(e.Name, e.Text))], width);
        Terms(writer, "Files", [.. page.Guide.Files.Select(f => new Term(f.Name, f.Text))], width);
        if (page.Guide.SeeAlso.Length > 0)
        {
            writer.WriteLine();
            Wrap(writer, $"See also: {string.Join(", ", page.Guide.SeeAlso)} (offlinepatch {page.Guide.SeeAlso[0]} --help)", 0, width);
        }
    }

    private static void Terms(TextWriter writer, string title, IReadOnlyList<Term> terms, int width)
    {
        if (terms.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        writer.WriteLine($"{title}:");
        var column = 4 + terms.Select(t => t.Name.Length).Where(l => l <= WidestTerm).DefaultIfEmpty(WidestTerm).Max();
        foreach (var term in terms)
        {
            if (term.Name.Length > WidestTerm)
            {
                writer.WriteLine($"  {term.Name}");
                Wrap(writer, term.Text, column, width);
            }
            else
            {
                Wrap(writer, term.Text, column, width, $"  {term.Name}".PadRight(column));
            }
        }
    }

    /// <summary>Writes words in lines of at most <paramref name="width"/> columns, from column <paramref name="indent"/> on.</summary>
    private static void Wrap(TextWriter writer, string text, int indent, int width, string? first = null)
    {
        var line = first ?? new string(' ', indent);
        var isEmpty = true;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                writer.WriteLine(line);
                line = new string(' ', indent);
                isEmpty = true;
            }

            line += isEmpty ? word : ' ' + word;
            isEmpty = false;
        }

        writer.WriteLine(line.TrimEnd());
    }
}
