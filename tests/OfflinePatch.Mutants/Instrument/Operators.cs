using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>Which operator or call stands in for which.</summary>
internal static class Operators
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind> NegatedKinds = new()
    {
        [SyntaxKind.LessThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.EqualsExpression] = SyntaxKind.NotEqualsExpression,
        [SyntaxKind.NotEqualsExpression] = SyntaxKind.EqualsExpression,
    };

    private static readonly Dictionary<SyntaxKind, SyntaxKind> BoundaryKinds = new()
    {
        [SyntaxKind.LessThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
    };

    private static readonly Dictionary<SyntaxKind, SyntaxKind> SwappedKinds = new()
    {
        [SyntaxKind.AddExpression] = SyntaxKind.SubtractExpression,
        [SyntaxKind.SubtractExpression] = SyntaxKind.AddExpression,
        [SyntaxKind.MultiplyExpression] = SyntaxKind.DivideExpression,
        [SyntaxKind.DivideExpression] = SyntaxKind.MultiplyExpression,
        [SyntaxKind.ModuloExpression] = SyntaxKind.MultiplyExpression,
        [SyntaxKind.LeftShiftExpression] = SyntaxKind.RightShiftExpression,
        [SyntaxKind.RightShiftExpression] = SyntaxKind.LeftShiftExpression,
        [SyntaxKind.UnsignedRightShiftExpression] = SyntaxKind.LeftShiftExpression,
        [SyntaxKind.BitwiseAndExpression] = SyntaxKind.BitwiseOrExpression,
        [SyntaxKind.BitwiseOrExpression] = SyntaxKind.BitwiseAndExpression,
        [SyntaxKind.ExclusiveOrExpression] = SyntaxKind.BitwiseAndExpression,
    };

    private static readonly Dictionary<string, string> Calls = new(StringComparer.Ordinal)
    {
        ["Math.Min"] = "Max",
        ["Math.Max"] = "Min",
        ["Enumerable.Any"] = "All",
        ["Enumerable.All"] = "Any",
        ["Enumerable.First"] = "Last",
        ["Enumerable.Last"] = "First",
        ["Enumerable.FirstOrDefault"] = "LastOrDefault",
        ["Enumerable.LastOrDefault"] = "FirstOrDefault",
        ["Enumerable.Min"] = "Max",
        ["Enumerable.Max"] = "Min",
        ["Enumerable.MinBy"] = "MaxBy",
        ["Enumerable.MaxBy"] = "MinBy",
        ["Enumerable.OrderBy"] = "OrderByDescending",
        ["Enumerable.OrderByDescending"] = "OrderBy",
        ["Enumerable.TakeWhile"] = "SkipWhile",
        ["Enumerable.SkipWhile"] = "TakeWhile",
        ["List.TrueForAll"] = "Exists",
        ["List.Exists"] = "TrueForAll",
        ["List.Find"] = "FindLast",
        ["Array.Exists"] = "TrueForAll",
        ["Array.TrueForAll"] = "Exists",
        ["String.StartsWith"] = "EndsWith",
        ["String.EndsWith"] = "StartsWith",
    };

    private static readonly HashSet<string> Filters = new(StringComparer.Ordinal)
    {
        "Enumerable.Where", "Enumerable.Skip", "Enumerable.Take", "Enumerable.Distinct", "Enumerable.Reverse", "Enumerable.Except",
        "String.Trim", "String.TrimEnd", "String.TrimStart", "String.ToUpperInvariant", "String.ToLowerInvariant",
    };

    /// <summary>The comparison that is true where this one is false.</summary>
    public static SyntaxKind? Negated(SyntaxKind kind) => Find(NegatedKinds, kind);

    /// <summary>The comparison that differs where both sides are equal.</summary>
    public static SyntaxKind? Boundary(SyntaxKind kind) => Find(BoundaryKinds, kind);

    /// <summary>Another operator on numbers.</summary>
    public static SyntaxKind? Swapped(SyntaxKind kind) => Find(SwappedKinds, kind);

    /// <summary>Another assignment.</summary>
    public static SyntaxKind? SwappedAssignment(SyntaxKind kind) => kind switch
    {
        SyntaxKind.AddAssignmentExpression => SyntaxKind.SubtractAssignmentExpression,
        SyntaxKind.SubtractAssignmentExpression => SyntaxKind.AddAssignmentExpression,
        _ => null,
    };

    /// <summary>The name of a method of the same type and the same form.</summary>
    public static string? Counterpart(IMethodSymbol method) =>
        Calls.TryGetValue(NameOf(method), out var other) && !(method.Name is "Any" && method.Parameters.Length == 0) ? other : null;

    /// <summary>Whether a call without its effect gives a value of the same kind: its receiver.</summary>
    public static bool IsFilter(IMethodSymbol method) => Filters.Contains(NameOf(method));

    /// <summary>The same operands with another operator.</summary>
    public static BinaryExpressionSyntax Replace(BinaryExpressionSyntax node, SyntaxKind kind) =>
        SyntaxFactory.BinaryExpression(kind, node.Left, SyntaxFactory.Token(node.OperatorToken.LeadingTrivia, TokenOf(kind),
            node.OperatorToken.TrailingTrivia), node.Right);

    private static SyntaxKind TokenOf(SyntaxKind kind) => kind switch
    {
        SyntaxKind.LessThanExpression => SyntaxKind.LessThanToken,
        SyntaxKind.LessThanOrEqualExpression => SyntaxKind.LessThanEqualsToken,
        SyntaxKind.GreaterThanExpression => SyntaxKind.GreaterThanToken,
        SyntaxKind.GreaterThanOrEqualExpression => SyntaxKind.GreaterThanEqualsToken,
        SyntaxKind.EqualsExpression => SyntaxKind.EqualsEqualsToken,
        SyntaxKind.NotEqualsExpression => SyntaxKind.ExclamationEqualsToken,
        SyntaxKind.AddExpression => SyntaxKind.PlusToken,
        SyntaxKind.SubtractExpression => SyntaxKind.MinusToken,
        SyntaxKind.MultiplyExpression => SyntaxKind.AsteriskToken,
        SyntaxKind.DivideExpression => SyntaxKind.SlashToken,
        SyntaxKind.LeftShiftExpression => SyntaxKind.LessThanLessThanToken,
        SyntaxKind.RightShiftExpression => SyntaxKind.GreaterThanGreaterThanToken,
        SyntaxKind.BitwiseAndExpression => SyntaxKind.AmpersandToken,
        _ => SyntaxKind.BarToken,
    };

    private static string NameOf(IMethodSymbol method) => $"{method.ContainingType.Name}.{method.Name}";

    private static SyntaxKind? Find(Dictionary<SyntaxKind, SyntaxKind> kinds, SyntaxKind kind) =>
        kinds.TryGetValue(kind, out var found) ? found : null;
}
