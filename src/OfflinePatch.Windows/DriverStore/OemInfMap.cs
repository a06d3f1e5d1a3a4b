using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// <c>SYSTEM\DriverDatabase\OemInfMap</c>: which numbers N of oemN.inf are taken. N is bit 7-(N mod 8) of byte N/8. Source: drivers.md §3.3
/// and §8.6; the corpus' Windows 8.1 hive has E0 for oem0 to oem2.
/// </summary>
internal static class OemInfMap
{
    private const string Value = "OemInfMap";

    public static IEnumerable<int> Read(WindowsSystem system)
    {
        var map = system.System.Root.Find("DriverDatabase")?.GetBinary(Value) ?? [];
        for (var number = 0; number < Math.Min(map.Length * 8, PublishedNames.Maximum); number++)
        {
            if ((map[number / 8] & (0x80 >> (number % 8))) != 0)
            {
                yield return number;
            }
        }
    }

    /// <summary>Marks a number as taken; all other bits stay.</summary>
    public static void Add(GuestKey database, int number)
    {
        var old = database.GetBinary(Value) ?? [];
        var map = new byte[Math.Max(old.Length, (number / 8) + 1)];
        old.CopyTo(map, 0);
        map[number / 8] |= (byte)(0x80 >> (number % 8));
        database.SetBinary(Value, map);
    }

    /// <summary>
    /// Marks a number as free; trailing bytes without a number are dropped, as Windows keeps the map (drivers.md §3.3), and so is an empty
    /// them.
    /// </summary>
    public static void Remove(GuestKey database, int number)
    {
        if (database.GetBinary(Value) is not { } map || number < 0 || number / 8 >= map.Length)
        {
            return;
        }

        map[number / 8] &= (byte)(0xFF ^ (0x80 >> (number % 8)));
        var length = map.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        if (length == 0)
        {
            database.DeleteValue(Value);
        }
        else
        {
            database.SetBinary(Value, map.AsSpan(0, length));
        }
    }
}
