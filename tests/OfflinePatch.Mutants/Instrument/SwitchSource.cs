using System.Globalization;

namespace OfflinePatch.Mutants.Instrument;

/// <summary>The class that is compiled into an instrumented assembly: which mutant is active, and which ones were reached.</summary>
internal static class SwitchSource
{
    /// <summary>The name of the class, outside of any namespace.</summary>
    public const string TypeName = "MutantSwitch";

    /// <summary>The field with the number of the active mutant; 0: none.</summary>
    public const string Active = "Active";

    /// <summary>The field with one byte per mutant, set when it is reached.</summary>
    public const string Touched = "Touched";

    /// <summary>The source for mutants up to a number.</summary>
    public static string Text(int last) => string.Create(CultureInfo.InvariantCulture, $$"""
        internal static class {{TypeName}}
        {
            public static int {{Active}};
            public static readonly byte[] {{Touched}} = new byte[{{last + 1}}];

            public static bool On(int id)
            {
                {{Touched}}[id] = 1;
                return {{Active}} == id;
            }
        }
        """);
}
