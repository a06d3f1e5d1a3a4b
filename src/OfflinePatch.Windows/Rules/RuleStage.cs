namespace OfflinePatch.Windows.Rules;

/// <summary>What is being done with a rule.</summary>
public enum RuleStage
{
    /// <summary>The rule inspects the image.</summary>
    Inspect,

    /// <summary>The rule failed, and fixes what it found.</summary>
    Fix,

    /// <summary>Something was fixed: every rule inspects the result once more.</summary>
    Verify,
}
