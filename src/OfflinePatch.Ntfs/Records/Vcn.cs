namespace OfflinePatch.Ntfs;

/// <summary>A virtual cluster number: a cluster of a stream.</summary>
/// <param name="Value">0 and up.</param>
public readonly record struct Vcn(long Value) : IComparable<Vcn>
{
    /// <inheritdoc/>
    public int CompareTo(Vcn other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => $"VCN {Value}";
}
