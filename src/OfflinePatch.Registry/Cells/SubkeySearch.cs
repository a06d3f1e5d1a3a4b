using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>Where a name stands, or belongs, in a key's subkey list.</summary>
/// <param name="Leaf">The place of the leaf in the index root; -1 when the list is itself the leaf.</param>
/// <param name="Entry">The place in the leaf.</param>
internal readonly record struct SubkeyPlace(int Leaf, int Entry);

/// <summary>Finds names in subkey lists.</summary>
internal static class SubkeySearch
{
    /// <summary>
    /// Binary search by name. Where the lists have hashes, a miss is confirmed by them, so that a list in another order still
    /// answers.
    /// </summary>
    public static bool TryFind(HiveImage image, CellOffset list, ReadOnlySpan<char> upper, out CellOffset found, out SubkeyPlace place)
    {
        var first = SubkeyCursor.ReadList(image, list);
        var leafIndex = -1;
        var leaf = first;
        if (first.Kind == SubkeyListKind.IndexRoot)
        {
            if (first.Count == 0)
            {
                found = CellOffset.Nil;
                place = new SubkeyPlace(0, 0);
                return false;
            }

            leafIndex = FindLeaf(image, first, upper);
            leaf = SubkeyCursor.ReadLeaf(image, first[leafIndex]);
        }

        if (TryFindInLeaf(image, leaf, upper, out var entry))
        {
            found = leaf[entry];
            place = new SubkeyPlace(leafIndex, entry);
            return true;
        }

        place = new SubkeyPlace(leafIndex, entry);
        if (leaf.Kind == SubkeyListKind.HashLeaf && TryFindByHash(image, first, upper, out found, out var byHash))
        {
            place = byHash;
            return true;
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>The last leaf whose first name is not after the one sought.</summary>
    private static int FindLeaf(HiveImage image, SubkeyList root, ReadOnlySpan<char> upper)
    {
        int low = 0, high = root.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            var leaf = SubkeyCursor.ReadLeaf(image, root[middle]);
            if (leaf.Count > 0 && image.Key(leaf[0]).Name.CompareToUpper(upper) > 0)
            {
                high = middle - 1;
            }
            else
            {
                low = middle;
            }
        }

        return low;
    }

    private static bool TryFindInLeaf(HiveImage image, SubkeyList leaf, ReadOnlySpan<char> upper, out int entry)
    {
        int low = 0, high = leaf.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = image.Key(leaf[middle]).Name.CompareToUpper(upper);
            if (order == 0)
            {
                entry = middle;
                return true;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        entry = low;
        return false;
    }

    private static bool TryFindByHash(HiveImage image, SubkeyList first, ReadOnlySpan<char> upper, out CellOffset found,
        out SubkeyPlace place)
    {
        var hash = NameHash.Hash(upper);
        var room = SubkeyCursor.MaxEntries(image); // a root that names one leaf many times is not walked many times
        var isRoot = first.Kind == SubkeyListKind.IndexRoot;
        for (var i = 0; i < (isRoot ? first.Count : 1); i++)
        {
            var leaf = isRoot ? SubkeyCursor.ReadLeaf(image, first[i]) : first;
            for (var entry = 0; leaf.Kind == SubkeyListKind.HashLeaf && entry < leaf.Count && room > 0; entry++, room--)
            {
                if (leaf.Hint(entry) == hash && image.Key(leaf[entry]).Name.CompareToUpper(upper) == 0)
                {
                    found = leaf[entry];
                    place = new SubkeyPlace(isRoot ? i : -1, entry);
                    return true;
                }
            }
        }

        found = CellOffset.Nil;
        place = default;
        return false;
    }
}
