namespace OfflinePatch.Mutants.Instrument;

/// <summary>The mutators.</summary>
internal enum MutantKind
{
    /// <summary>A comparison takes its limit in, or leaves it out.</summary>
    Boundary,

    /// <summary>A condition, or a result that is true or false, is turned round.</summary>
    Negation,

    /// <summary>One side of <c>&amp;&amp;</c> or <c>||</c> is left out.</summary>
    Logical,

    /// <summary>Another operator of arithmetic, bits or shifts.</summary>
    Arithmetic,

    /// <summary>A literal: true for false, a number one off, a text that is empty.</summary>
    Literal,

    /// <summary>A statement is left out: a call, an assignment.</summary>
    Statement,

    /// <summary>A way out of the normal course is left out: throw, return, break, continue.</summary>
    Jump,

    /// <summary>A default value is returned.</summary>
    Return,

    /// <summary>Another call of the same form: Min for Max, Any for All, no Where.</summary>
    Call,
}
