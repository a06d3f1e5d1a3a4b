using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>One file or directory in a FAT directory.</summary>
/// <param name="Name">Its long name, or the short one where it has none.</param>
/// <param name="ShortName">The 11 bytes of its short name.</param>
/// <param name="FirstSlot">The first of its slots: the last part of the long name, or the short name itself.</param>
/// <param name="SlotCount">Slots in all; the last holds the short name.</param>
/// <param name="Attributes">As <see cref="FatLayout.Slot.Attributes"/>.</param>
/// <param name="FirstCluster">0: no content.</param>
/// <param name="Length">Bytes; 0 for a directory.</param>
/// <param name="LastWriteTimeUtc">Taken as UTC: FAT does not say of which zone it is.</param>
internal sealed record FatItem(
    string Name, byte[] ShortName, int FirstSlot, int SlotCount, byte Attributes, uint FirstCluster, uint Length, DateTime LastWriteTimeUtc)
{
    public bool IsDirectory => (Attributes & FatLayout.Slot.Directory) != 0;

    public int ShortSlot => FirstSlot + SlotCount - 1;

    public FileEntry ToEntry() => new(Name, IsDirectory, IsDirectory ? 0 : Length, LastWriteTimeUtc,
        (FileAttributes)(Attributes & (FatLayout.Slot.ReadOnly | FatLayout.Slot.Hidden | FatLayout.Slot.System | FatLayout.Slot.Directory
            | FatLayout.Slot.Archive)));
}
