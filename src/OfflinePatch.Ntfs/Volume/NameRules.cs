using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// What names are given to new files. Source: Linux-NTFS documentation, $FILE_NAME; the namespace that Windows itself writes where 8.3
/// names are off.
/// </summary>
internal static class NameRules
{
    /// <summary>Most UTF-16 units of a name.</summary>
    public const int MaxLength = 255;

    private const string Forbidden = "\"*/:<>?\\|";
    private const string ForbiddenInDosName = "\"*+,/:;<=>?[\\]| ";

    /// <summary>Refuses a name that Windows could not open.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0404</c>.</exception>
    public static void Check(string name, string path)
    {
        if (name.Length is 0 or > MaxLength)
        {
            throw NtfsError.BadName(path, $"a name has 1 to {MaxLength} UTF-16 units, not {name.Length}");
        }

        foreach (var unit in name)
        {
            if (unit < ' ' || Forbidden.Contains(unit, StringComparison.Ordinal))
            {
                throw NtfsError.BadName(path, $"U+{(int)unit:X4} is not allowed in a name");
            }
        }

        if (name[^1] is '.' or ' ')
        {
            throw NtfsError.BadName(path, "a name that ends in a dot or a space cannot be opened in Windows");
        }

        if (DeviceNames.IsReserved(name))
        {
            throw NtfsError.BadName(path, "Windows takes this name for a device");
        }
    }

    /// <summary>
    /// The namespace of a new name: one that is a valid 8.3 name is both; any other has no 8.3 partner, which Windows writes as POSIX.
    /// </summary>
    public static FileNameSpace NameSpaceOf(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var baseLength = dot < 0 ? name.Length : dot;
        var extension = dot < 0 ? 0 : name.Length - dot - 1;
        if (baseLength is 0 or > 8 || extension > 3 || (dot >= 0 && (extension == 0 || name.IndexOf('.', dot + 1) >= 0)))
        {
            return FileNameSpace.Posix;
        }

        foreach (var unit in name)
        {
            if (unit is <= ' ' or > '~' || ForbiddenInDosName.Contains(unit, StringComparison.Ordinal))
            {
                return FileNameSpace.Posix;
            }
        }

        return FileNameSpace.Win32AndDos;
    }
}
