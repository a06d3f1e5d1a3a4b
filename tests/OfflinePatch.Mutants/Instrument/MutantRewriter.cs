using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>
/// Weaves the mutants of one file into its tree. Left alone is what has to be a constant (attributes, patterns, labels, default values) and
/// what is said to people: thrown errors, and texts with a space in them.
/// </summary>
internal sealed partial class MutantRewriter(SemanticModel model, MutantList mutants) : CSharpSyntaxRewriter
{
    private static readonly string[] Unmutated = ["RunActivity", "Debug", "GC", "ArgumentNullException", "ArgumentOutOfRangeException"];

    public override SyntaxNode? VisitAttributeList(AttributeListSyntax node) => node;

    public override SyntaxNode? VisitParameter(ParameterSyntax node) => node;

    public override SyntaxNode? VisitEnumMemberDeclaration(EnumMemberDeclarationSyntax node) => node;

    public override SyntaxNode? VisitCaseSwitchLabel(CaseSwitchLabelSyntax node) => node;

    public override SyntaxNode? VisitConstantPattern(ConstantPatternSyntax node) => node;

    public override SyntaxNode? VisitRelationalPattern(RelationalPatternSyntax node) => node;

    public override SyntaxNode? VisitThrowExpression(ThrowExpressionSyntax node) => node;

    public override SyntaxNode? VisitFieldDeclaration(FieldDeclarationSyntax node) =>
        node.Modifiers.Any(SyntaxKind.ConstKeyword) ? node : base.VisitFieldDeclaration(node);

    public override SyntaxNode? VisitLocalDeclarationStatement(LocalDeclarationStatementSyntax node) =>
        node.IsConst ? node : base.VisitLocalDeclarationStatement(node);

    public override SyntaxNode? VisitInterpolatedStringExpression(InterpolatedStringExpressionSyntax node) =>
        node.Contents.OfType<InterpolatedStringTextSyntax>().Any(t => t.TextToken.ValueText.Contains(' ')) ? node
            : base.VisitInterpolatedStringExpression(node);

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (model.GetConstantValue(node).HasValue)
        {
            return node;
        }

