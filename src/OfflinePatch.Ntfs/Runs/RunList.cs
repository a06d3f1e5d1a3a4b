namespace OfflinePatch.Ntfs.Runs;

/// <summary>The runs of one stream, by VCN from 0 without gaps; neighbours that could be one run are one.</summary>
internal sealed class RunList
{
    private readonly List<ClusterRun> _runs = [];

    /// <summary>The runs.</summary>
    public IReadOnlyList<ClusterRun> Runs => _runs;

    /// <summary>Clusters of the stream, holes included: the VCN after the last.</summary>
    public long ClusterCount => _runs.Count == 0 ? 0 : _runs[^1].EndVcn;

    /// <summary>Clusters that are really allocated to the stream.</summary>
    public long AllocatedClusters
    {
        get
        {
            long sum = 0;
            foreach (var run in _runs)
            {
                sum += run.IsHole ? 0 : run.Count;
            }

            return sum;
        }
    }

    /// <summary>Whether there is a hole.</summary>
    public bool HasHoles => _runs.Exists(r => r.IsHole);

    /// <summary>The LCN after the last real cluster, or -1: where an extension continues best.</summary>
    public long EndLcn
    {
        get
        {
            for (var i = _runs.Count - 1; i >= 0; i--)
            {
                if (!_runs[i].IsHole)
                {
                    return _runs[i].Lcn + _runs[i].Count;
                }
            }

            return -1;
        }
    }

    /// <summary>Appends clusters; <paramref name="lcn"/> -1 appends a hole.</summary>
    public void Append(long lcn, long count)
    {
        if (_runs.Count > 0)
        {
            var last = _runs[^1];
            if (lcn < 0 ? last.IsHole : !last.IsHole && last.Lcn + last.Count == lcn)
            {
                _runs[^1] = last with { Count = last.Count + count };
                return;
            }
        }

        _runs.Add(new ClusterRun(ClusterCount, lcn, count));
    }

    /// <summary>Index of the run that holds <paramref name="vcn"/>, or -1 past the end.</summary>
    public int IndexOf(long vcn)
    {
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var run = _runs[middle];
            if (vcn < run.Vcn)
            {
                high = middle - 1;
            }
            else if (vcn >= run.EndVcn)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return -1;
    }

    /// <summary>Cuts the list to <paramref name="count"/> clusters; what is cut (without holes) goes to <paramref name="freed"/>.</summary>
    public void Truncate(long count, List<ClusterRun> freed)
    {
        while (_runs.Count > 0 && _runs[^1].EndVcn > count)
        {
            var last = _runs[^1];
            _runs.RemoveAt(_runs.Count - 1);
            var keep = Math.Max(0, count - last.Vcn);
            if (!last.IsHole)
            {
                freed.Add(new ClusterRun(last.Vcn + keep, last.Lcn + keep, last.Count - keep));
            }

            if (keep > 0)
            {
                _runs.Add(last with { Count = keep });
            }
        }
    }
}
