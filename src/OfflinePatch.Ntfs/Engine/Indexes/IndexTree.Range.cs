namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <content>Entries from a key on.</content>
internal sealed partial class IndexTree
{
    /// <summary>
    /// Copies of the entries of a view index from the first key that is not smaller than <paramref name="key"/>, in order.
    /// </summary>
    public IEnumerable<(byte[] Key, byte[] Value)> From(byte[] key)
    {
        var cursor = IndexCursor.StartAt(_trees, this, key);
        while (cursor.MoveNext())
        {
            var entry = cursor.Entry;
            var pair = (entry.Key.ToArray(), entry.ViewValue.ToArray());
            yield return pair;
        }
    }
}
