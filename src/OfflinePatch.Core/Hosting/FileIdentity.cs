namespace OfflinePatch.Core.Hosting;

/// <summary>
/// Tells one host file from every other, whatever name it is reached by: two hard links have the same, a copy has another.
/// </summary>
/// <param name="Device">Number of the file system, or 0 where the host has none.</param>
/// <param name="Inode">Number of the file in it, or 0 where the host has none.</param>
/// <param name="Birth">When the file was created, or null where the file system does not keep it. File systems use inode numbers again, so
/// this counts.</param>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, FileTimestamp? Birth)
{
    /// <summary>Whether the host can tell files apart at all.</summary>
    public bool IsKnown => Inode != 0 || Birth is not null;

    /// <summary>
    /// Whether both can be the same file. Some file systems get another device number at every mount, so it counts only where there is no
    /// time of birth. What one of them does not know is not compared.
    /// </summary>
    public bool Matches(FileIdentity other)
    {
        if (!IsKnown || !other.IsKnown)
        {
            return true;
        }

        var bothBorn = Birth is not null && other.Birth is not null;
        return (Inode == other.Inode || Inode == 0 || other.Inode == 0)
            && (bothBorn ? Birth == other.Birth : Device == other.Device || Device == 0 || other.Device == 0);
    }
}

/// <summary>What a host says about an open file.</summary>
/// <param name="Identity">Which file it is.</param>
/// <param name="WriteTime">Last write.</param>
/// <param name="Links">How many names it has; 1 where the host cannot tell.</param>
/// <param name="IsOwnedByCaller">Whether it belongs to the user that runs this process, or to root; true where hosts have no such owner
/// (Windows).</param>
/// <param name="IsPrivate">Whether nobody else may write it; true on Windows.</param>
internal readonly record struct HostFileStatus(FileIdentity Identity, FileTimestamp WriteTime, long Links, bool IsOwnedByCaller,
    bool IsPrivate);
