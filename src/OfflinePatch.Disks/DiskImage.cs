using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>
/// The disk that a guest sees, whatever container holds it. Offsets are guest offsets. Writes go through to the host files below,
/// which are a transaction's view: nothing here touches the real files.
/// </summary>
public abstract class DiskImage : BlockDevice
{
    /// <summary>The container format.</summary>
    public abstract ImageFormat Format { get; }

    /// <summary>The variant, as its format calls it: <c>monolithicSparse</c>, <c>dynamic</c>, <c>v3</c>; empty where there is one only.</summary>
    public abstract string Subformat { get; }

    /// <summary>Null when the image can be patched in place; else why not, in a full sentence, for an error whose remedy is <c>-o</c>.</summary>
    public virtual string? WhyNotInPlace => null;

    /// <summary>Facts for <c>inspect</c> and for rules, as the format names them: <c>ddb.adapterType</c>, <c>createType</c>, <c>creatorApplication</c>.</summary>
    public virtual IReadOnlyDictionary<string, string> Properties => EmptyProperties;

    /// <inheritdoc/>
    public override bool CanWrite => WhyNotInPlace is null;

    private static readonly Dictionary<string, string> EmptyProperties = [];
}
