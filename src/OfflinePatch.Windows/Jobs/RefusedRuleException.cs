namespace OfflinePatch.Windows.Jobs;

/// <summary>What a rule would stage is refused, and the user asked to go on without it. Never leaves <see cref="FixJob"/>.</summary>
/// <param name="ruleId">The rule.</param>
/// <param name="reason">The refusal.</param>
internal sealed class RefusedRuleException(string ruleId, Exception reason) : Exception(reason.Message, reason)
{
    /// <summary>The rule.</summary>
    public string RuleId { get; } = ruleId;

    /// <summary>
    /// Whether an error means that a package is not staged into a sound image. Damage of the image and a full volume are no refusal of a
    /// package: what is damaged in a source is found before anything is staged, and the next package would find no room either.
    /// </summary>
    public static bool IsRefusal(Exception error) => error is RefusedException { IsFull: false } or UnsupportedImageException;
}
