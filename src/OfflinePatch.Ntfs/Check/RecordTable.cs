namespace OfflinePatch.Ntfs.Check;

/// <summary>What the passes remember of each FILE record.</summary>
internal struct RecordFacts
{
    public long DataSize;
    public long AllocatedSize;

    /// <summary>Sum of the hashes of its names, minus that of the index entries that name it: 0 in the end.</summary>
    public ulong NameBalance;

    /// <summary>Parent directory: of a directory its first name's; record numbers of parents fit into 48 bits.</summary>
    public long Parent;
    public uint SecurityId;
    public ushort Sequence;
    public ushort Names;
    public ushort Entries;
    public RecordMarks Marks;
}

/// <summary>Marks of a FILE record.</summary>
[Flags]
internal enum RecordMarks : ushort
{
    None = 0,
    InUse = 1,
    Directory = 2,
    ViewIndex = 4,
    Extension = 8,

    /// <summary>Has an attribute list.</summary>
    Listed = 16,

    /// <summary>The record cannot be trusted; entries that name it are not judged by it.</summary>
    Broken = 32,

    /// <summary>Reached from the root.</summary>
    Reached = 64,

    /// <summary>Has several links, not counting the DOS name: Windows keeps the sizes of one of them only.</summary>
    HardLinked = 128,

    /// <summary>Named in $ATTRIBUTE_LIST of its base.</summary>
    Claimed = 256,

    HasSizes = 512,
}

/// <summary>
/// Facts by record number, in pages that exist once a record of theirs is in use: an empty $MFT of any size costs nothing.
/// </summary>
internal sealed class RecordTable
{
    private const int PageSize = 4096;

    private readonly Dictionary<long, RecordFacts[]> _pages = [];
    private RecordFacts[]? _last;
    private long _lastIndex = -1;

    /// <summary>The facts, to be changed.</summary>
    public ref RecordFacts this[long number]
    {
        get
        {
            var index = number / PageSize;
            if (index != _lastIndex)
            {
                if (!_pages.TryGetValue(index, out _last))
                {
                    _last = new RecordFacts[PageSize];
                    _pages.Add(index, _last);
                }

                _lastIndex = index;
            }

            return ref _last![number % PageSize];
        }
    }

    /// <summary>The facts, all zero where nothing is known; never allocates.</summary>
    public RecordFacts Get(long number)
    {
        var index = number / PageSize;
        if (index == _lastIndex)
        {
            return _last![number % PageSize];
        }

        return _pages.TryGetValue(index, out var page) ? page[number % PageSize] : default;
    }

    /// <summary>Numbers of the records with any of the marks, in order.</summary>
    public IEnumerable<long> With(RecordMarks marks)
    {
        foreach (var index in _pages.Keys.Order())
        {
            var page = _pages[index];
            for (var i = 0; i < PageSize; i++)
            {
                if ((page[i].Marks & marks) != 0)
                {
                    yield return (index * PageSize) + i;
                }
            }
        }
    }
}
