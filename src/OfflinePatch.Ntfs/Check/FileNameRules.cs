using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Check;

/// <summary>Which names Windows accepts. Source: Linux-NTFS documentation, $FILE_NAME.</summary>
internal static class FileNameRules
{
    private const string Forbidden = "\"*/:<>?\\|";
    private const string ForbiddenShort = " +,;=[]";

    /// <summary>The first unit that no Windows name may hold, or -1.</summary>
    public static int ForbiddenUnit(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i + 1 < name.Length; i += 2)
        {
            int unit = BinaryPrimitives.ReadUInt16LittleEndian(name[i..]);
            if (unit < 0x20 || (unit < 0x80 && Forbidden.Contains((char)unit)))
            {
                return unit;
            }
        }

        return -1;
    }

    /// <summary>
    /// Why Win32 does not reach a file of this name, as a clause; null where it does. chkdsk accepts such names, and
    /// <c>\\?\</c> paths reach them.
    /// </summary>
    public static string? WhyNotOpened(string name) => name.Length > 0 && name[^1] is ('.' or ' ') ? "ends in a dot or a space"
        : DeviceNames.IsReserved(name) ? "is that of a device"
        : null;

    /// <summary>Whether a name can be a DOS name: 1 to 8 units, and after a dot 1 to 3; "." alone is the root's.</summary>
    public static bool IsShort(ReadOnlySpan<byte> name)
    {
        var length = name.Length / 2;
        var dot = -1;
        if (length == 1 && Unit(name, 0) == '.')
        {
            return true;
        }

        for (var i = 0; i < length; i++)
        {
            var unit = Unit(name, i);
            if (unit == '.')
            {
                if (dot >= 0)
                {
                    return false;
                }

                dot = i;
            }
            else if (unit < 0x80 && ForbiddenShort.Contains((char)unit))
            {
                return false;
            }
        }

        return dot < 0 ? length is >= 1 and <= 8 : dot is >= 1 and <= 8 && length - dot - 1 is >= 1 and <= 3;
    }

    private static int Unit(ReadOnlySpan<byte> name, int index) => BinaryPrimitives.ReadUInt16LittleEndian(name[(2 * index)..]);
}
