namespace OfflinePatch.Ntfs;

/// <summary>A logical cluster number: a cluster of the volume.</summary>
/// <param name="Value">0 and up; -1 for a hole.</param>
public readonly record struct Lcn(long Value) : IComparable<Lcn>
{
    /// <summary>No cluster: a hole of a sparse or compressed stream.</summary>
    public static Lcn Hole { get; } = new(-1);

    /// <summary>Whether there is no cluster.</summary>
    public bool IsHole => Value < 0;

    /// <inheritdoc/>
    public int CompareTo(Lcn other) => Value.CompareTo(other.Value);

    /// <summary>The cluster <paramref name="count"/> further on.</summary>
    public Lcn Plus(long count) => new(Value + count);

    /// <inheritdoc/>
    public override string ToString() => IsHole ? "hole" : $"LCN {Value}";
}
