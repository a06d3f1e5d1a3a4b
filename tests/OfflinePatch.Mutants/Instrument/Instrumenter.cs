using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>
/// Compiles one assembly that holds all mutants of the chosen files, each behind its number. What does not compile is found from the
/// errors, left out, and the sources are woven again.
/// </summary>
internal sealed class Instrumenter
{
    private const int MaxRounds = 25;

    private readonly CSharpCompilation _compilation;
    private readonly List<WovenFile> _files = [];
    private readonly HashSet<int> _dropped = [];

    /// <param name="compilation">The sources as they are.</param>
    /// <param name="nameOf">The name of a file that is mutated, or null for one that is not.</param>
    public Instrumenter(CSharpCompilation compilation, Func<string, string?> nameOf)
    {
        _compilation = compilation;
        var next = 1;
        foreach (var tree in compilation.SyntaxTrees.OrderBy(t => t.FilePath, StringComparer.Ordinal))
        {
            if (nameOf(tree.FilePath) is { } name)
            {
                var file = new WovenFile(tree, compilation.GetSemanticModel(tree), name, next);
                next = file.Weave(_dropped);
                _files.Add(file);
            }
        }

        Last = next - 1;
    }

    /// <summary>The highest number.</summary>
    public int Last { get; }

    /// <summary>Mutants that no compiler takes.</summary>
    public int Dropped => _dropped.Count;

    /// <summary>The mutants that are in the assembly.</summary>
    public IReadOnlyList<Mutant> Mutants => [.. _files.SelectMany(f => f.Mutants)];

    /// <summary>Weaves until it compiles, and writes the assembly.</summary>
    public void Emit(string path, IEnumerable<ResourceDescription> resources)
    {
        var options = (CSharpParseOptions)_compilation.SyntaxTrees[0].Options;
        var woven = _compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(SwitchSource.Text(Last), options));
        woven = _files.Aggregate(woven, (c, f) => c.ReplaceSyntaxTree(f.Original, f.Woven));
        var suspects = _files;
        for (var round = 0; suspects.Count > 0; round++)
        {
            if (round == MaxRounds)
            {
                throw new InvalidOperationException("the mutants do not compile");
            }

            var faulty = Faulty(woven, suspects);
            foreach (var (file, errors) in faulty)
            {
                _dropped.UnionWith(errors.SelectMany(file.Culprits));
            }

            foreach (var (file, _) in faulty)
            {
                var before = file.Woven;
                file.Weave(_dropped);
                woven = woven.ReplaceSyntaxTree(before, file.Woven);
            }

            suspects = [.. faulty.Select(f => f.File)];
        }

        using var output = File.Create(path);
        var result = woven.Emit(output, manifestResources: resources);
        if (!result.Success)
        {
            throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        }
    }

    private static List<(WovenFile File, List<Diagnostic> Errors)> Faulty(CSharpCompilation woven, List<WovenFile> files)
    {
        var found = files.AsParallel().AsOrdered().Select(file =>
        {
            var errors = woven.GetSemanticModel(file.Woven).GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
            return (file, errors);
        });
        return [.. found.Where(f => f.errors.Count > 0)];
    }

    /// <summary>One file with its mutants.</summary>
    private sealed class WovenFile(SyntaxTree original, SemanticModel model, string name, int first)
    {
        public SyntaxTree Original { get; } = original;

        public SyntaxTree Woven { get; private set; } = model.SyntaxTree;

        public IReadOnlyList<Mutant> Mutants { get; private set; } = [];

        /// <summary>Weaves all mutants but some; gives the number after the last one.</summary>
        public int Weave(IReadOnlySet<int> dropped)
        {
            var list = new MutantList(first, name, dropped);
            var root = new MutantRewriter(model, list).Visit(Original.GetRoot());
            Woven = CSharpSyntaxTree.Create((CSharpSyntaxNode)root, (CSharpParseOptions)Original.Options, Original.FilePath,
                System.Text.Encoding.UTF8);
            Mutants = list.Woven;
            return list.Next;
        }

        /// <summary>
        /// The mutants that an error is put down to: the innermost around it, else those of the member that may be the reason.
        /// </summary>
        public IEnumerable<int> Culprits(Diagnostic error)
        {
            var node = Woven.GetRoot().FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true);
            if (node.AncestorsAndSelf().SelectMany(IdsOf).FirstOrDefault() is > 0 and var innermost && !IsFlow(error))
            {
                return [innermost];
            }

            var member = node.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().FirstOrDefault() ?? Woven.GetRoot();
            var inside = member.DescendantNodes().SelectMany(n => IdsOf(n).Select(id => (Id: id, Node: n))).ToList();
            var named = node is IdentifierNameSyntax { Identifier.Text: var variable } ? inside.Where(i => Gives(i.Node, variable)).ToList()
                : [];
            if (named.Count > 0)
            {
                return named.Select(i => i.Id);
            }

            var kinds = Mutants.ToDictionary(m => m.Id, m => m.Kind);
            var flow = inside.Select(i => i.Id).Where(id => kinds[id] is MutantKind.Jump or MutantKind.Statement).ToList();
            return IsFlow(error) && flow.Count > 0 ? flow : inside.Count > 0 ? inside.Select(i => i.Id)
                : throw new InvalidOperationException($"an error that is no mutant's: {error}");
        }

        // not assigned, not returned: said where the value is missing, not where it was lost
        private static bool IsFlow(Diagnostic error) =>
            error.Id is "CS0161" or "CS0163" or "CS0165" or "CS0171" or "CS0177" or "CS0269" or "CS1643" or "CS8070";

        private static bool Gives(SyntaxNode node, string variable) => node.DescendantNodes().Any(n =>
            n is SingleVariableDesignationSyntax designation && designation.Identifier.Text == variable
            || n is AssignmentExpressionSyntax { Left: var left } && left.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>()
                .Any(i => i.Identifier.Text == variable)
            || n is ArgumentSyntax { RefKindKeyword.RawKind: not 0, Expression: IdentifierNameSyntax argument }
                && argument.Identifier.Text == variable);

        private static IEnumerable<int> IdsOf(SyntaxNode node) => node.GetAnnotations(Instrument.Weave.Annotation)
            .Select(a => int.Parse(a.Data!, System.Globalization.CultureInfo.InvariantCulture));
    }
}
