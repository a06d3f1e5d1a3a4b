namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// The places of compressed clusters, which share host clusters and start at any byte: finds two entries with one place. Compared in
/// batches, so that memory has a bound; two equal places in different batches are found only where the file holds fewer packed clusters
/// than a batch.
/// </summary>
internal sealed class PackedPlaces
{
    private const int BatchEntries = 4 * 1024 * 1024; // 32 MiB; 256 GiB of guest data with clusters of 64 KiB

    private readonly List<long> _places = [];

    /// <summary>Adds a place; returns a place that was added twice, once it is found.</summary>
    public long? Add(long place)
    {
        _places.Add(place);
        if (_places.Count < BatchEntries)
        {
            return null;
        }

        var duplicate = FindDuplicate();
        _places.Clear();
        return duplicate;
    }

    /// <summary>A place that was added twice, or null.</summary>
    public long? FindDuplicate()
    {
        _places.Sort();
        for (var i = 1; i < _places.Count; i++)
        {
            if (_places[i] == _places[i - 1])
            {
                return _places[i];
            }
        }

        return null;
    }
}
