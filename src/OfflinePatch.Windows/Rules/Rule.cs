using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// One requirement: how to see whether it is met, and, where possible, how to meet it. A rule holds no state. <see cref="Inspect"/> writes
/// nothing; after <see cref="Fix"/>, <see cref="Inspect"/> gives ok; where <see cref="Inspect"/> gives ok, <see cref="Fix"/> is not called.
/// </summary>
internal abstract class Rule(RuleContract contract)
{
    /// <summary>What it is.</summary>
    public RuleContract Contract => contract;

    /// <summary>Its stable name.</summary>
    public string Id => contract.Id;

    /// <summary>Inspects, and reports what it found. Writes nothing.</summary>
    public abstract Finding Inspect(RuleContext context);

    /// <summary>Fixes it. Called only after <see cref="Inspect"/> gave a failure that says it can be fixed.</summary>
    public virtual void Fix(RuleContext context) => throw new NotSupportedException($"{Id} cannot fix anything");

    /// <summary>The value of a parameter for the target.</summary>
    protected T Value<T>(RuleContext context, RuleParameter<T> parameter) => context.Profile.Value(Id, parameter);
}

/// <summary>A rule whose failure refuses the whole image before anything is written.</summary>
internal abstract class GateRule(RuleContract contract) : Rule(contract with { IsGate = true, Severity = RuleSeverity.Error });
