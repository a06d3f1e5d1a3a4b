using System.Buffers.Binary;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>A logical block (4/7.1).</summary>
/// <param name="Block">Block inside the partition.</param>
/// <param name="Partition">Index into the partition maps.</param>
internal readonly record struct UdfAddress(uint Block, ushort Partition)
{
    /// <summary>The address inside a long_ad.</summary>
    public static UdfAddress ReadLong(ReadOnlySpan<byte> descriptor) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(descriptor[4..]), BinaryPrimitives.ReadUInt16LittleEndian(descriptor[8..]));
}
