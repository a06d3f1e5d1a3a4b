using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>Statements and the bodies of members.</summary>
internal sealed partial class MutantRewriter
{
    public override SyntaxNode? VisitIfStatement(IfStatementSyntax node)
    {
        var visited = (IfStatementSyntax)base.VisitIfStatement(node)!;
        return visited.WithCondition(Condition(node.Condition, visited.Condition, isTrue: Leaves(node.Statement)));
    }

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node)
    {
        var visited = (WhileStatementSyntax)base.VisitWhileStatement(node)!;
        return visited.WithCondition(Condition(node.Condition, visited.Condition));
    }

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node)
    {
        // A counter that counts the other way does not end, or ends at once by an exception: no test is judged by that.
        var visited = (ForStatementSyntax)base.VisitForStatement(node)!;
        return visited.WithIncrementors(node.Incrementors);
    }

    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        if (node.Expression is InvocationExpressionSyntax call && IsUnmutated(call))
        {
            return node;
        }

        var visited = (ExpressionStatementSyntax)base.VisitExpressionStatement(node)!;
        switch (node.Expression)
        {
            case AssignmentExpressionSyntax { Left: DeclarationExpressionSyntax or IdentifierNameSyntax { Identifier.Text: "_" } }:
                return visited;
            case AssignmentExpressionSyntax assignment when Operators.SwappedAssignment(assignment.Kind()) is { } swapped
                && IsNumber(assignment):
                var changed = ExpressionStatement(AssignmentExpression(swapped, assignment.Left, assignment.Right));
                return Weave.Choose(mutants.Add(node, MutantKind.Arithmetic, $"{changed}"), changed, visited);
            case PostfixUnaryExpressionSyntax postfix:
                return Weave.Choose(mutants.Add(node, MutantKind.Arithmetic, Reversed(postfix.OperatorToken, postfix.Operand)),
                    ParseStatement(Reversed(postfix.OperatorToken, postfix.Operand)), visited);
            case PrefixUnaryExpressionSyntax prefix:
                return Weave.Choose(mutants.Add(node, MutantKind.Arithmetic, Reversed(prefix.OperatorToken, prefix.Operand)),
                    ParseStatement(Reversed(prefix.OperatorToken, prefix.Operand)), visited);
            default:
                return Weave.Remove(mutants.Add(node, MutantKind.Statement, ";"), visited);
        }
    }

    public override SyntaxNode? VisitYieldStatement(YieldStatementSyntax node)
    {
        var visited = (YieldStatementSyntax)base.VisitYieldStatement(node)!;
        return Weave.Remove(mutants.Add(node, MutantKind.Statement, ";"), visited);
    }

    public override SyntaxNode? VisitThrowStatement(ThrowStatementSyntax node) =>
        Weave.Remove(mutants.Add(node, MutantKind.Jump, ";"), node);

    public override SyntaxNode? VisitContinueStatement(ContinueStatementSyntax node) =>
        Weave.Remove(mutants.Add(node, MutantKind.Jump, ";"), node);

    public override SyntaxNode? VisitBreakStatement(BreakStatementSyntax node) =>
        node.FirstAncestorOrSelf<StatementSyntax>(s => s is SwitchStatementSyntax or ForStatementSyntax or WhileStatementSyntax
            or DoStatementSyntax or CommonForEachStatementSyntax) is SwitchStatementSyntax ? node
            : Weave.Remove(mutants.Add(node, MutantKind.Jump, ";"), node);

    public override SyntaxNode? VisitReturnStatement(ReturnStatementSyntax node)
    {
        if (node.Expression is null)
        {
            return Weave.Remove(mutants.Add(node, MutantKind.Jump, ";"), node);
        }

        var visited = (ReturnStatementSyntax)base.VisitReturnStatement(node)!;
        return visited.WithExpression(Result(node.Expression, visited.Expression!));
    }

    public override SyntaxNode? VisitArrowExpressionClause(ArrowExpressionClauseSyntax node)
    {
        var visited = (ArrowExpressionClauseSyntax)base.VisitArrowExpressionClause(node)!;
        var isField = node.Parent is PropertyDeclarationSyntax && node.Expression is IdentifierNameSyntax or MemberAccessExpressionSyntax;
        return isField || ReturnsNothing(node.Parent) ? visited : visited.WithExpression(Result(node.Expression, visited.Expression));
    }

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        var visited = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
        return node.ExpressionBody is { } body && visited.ExpressionBody is { } arrow && ReturnsNothing(node)
            ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(BodyOf(body, arrow)) : visited;
    }

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var visited = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return node.ExpressionBody is { } body && visited.ExpressionBody is { } arrow && ReturnsNothing(node)
            ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(BodyOf(body, arrow)) : visited;
    }

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var visited = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
        return node.ExpressionBody is { } body && visited.ExpressionBody is { } arrow && ReturnsNothing(node)
            ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(BodyOf(body, arrow)) : visited;
    }

    private BlockSyntax BodyOf(ArrowExpressionClauseSyntax body, ArrowExpressionClauseSyntax visited) =>
        body.Expression is ThrowExpressionSyntax thrown ? Block(ThrowStatement(thrown.Expression))
            : Block(Weave.Remove(mutants.Add(body.Expression, MutantKind.Statement, ";"), ExpressionStatement(visited.Expression)));

    /// <summary>Another result: a truth value turned round, or the default of the type.</summary>
    private ExpressionSyntax Result(ExpressionSyntax original, ExpressionSyntax visited)
    {
        if (IsBool(original))
        {
            return Condition(original, visited);
        }

        return original is LiteralExpressionSyntax or RefExpressionSyntax or ThrowExpressionSyntax or DefaultExpressionSyntax
            or CollectionExpressionSyntax { Elements.Count: 0 } or ThisExpressionSyntax ? visited
            : Weave.Choose(mutants.Add(original, MutantKind.Return, "default"), ParseExpression("default!"), visited);
    }

    private bool ReturnsNothing(SyntaxNode? member) =>
        member is ConstructorDeclarationSyntax or null || (model.GetDeclaredSymbol(member) is IMethodSymbol { ReturnsVoid: true });

    private static bool Leaves(StatementSyntax statement) =>
        (statement is BlockSyntax block ? block.Statements.LastOrDefault() : statement) is ReturnStatementSyntax or ThrowStatementSyntax
            or ContinueStatementSyntax or BreakStatementSyntax;

    private static string Reversed(SyntaxToken token, ExpressionSyntax operand) =>
        token.IsKind(SyntaxKind.PlusPlusToken) ? $"{operand}--;" : $"{operand}++;";
}
