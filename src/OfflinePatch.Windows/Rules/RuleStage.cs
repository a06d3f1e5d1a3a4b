namespace OfflinePatch.Windows.Rules;

/// <summary>What is being done with a rule.</summary>
public enum RuleStage
{
    /// <summary>The rule looks at the image.</summary>
    Inspect,

    /// <summary>The rule failed, and mends what it found.</summary>
    Fix,

    /// <summary>Something was mended: every rule looks at the result once more.</summary>
    Verify,
}
