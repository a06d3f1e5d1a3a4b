using OfflinePatch.Registry.Editing;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry;

// Creates a hive: one bin with the root key and its security descriptor, as offreg's ORCreateHive leaves it.
public sealed partial class Hive
{
    private const int FirstCell = 0x20;

    /// <summary>Makes an empty hive.</summary>
    /// <param name="minorVersion">3 (BCD, user hives up to Windows 8) or 5 (SYSTEM, SOFTWARE and others).</param>
    /// <param name="rootName">The root's own name, 1 to 255 characters; nothing depends on it.</param>
    /// <param name="securityDescriptor">
    /// The root's self-relative security descriptor; null for full control by SYSTEM and administrators.
    /// </param>
    /// <param name="time">The clock for time stamps; null for the system's.</param>
    /// <exception cref="RefusedException">The name is not allowed, or the descriptor is not sound.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No such version is made here.</exception>
    public static Hive Create(int minorVersion = 5, string rootName = "ROOT", byte[]? securityDescriptor = null, TimeProvider? time = null)
    {
        if (minorVersion is not (3 or 5))
        {
            throw new ArgumentOutOfRangeException(nameof(minorVersion), minorVersion, "3 or 5");
        }

        Editing.RegistryNames.RequireKeyName(rootName);
        var descriptor = securityDescriptor ?? SecurityDescriptors.SystemAndAdministrators.ToArray();
        if (!SecurityDescriptors.IsSound(descriptor))
        {
            throw RegistryError.Descriptor();
        }

        var now = (ulong)FileTime.Now(time ?? TimeProvider.System);
        var compressed = StoredName.CanCompress(rootName);
        var keySize = CellSize(KeyNode.HeaderSize + StoredName.EncodedLength(rootName, compressed));
        var securitySize = CellSize(KeySecurity.HeaderSize + descriptor.Length);
        var used = FirstCell + keySize + securitySize;
        var binSize = (used + 8 + HiveBin.Alignment - 1) / HiveBin.Alignment * HiveBin.Alignment;
        var file = new byte[BaseBlock.Size + binSize];
        var bins = file.AsSpan(BaseBlock.Size);
        var root = new CellOffset(FirstCell);
        var security = new CellOffset((uint)(FirstCell + keySize));

        var block = new BaseBlockWriter(file);
        block.Initialise((uint)minorVersion, root, (uint)binSize, now);
        block.Sign();
        HiveBin.Write(bins, 0, (uint)binSize, now);

        var node = new KeyNodeWriter(NewCell(bins, root, keySize));
        node.Initialise(compressed ? KeyNodeFlags.Root : KeyNodeFlags.Root & ~KeyNodeFlags.CompressedName, now, CellOffset.Nil, security,
            CellOffset.Nil, 0);
        node.SetName(rootName, compressed);

        var cell = new KeySecurityWriter(NewCell(bins, security, securitySize));
        cell.Initialise(descriptor);
        cell.SetNext(security);
        cell.SetPrevious(security);
        cell.SetReferenceCount(1);

        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bins[used..], binSize - used);
        return Open(file, options: new HiveOpenOptions { AdoptBuffer = true, Time = time ?? TimeProvider.System });
    }

    private static int CellSize(int payload) => (payload + 4 + 7) & ~7;

    private static Span<byte> NewCell(Span<byte> bins, CellOffset cell, int size)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bins[(int)cell.Value..], -size);
        return bins.Slice((int)cell.Value + 4, size - 4);
    }
}
