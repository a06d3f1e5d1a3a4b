using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>
/// Numbers mutants in the order of the walk. The walk is the same each time, so a number stands for the same mutant when the sources are
/// woven again without those that did not compile.
/// </summary>
internal sealed partial class MutantList(int first, string file, IReadOnlySet<int> dropped)
{
    private const int MaxText = 120;

    private int _next = first;

    /// <summary>The mutants that are woven in.</summary>
    public List<Mutant> Woven { get; } = [];

    /// <summary>The number after the last one, dropped ones counted.</summary>
    public int Next => _next;

    /// <summary>The number of a new mutant, or 0 where it is one of those that did not compile.</summary>
    public int Add(SyntaxNode original, MutantKind kind, string mutated, string? text = null)
    {
        var id = _next++;
        if (dropped.Contains(id))
        {
            return 0;
        }

        var line = original.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        Woven.Add(new Mutant(id, file, line, MemberOf(original), kind, OneLine(text ?? original.ToString()), OneLine(mutated)));
        return id;
    }

    /// <summary>A text in one line of bounded length.</summary>
    public static string OneLine(string text)
    {
        var line = WhiteSpace().Replace(text, " ").Trim();
        return line.Length <= MaxText ? line : $"{line[..(MaxText - 1)]}…";
    }

    /// <summary>The name of the member around a node.</summary>
    public static string MemberOf(SyntaxNode node) => node.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().FirstOrDefault() switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        ConstructorDeclarationSyntax constructor => $"{constructor.Identifier.Text}()",
        BaseFieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
        IndexerDeclarationSyntax => "this[]",
        OperatorDeclarationSyntax @operator => $"operator {@operator.OperatorToken.Text}",
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        _ => "",
    };

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex WhiteSpace();
}
