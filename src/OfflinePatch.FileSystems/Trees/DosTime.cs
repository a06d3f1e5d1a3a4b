namespace OfflinePatch.FileSystems.Trees;

/// <summary>
/// The DOS date and time of FAT, ZIP and CAB: two 16-bit words, two-second steps, 1980 to 2107, local time of a zone that is not stored.
/// They are taken as UTC here, so that one file gives one time on every host.
/// </summary>
internal static class DosTime
{
    private const int FirstYear = 1980;

    /// <summary><see cref="DateTime.MinValue"/> where the words are no date.</summary>
    public static DateTime Decode(ushort date, ushort time, byte hundredths = 0)
    {
        var (year, month, day) = (FirstYear + (date >> 9), (date >> 5) & 0x0F, date & 0x1F);
        var (hour, minute, second) = (time >> 11, (time >> 5) & 0x3F, (time & 0x1F) * 2);
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 58
            || hundredths > 199)
        {
            return DateTime.MinValue;
        }

        return new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).AddMilliseconds(hundredths * 10);
    }

    /// <summary>Dates outside 1980–2107 become the nearest end.</summary>
    public static (ushort Date, ushort Time, byte Hundredths) Encode(DateTime utc)
    {
        if (utc.Year < FirstYear)
        {
            utc = new DateTime(FirstYear, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        }
        else if (utc.Year > FirstYear + 127)
        {
            utc = new DateTime(FirstYear + 127, 12, 31, 23, 59, 59, DateTimeKind.Utc);
        }

        var date = ((utc.Year - FirstYear) << 9) | (utc.Month << 5) | utc.Day;
        var time = (utc.Hour << 11) | (utc.Minute << 5) | (utc.Second / 2);
        return ((ushort)date, (ushort)time, (byte)((utc.Second % 2 * 100) + (utc.Millisecond / 10)));
    }
}
