using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// The list of transport providers of a control set: <c>Services\WinSock2\Parameters\Protocol_Catalog9\Catalog_Entries[64]\000000000001</c>
/// and up, as many as <c>Num_Catalog_Entries[64]</c> says, without a gap. Each entry begins with the path of its DLL (260 bytes) and a
/// WSAPROTOCOL_INFOW (learn.microsoft.com): catalogue id at 36, length of the protocol chain at 40, ids of the chain from 44.
/// </summary>
internal static class WinsockCatalog
{
    private const string Key = @"Services\WinSock2\Parameters\Protocol_Catalog9";
    private const string Packed = "PackedCatalogItem";
    private const int PathLength = 260;
    private const int IdOffset = PathLength + 36;
    private const int ChainOffset = PathLength + 40;
    private const int MaximumChain = 7;
    private const int MaximumEntries = 1000;

    /// <summary>The lists that name a DLL of a product, with the steps that remove its entries.</summary>
    public static IEnumerable<ToolsStep> Steps(ControlSet set, IReadOnlyList<string> dlls, GuestPaths paths)
    {
        foreach (var suffix in (string[])["", "64"])
        {
            if (set.Find(Key) is not { } catalog || catalog.Find($"Catalog_Entries{suffix}") is not { } list
                || Read(catalog, list, suffix) is not { } entries)
            {
                continue;
            }

            var own = entries.Where(e => IsOwn(e.Data, dlls, paths)).ToList();
            var ids = own.Select(e => Id(e.Data)).ToHashSet();
            if (own.Count > 0 && !entries.Except(own).Any(e => Chain(e.Data).Any(ids.Contains)))
            {
                yield return new ToolsStep($@"{list.Path}: {own.Count} entries of "
                    + $@"{string.Join(", ", own.Select(e => PathOf(e.Data)).Distinct(StringComparer.OrdinalIgnoreCase))}",
                    () => Remove(catalog, list, suffix, entries, own));
            }
        }
    }

    /// <summary>The entries in their order, or null when the list is not as Windows keeps it: then it is not changed.</summary>
    private static List<(GuestKey Key, byte[] Data)>? Read(GuestKey catalog, GuestKey list, string suffix)
    {
        if (catalog.GetDword($"Num_Catalog_Entries{suffix}") is not { } count || count > MaximumEntries || list.Inner.SubKeyCount != count)
        {
            return null;
        }

        var entries = new List<(GuestKey, byte[])>();
        for (var i = 1; i <= count; i++)
        {
            if (list.Find(Name(i)) is not { } key || key.GetBinary(Packed) is not { Length: >= ChainOffset + 32 } data)
            {
                return null;
            }

            entries.Add((key, data));
        }

        return entries;
    }

    private static void Remove(GuestKey catalog, GuestKey list, string suffix, List<(GuestKey Key, byte[] Data)> entries,
        List<(GuestKey Key, byte[] Data)> own)
    {
        var left = entries.Except(own).Select(e => e.Key.Values.Select(v => (v.Name, v.Type, Data: v.ReadData())).ToList()).ToList();
        for (var i = 0; i < left.Count; i++)
        {
            var key = entries[i].Key;
            foreach (var name in key.Values.Select(v => v.Name)
                .Where(n => !left[i].Exists(v => v.Name.Equals(n, StringComparison.OrdinalIgnoreCase))).ToList())
            {
                key.DeleteValue(name);
            }

            foreach (var (name, type, data) in left[i])
            {
                key.SetValue(name, type, data);
            }
        }

        for (var i = left.Count; i < entries.Count; i++)
        {
            list.DeleteSubKeyTree(Name(i + 1));
        }

        catalog.SetDword($"Num_Catalog_Entries{suffix}", (uint)left.Count);
    }

    private static string Name(int number) => number.ToString("D12", CultureInfo.InvariantCulture);

    private static bool IsOwn(byte[] data, IReadOnlyList<string> dlls, GuestPaths paths)
    {
        var path = PathOf(data);
        return dlls.Contains(FilePath.NameOf(path), StringComparer.OrdinalIgnoreCase) || paths.Owns(path);
    }

    private static string PathOf(byte[] data)
    {
        var end = data.AsSpan(0, PathLength).IndexOf((byte)0);
        return Encoding.Latin1.GetString(data, 0, end < 0 ? PathLength : end);
    }

    private static uint Id(byte[] data) => BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(IdOffset));

    /// <summary>The ids that a layered provider is built on; a base provider (length 1) and a layer without order (0) have none.</summary>
    private static IEnumerable<uint> Chain(byte[] data)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(ChainOffset));
        for (var i = 0; i < length && length is > 1 and <= MaximumChain; i++)
        {
            yield return BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(ChainOffset + 4 + (4 * i)));
        }
    }
}