        var visited = (BinaryExpressionSyntax)base.VisitBinaryExpression(node)!;
        return node.Kind() switch
        {
            SyntaxKind.LogicalAndExpression => visited
                .WithLeft(Weave.True(mutants.Add(node, MutantKind.Logical, $"{node.Right}"), visited.Left))
                .WithRight(Weave.True(mutants.Add(node, MutantKind.Logical, $"{node.Left}"), visited.Right)),
            SyntaxKind.LogicalOrExpression => visited
                .WithLeft(Weave.False(mutants.Add(node, MutantKind.Logical, $"{node.Right}"), visited.Left))
                .WithRight(Weave.False(mutants.Add(node, MutantKind.Logical, $"{node.Left}"), visited.Right)),
            SyntaxKind.CoalesceExpression when node.Right is not ThrowExpressionSyntax =>
                Weave.Choose(mutants.Add(node, MutantKind.Logical, $"{node.Right}"), node.Right, visited),
            var kind when Operators.Negated(kind) is { } negated && IsBool(node) && !Declares(node) => Compare(node, visited, negated),
            var kind when Operators.Swapped(kind) is { } swapped && IsNumber(node) =>
                Weave.Choose(mutants.Add(node, MutantKind.Arithmetic, With(node, swapped)), Operators.Replace(node, swapped), visited),
            _ => visited,
        };
    }

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        if (model.GetConstantValue(node).HasValue)
        {
            return node;
        }

        var visited = (PrefixUnaryExpressionSyntax)base.VisitPrefixUnaryExpression(node)!;
        return node.Kind() switch
        {
            SyntaxKind.LogicalNotExpression when !Declares(node) =>
                Weave.Negate(mutants.Add(node, MutantKind.Negation, $"{node.Operand}"), visited),
            SyntaxKind.UnaryMinusExpression or SyntaxKind.BitwiseNotExpression =>
                Weave.Choose(mutants.Add(node, MutantKind.Arithmetic, $"{node.Operand}"), node.Operand, visited),
            SyntaxKind.PreIncrementExpression when IsUsed(node) => Weave.Choose(mutants.Add(node, MutantKind.Arithmetic,
                $"--{node.Operand}"), PrefixUnaryExpression(SyntaxKind.PreDecrementExpression, node.Operand), visited),
            SyntaxKind.PreDecrementExpression when IsUsed(node) => Weave.Choose(mutants.Add(node, MutantKind.Arithmetic,
                $"++{node.Operand}"), PrefixUnaryExpression(SyntaxKind.PreIncrementExpression, node.Operand), visited),
            _ => visited,
        };
    }

    public override SyntaxNode? VisitPostfixUnaryExpression(PostfixUnaryExpressionSyntax node)
    {
        var visited = (PostfixUnaryExpressionSyntax)base.VisitPostfixUnaryExpression(node)!;
        return node.Kind() switch
        {
            SyntaxKind.PostIncrementExpression when IsUsed(node) => Weave.Choose(mutants.Add(node, MutantKind.Arithmetic,
                $"{node.Operand}--"), PostfixUnaryExpression(SyntaxKind.PostDecrementExpression, node.Operand), visited),
            SyntaxKind.PostDecrementExpression when IsUsed(node) => Weave.Choose(mutants.Add(node, MutantKind.Arithmetic,
                $"{node.Operand}++"), PostfixUnaryExpression(SyntaxKind.PostIncrementExpression, node.Operand), visited),
            _ => visited,
        };
    }

    public override SyntaxNode? VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        switch (node.Kind())
        {
            case SyntaxKind.TrueLiteralExpression:
            case SyntaxKind.FalseLiteralExpression:
                return Weave.Negate(mutants.Add(node, MutantKind.Literal, node.Token.ValueText == "true" ? "false" : "true"), node);
            case SyntaxKind.StringLiteralExpression when node.Token.ValueText is { Length: > 0 } text && !text.Contains(' '):
                return Weave.Choose(mutants.Add(node, MutantKind.Literal, "\"\""),
                    LiteralExpression(SyntaxKind.StringLiteralExpression, Literal("")), node);
            case SyntaxKind.CharacterLiteralExpression:
                return Weave.Choose(mutants.Add(node, MutantKind.Literal, "'\\0'"),
                    LiteralExpression(SyntaxKind.CharacterLiteralExpression, Literal('\0')), node);
            case SyntaxKind.NumericLiteralExpression:
                return MutateNumber(node);
            default:
                return node;
        }
    }

    public override SyntaxNode? VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        var visited = (ConditionalExpressionSyntax)base.VisitConditionalExpression(node)!;
        return visited.WithCondition(Condition(node.Condition, visited.Condition));
    }

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        if (node.Expression is IdentifierNameSyntax { Identifier.Text: "nameof" } || IsUnmutated(node))
        {
            return node;
        }

        var visited = (InvocationExpressionSyntax)base.VisitInvocationExpression(node)!;
        if (IsBehindQuestionMark(node) || node.Expression is not MemberAccessExpressionSyntax access
            || model.GetSymbolInfo(node).Symbol is not IMethodSymbol method)
        {
            return visited;
        }

        if (Operators.Counterpart(method) is { } other)
        {
            var call = node.WithExpression(access.WithName(IdentifierName(other)));
            return Weave.Choose(mutants.Add(node, MutantKind.Call, $"{call}"), call, visited);
        }

        return Operators.IsFilter(method)
            ? Weave.Choose(mutants.Add(node, MutantKind.Call, $"{access.Expression}"), access.Expression, visited)
            : visited;
    }

    public override SyntaxNode? VisitMemberAccessExpression(MemberAccessExpressionSyntax node)
    {
        var visited = base.VisitMemberAccessExpression(node)!;
        var text = node.ToString();
        var other = text switch
        {
            "StringComparison.Ordinal" or "StringComparer.Ordinal" => $"{text}IgnoreCase",
            "StringComparison.OrdinalIgnoreCase" or "StringComparer.OrdinalIgnoreCase" => text[..^"IgnoreCase".Length],
            _ => null,
        };
        return other is null || IsBehindQuestionMark(node) ? visited
            : Weave.Choose(mutants.Add(node, MutantKind.Literal, other), ParseExpression(other), (ExpressionSyntax)visited);
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node)
    {
        var visited = (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!;
        return node.ExpressionBody is { } body && visited.ExpressionBody is { } changed && IsBool(body)
            ? visited.WithExpressionBody(Condition(body, changed)) : visited;
    }

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node)
    {
        var visited = (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!;
        return node.ExpressionBody is { } body && visited.ExpressionBody is { } changed && IsBool(body)
            ? visited.WithExpressionBody(Condition(body, changed)) : visited;
    }

    public override SyntaxNode? VisitWhenClause(WhenClauseSyntax node) =>
        node.WithCondition(Condition(node.Condition, (ExpressionSyntax)Visit(node.Condition)));

    /// <summary>Turns a condition round, where the operators in it do not give that mutant anyway.</summary>
    /// <param name="original">The condition.</param>
    /// <param name="visited">The condition with the mutants inside it.</param>
    /// <param name="isTrue">What a condition that declares variables becomes: the other value would leave them without one.</param>
    private ExpressionSyntax Condition(ExpressionSyntax original, ExpressionSyntax visited, bool isTrue = false)
    {
        var inner = original;
        while (inner is ParenthesizedExpressionSyntax parenthesised)
        {
            inner = parenthesised.Expression;
        }

        if (inner is LiteralExpressionSyntax or ThrowExpressionSyntax || inner.IsKind(SyntaxKind.LogicalAndExpression)
            || inner.IsKind(SyntaxKind.LogicalOrExpression) || model.GetConstantValue(inner).HasValue)
        {
            return visited;
        }

        if (Declares(inner))
        {
            var id = mutants.Add(original, MutantKind.Negation, isTrue ? "true" : "false");
            return isTrue ? Weave.True(id, visited) : Weave.False(id, visited);
        }

        return inner.IsKind(SyntaxKind.LogicalNotExpression) || Operators.Negated(inner.Kind()) is not null ? visited
            : Weave.Negate(mutants.Add(original, MutantKind.Negation, $"!({original})"), visited);
    }

    private ExpressionSyntax Compare(BinaryExpressionSyntax node, BinaryExpressionSyntax visited, SyntaxKind negated)
    {
        var result = Weave.Negate(mutants.Add(node, MutantKind.Negation, With(node, negated)), visited);
        return Operators.Boundary(node.Kind()) is { } boundary
            ? Weave.Choose(mutants.Add(node, MutantKind.Boundary, With(node, boundary)), Operators.Replace(node, boundary), result)
            : result;
    }

    private ExpressionSyntax MutateNumber(LiteralExpressionSyntax node)
    {
        var (own, converted) = (model.GetTypeInfo(node).Type, model.GetTypeInfo(node).ConvertedType);
        if (node.Token.Value is double or float or decimal or null || converted?.TypeKind == TypeKind.Enum)
        {
            return node;
        }

        var type = (IsNumeric(converted) ? converted : own)!.ToDisplayString();
        var value = Convert.ToDecimal(node.Token.Value, System.Globalization.CultureInfo.InvariantCulture);
        ExpressionSyntax result = node;
        foreach (var other in value == 0 ? [1m] : value == 1 ? [0m] : new[] { value + 1, value - 1 })
        {
            var id = mutants.Add(node, MutantKind.Literal, $"{other}");
            result = Weave.Choose(id, ParseExpression($"({type}){other}"), id == 0 || result != node ? result
                : ParseExpression($"({type}){node}"));
        }

        return result;
    }

    private bool IsUnmutated(InvocationExpressionSyntax node) => node.Expression is MemberAccessExpressionSyntax access
        && Unmutated.Contains(access.Expression.ToString(), StringComparer.Ordinal);

    /// <summary>Whether an expression begins in the middle of <c>a?.b.c</c>, and has no value without what is in front.</summary>
    private static bool IsBehindQuestionMark(ExpressionSyntax node)
    {
        while (true)
        {
            switch (node)
            {
                case MemberBindingExpressionSyntax or ElementBindingExpressionSyntax:
                    return true;
                case InvocationExpressionSyntax call:
                    node = call.Expression;
                    break;
                case MemberAccessExpressionSyntax access:
                    node = access.Expression;
                    break;
                case ElementAccessExpressionSyntax element:
                    node = element.Expression;
                    break;
                case PostfixUnaryExpressionSyntax postfix:
                    node = postfix.Operand;
                    break;
                default:
                    return false;
            }
        }
    }

    private bool IsBool(ExpressionSyntax node) => model.GetTypeInfo(node).Type?.SpecialType == SpecialType.System_Boolean;

    private bool IsNumber(ExpressionSyntax node) => model.GetTypeInfo(node).Type is { } type
        && (IsNumeric(type) || type.TypeKind == TypeKind.Enum);

    private static bool IsNumeric(ITypeSymbol? type) =>
        type?.SpecialType is >= SpecialType.System_SByte and <= SpecialType.System_UInt64;

    private static bool IsUsed(ExpressionSyntax node) => node.Parent is not (ExpressionStatementSyntax or ForStatementSyntax);

    private static bool Declares(SyntaxNode node) => node.DescendantNodes(n => n is not LambdaExpressionSyntax)
        .Any(n => n is SingleVariableDesignationSyntax);

    private static string With(BinaryExpressionSyntax node, SyntaxKind kind) => Operators.Replace(node, kind).ToString();
}
