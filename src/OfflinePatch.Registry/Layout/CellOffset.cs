namespace OfflinePatch.Registry.Layout;

/// <summary>
/// Where a cell starts, in bytes from the first hive bin (file offset 0x1000). The size field is at this place, the payload 4 bytes after.
/// </summary>
internal readonly record struct CellOffset(uint Value)
{
    /// <summary>The value that means "no cell".</summary>
    public static readonly CellOffset Nil = new(0xFFFFFFFF);

    public bool IsNil => Value == 0xFFFFFFFF;

    /// <summary>The place in the hive file.</summary>
    public long FileOffset => (long)Value + BaseBlock.Size;

    public override string ToString() => $"0x{Value:X}";
}
