using OfflinePatch.Core;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Boot code for a master boot record that has none: starts the active partition. Our own; the source is <c>mbr.asm</c> next to this file.
/// </summary>
internal static class MbrBootCode
{
    /// <summary>Bytes before the disk signature, which belong to the boot code.</summary>
    public const int Space = 0x1B8;

    /// <summary>The assembled code.</summary>
    public static ReadOnlySpan<byte> Code => Bytes;

    private static readonly byte[] Bytes = Convert.FromHexString(
        "FA31C08ED0BC007C8ED88EC0FBFCBE007CBF0006B90001F3A5EA1E060000BEBE"
        + "07B104F60480750C83C610FEC975F4BE6D06EB28668B440866A3D90656BED106"
        + "B442CD135EBD86067210BDA706813EFE7D55AA7505EA007C000089EEAC84C074"
        + "09B40EBB0700CD10EBF2F4EBFD4E6F20706172746974696F6E20697320616374"
        + "6976650D0A0054686520626F6F7420736563746F722063616E6E6F7420626520"
        + "726561640D0A005468652061637469766520706172746974696F6E2068617320"
        + "6E6F20626F6F7420736563746F720D0A0010000100007C000000000000000000"
        + "00");

    /// <summary>Whether the boot code of a disk is nothing but zeros.</summary>
    public static bool IsMissing(BlockDevice disk)
    {
        Span<byte> space = stackalloc byte[Space];
        disk.Read(0, space);
        return !space.ContainsAnyExcept((byte)0);
    }

    /// <summary>Writes the code. The disk signature and the table after it stay.</summary>
    public static void Write(BlockDevice disk) => disk.Write(0, Bytes);
}
