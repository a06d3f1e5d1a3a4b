using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>
/// Makes the nodes that hold an original and its mutants. Forms that do not repeat the original come first: a second copy of
/// <c>out var x</c> does not compile. Number 0 gives the original back.
/// </summary>
internal static class Weave
{
    /// <summary>The kind of annotation that carries the number of a mutant.</summary>
    public const string Annotation = "mutant";

    private static readonly SyntaxTriviaList Blank = TriviaList(Space);

    /// <summary><c>(expression ^ On(id))</c>.</summary>
    public static ExpressionSyntax Negate(int id, ExpressionSyntax expression) =>
        id == 0 ? expression : Mark(id, Binary(SyntaxKind.ExclusiveOrExpression, SyntaxKind.CaretToken, Wrap(expression), On(id)));

    /// <summary><c>(On(id) || expression)</c>.</summary>
    public static ExpressionSyntax True(int id, ExpressionSyntax expression) =>
        id == 0 ? expression : Mark(id, Binary(SyntaxKind.LogicalOrExpression, SyntaxKind.BarBarToken, On(id), Wrap(expression)));

    /// <summary><c>(!On(id) &amp;&amp; expression)</c>.</summary>
    public static ExpressionSyntax False(int id, ExpressionSyntax expression) =>
        id == 0 ? expression
            : Mark(id, Binary(SyntaxKind.LogicalAndExpression, SyntaxKind.AmpersandAmpersandToken, NotOn(id), Wrap(expression)));

    /// <summary><c>(On(id) ? mutated : original)</c>.</summary>
    public static ExpressionSyntax Choose(int id, ExpressionSyntax mutated, ExpressionSyntax original) =>
        id == 0 ? original : Mark(id, ConditionalExpression(On(id), Token(Blank, SyntaxKind.QuestionToken, Blank), Wrap(mutated),
            Token(Blank, SyntaxKind.ColonToken, Blank), Wrap(original)));

    /// <summary><c>if (!On(id)) statement</c>.</summary>
    public static StatementSyntax Remove(int id, StatementSyntax statement) =>
        id == 0 ? statement : IfStatement(NotOn(id), Block(statement)).WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));

    /// <summary><c>if (On(id)) mutated else original</c>.</summary>
    public static StatementSyntax Choose(int id, StatementSyntax mutated, StatementSyntax original) =>
        id == 0 ? original : IfStatement(On(id), Block(mutated), ElseClause(Block(original)))
            .WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));

    /// <summary>Whether the mutant is active.</summary>
    public static ExpressionSyntax On(int id) => ParseExpression($"global::{SwitchSource.TypeName}.On({id})");

    private static PrefixUnaryExpressionSyntax NotOn(int id) => PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, On(id));

    private static ParenthesizedExpressionSyntax Wrap(ExpressionSyntax expression) => ParenthesizedExpression(expression.WithoutTrivia());

    private static BinaryExpressionSyntax Binary(SyntaxKind kind, SyntaxKind token, ExpressionSyntax left, ExpressionSyntax right) =>
        BinaryExpression(kind, left, Token(Blank, token, Blank), right);

    private static ParenthesizedExpressionSyntax Mark(int id, ExpressionSyntax expression) =>
        ParenthesizedExpression(expression).WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));
}
