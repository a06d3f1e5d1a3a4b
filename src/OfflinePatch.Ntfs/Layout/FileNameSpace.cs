namespace OfflinePatch.Ntfs.Layout;

/// <summary>The namespace byte of a $FILE_NAME at 0x41.</summary>
public enum FileNameSpace : byte
{
    /// <summary>A name without an 8.3 partner (a further hard link, or 8.3 names are off).</summary>
    Posix = 0,

    /// <summary>A long name with an 8.3 partner.</summary>
    Win32 = 1,

    /// <summary>The 8.3 partner of a long name.</summary>
    Dos = 2,

    /// <summary>A long name that is itself a valid 8.3 name.</summary>
    Win32AndDos = 3,
}
