using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Records;

/// <summary>A formatted FILE record without attributes.</summary>
internal static class BlankRecord
{
    /// <summary>A formatted record that is not in use. Source: Linux-NTFS documentation, Fixup, FILE Record.</summary>
    public static void Write(byte[] bytes, long number, ushort sequence)
    {
        new FileRecordWriter(bytes).Initialise(number, sequence);
        UpdateSequence.SetNumber(bytes, 1);
    }
}
