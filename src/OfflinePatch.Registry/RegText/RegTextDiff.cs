using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.RegText;

/// <summary>Walks two keys side by side and writes what differs.</summary>
internal sealed class RegTextDiff(RegTextWriter writer, Hive before, Hive after)
{
    public int Compare(CellOffset left, CellOffset right, int length, int depth = 0)
    {
        RegTextWriter.RequireDepth(left, depth);
        var changes = CompareValues(left, right, length);
        var leftKeys = before.SubkeyCells(left, before.Bytes.Key(left));
        var rightKeys = after.SubkeyCells(right, after.Bytes.Key(right));
        int i = 0, j = 0;
        while (i < leftKeys.Count || j < rightKeys.Count)
        {
            var order = i == leftKeys.Count ? 1 : j == rightKeys.Count ? -1
                : before.Bytes.Key(leftKeys[i]).Name.OrderAgainst(after.Bytes.Key(rightKeys[j]).Name);
            if (order < 0)
            {
                writer.WriteDeletedKey(writer.Push(length, before.Bytes.Key(leftKeys[i++]).Name));
                changes++;
            }
            else if (order > 0)
            {
                writer.WriteTree(after, rightKeys[j], writer.Push(length, after.Bytes.Key(rightKeys[j]).Name), depth + 1);
                changes++;
                j++;
            }
            else
            {
                changes += Compare(leftKeys[i], rightKeys[j], writer.Push(length, after.Bytes.Key(rightKeys[j]).Name), depth + 1);
                i++;
                j++;
            }
        }

        return changes;
    }

    private int CompareValues(CellOffset left, CellOffset right, int length)
    {
        var leftNode = before.Bytes.Key(left);
        var rightNode = after.Bytes.Key(right);
        var changes = 0;
        foreach (var value in before.ValueCells(leftNode))
        {
            var name = before.Bytes.Value(value).Name.ToString();
            if (!after.TryFindValue(rightNode, name, out _, out _))
            {
                Open(ref changes, length);
                writer.Formatter.DeletedValue(name);
            }
        }

        foreach (var value in after.ValueCells(rightNode))
        {
            var handle = new HiveValue(after, value);
            if (!before.HoldsExactly(leftNode, handle.Name, handle.Type, handle.ReadData()))
            {
                Open(ref changes, length);
                writer.WriteValue(after, value);
            }
        }

        if (changes > 0)
        {
            writer.Formatter.EndKey();
        }

        return changes;
    }

    private void Open(ref int changes, int length)
    {
        if (changes++ == 0)
        {
            writer.Formatter.Key(writer.PathOf(length));
        }
    }
}
