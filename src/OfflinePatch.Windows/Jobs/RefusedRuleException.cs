namespace OfflinePatch.Windows.Jobs;

/// <summary>What a rule would stage is refused, and the user asked to go on without it. Never leaves <see cref="FixJob"/>.</summary>
/// <param name="ruleId">The rule.</param>
/// <param name="reason">The refusal.</param>
internal sealed class RefusedRuleException(string ruleId, Exception reason) : Exception(reason.Message, reason)
{
    /// <summary>The rule.</summary>
    public string RuleId { get; } = ruleId;
}
