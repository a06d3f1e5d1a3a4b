namespace OfflinePatch.Disks.Clusters;

/// <summary>Where the bytes of a guest run come from.</summary>
internal enum RunKind
{
    /// <summary>They are zeros.</summary>
    Zero,

    /// <summary>They lie, in order, in the host file.</summary>
    Stored,

    /// <summary>The parent (backing file) has them.</summary>
    Parent,

    /// <summary>They are part of one compressed cluster.</summary>
    Compressed,
}

/// <summary>A run of guest bytes of one kind.</summary>
/// <param name="Kind">Where the bytes come from.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="Position">Stored: the host offset of the first byte. Compressed: what the format needs to find the cluster. Else 0.</param>
internal readonly record struct DiskRun(RunKind Kind, long Length, long Position = 0)
{
    /// <summary>Whether <paramref name="next"/>, which follows this run in the guest, can be read together with it.</summary>
    public bool Continues(DiskRun next) => Kind == next.Kind && Kind switch
    {
        RunKind.Stored => Position + Length == next.Position,
        RunKind.Compressed => false,
        _ => true,
    };
}
