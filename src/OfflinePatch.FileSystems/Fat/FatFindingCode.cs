namespace OfflinePatch.FileSystems.Fat;

/// <summary>The codes of the findings of the checker. What each means and what to do is in errors.json.</summary>
internal static class FatFindingCode
{
    public const string TablesDiffer = "FATCHK-01"; // The copies of the FAT differ.
    public const string LostClusters = "FATCHK-02"; // Clusters are marked in use and belong to no file.
    public const string Unreadable = "FATCHK-03"; // A directory or file cannot be read.
    public const string ShortNameTwice = "FATCHK-04"; // A short name occurs twice in a directory.
    public const string NoCluster = "FATCHK-05"; // A directory has no cluster.
    public const string ChainLength = "FATCHK-06"; // The cluster chain does not match the length of the file.
    public const string ClusterOwnedTwice = "FATCHK-07"; // A cluster belongs to two files.
    public const string DotEntries = "FATCHK-08"; // The entries . and .. of a directory are wrong.
    public const string FreeCount = "FATCHK-09"; // The free cluster count in FSInfo differs from the table.
}
