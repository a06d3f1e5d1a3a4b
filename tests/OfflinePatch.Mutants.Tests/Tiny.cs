using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OfflinePatch.Mutants.Tests;

/// <summary>A product of one class, and its tests.</summary>
internal static class Tiny
{
    public const string Product = """
        using System.Collections.Generic;

        namespace Tiny;

        public static class Product
        {
            private const int Limit = 10;
            private static readonly string Kept = "kept";

            public static string Word => Kept;

            public static bool IsSmall(int value) => value < Limit;

            public static int? Count(string? text) => text?.Trim().Length;

            public static int Unused(int value) => value + 7;

            public static int Once()
            {
                var (count, isDone) = (0, false);
                while (!isDone)
                {
                    count++;
                    isDone = true;
                }

                return count;
            }

            public static int Find(Dictionary<string, int> known, string name)
            {
                if (!known.TryGetValue(name, out var found) || found < 0)
                {
                    throw new KeyNotFoundException("there is no such name");
                }

                return found;
            }
        }
        """;

    public const string Tests = """
        using System.Collections.Generic;
        using Tiny;
        using Xunit;

        namespace Tiny.Tests;

        public class ProductTests
        {
            [Fact]
            public void A_word_is_kept() => Assert.Equal("kept", Product.Word);

            [Fact]
            public void Five_is_small_and_twenty_is_not() => Assert.Equal((true, false), (Product.IsSmall(5), Product.IsSmall(20)));

            [Fact]
            public void Once_is_once() => Assert.Equal(1, Product.Once());

            [Fact]
            public void What_is_known_is_found() => Assert.Equal(3, Product.Find(new() { ["a"] = 3 }, "a"));

            [Fact, Trait("speed", "slow")]
            public void A_long_test_judges_nothing() => Assert.False(Product.IsSmall(10));

            [Fact]
            public void A_test_that_fails_by_itself_judges_nothing() => Assert.Equal(1, Product.Unused(0));
        }
        """;

    /// <summary>What the runtime and this test reference.</summary>
    public static IEnumerable<MetadataReference> References =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(p => MetadataReference.CreateFromFile(p));

    public static CSharpCompilation Compile(string name, string source, params MetadataReference[] more) =>
        CSharpCompilation.Create(name, [CSharpSyntaxTree.ParseText(source, path: $"{name}.cs")], References.Concat(more),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
}
