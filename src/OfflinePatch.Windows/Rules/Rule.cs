using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// One requirement: how to see whether it is met, and, where possible, how to meet it. A rule holds no state. <see cref="Inspect"/> writes
/// nothing; after <see cref="Fix"/>, <see cref="Inspect"/> gives ok; where <see cref="Inspect"/> gives ok, <see cref="Fix"/> is not called.
/// </summary>
public abstract class Rule
{
    /// <summary>Its stable name: <c>network.dhcp</c>.</summary>
    public abstract string Id { get; }

    /// <summary>The rule in a few words, as a demand: <c>Every network interface uses DHCP</c>.</summary>
    public abstract string Title { get; }

    /// <summary>How much a failure matters, unless the target profile says otherwise.</summary>
    public abstract RuleSeverity Severity { get; }

    /// <summary>Where the requirement comes from.</summary>
    public abstract string Source { get; }

    /// <summary>What it looks at and what a fix changes, with the keys and files.</summary>
    public abstract string Summary { get; }

    /// <summary>Whether a failure refuses the whole image before anything is written. Gates always run.</summary>
    public virtual bool IsGate => false;

    /// <summary>Whether it speaks about the Windows installation (and is not asked when there is none).</summary>
    public virtual bool NeedsWindows => true;

    /// <summary>Whether <see cref="Fix"/> does anything.</summary>
    public virtual bool CanFix => false;

    /// <summary>Looks, and says what it found. Writes nothing.</summary>
    public abstract Finding Inspect(RuleContext context);

    /// <summary>Makes it right. Called only after <see cref="Inspect"/> gave a failure that says it can be fixed.</summary>
    public virtual void Fix(RuleContext context) => throw new NotSupportedException($"{Id} cannot fix anything");
}

/// <summary>A rule whose failure refuses the whole image before anything is written.</summary>
public abstract class GateRule : Rule
{
    /// <inheritdoc/>
    public sealed override bool IsGate => true;

    /// <inheritdoc/>
    public sealed override RuleSeverity Severity => RuleSeverity.Error;
}
