namespace OfflinePatch.FileSystems.Trees;

/// <summary>
/// A tree whose files are cheapest to read in the order in which they are stored, because they are parts of one packed stream.
/// </summary>
public interface IStorageOrder
{
    /// <summary>
    /// A number that grows with the place of the file in the store; read many files in this order. 0 where there is no such file.
    /// </summary>
    long StorageOrderOf(string path);
}
