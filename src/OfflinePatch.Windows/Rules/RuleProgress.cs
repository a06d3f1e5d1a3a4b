namespace OfflinePatch.Windows.Rules;

/// <summary>Where the work on one image is: a rule begins.</summary>
/// <param name="Stage">What is being done with the rule.</param>
/// <param name="Rule">The id of the rule, for example <c>network.dhcp</c>.</param>
/// <param name="Number">
/// Its place in the list of the target, from 1. Rules that change partitions are fixed before the others, so numbers may step back.
/// </param>
/// <param name="Count">How many rules the target has.</param>
public readonly record struct RuleProgress(RuleStage Stage, string Rule, int Number, int Count);
