namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Decodes mapping pairs by chkdsk's rules, and says what is wrong instead of throwing. Source: Linux-NTFS documentation, Data Runs.
/// </summary>
internal static class RunDecoder
{
    /// <summary>Appends the runs to <paramref name="runs"/>; returns null, or what is wrong (the runs before it are kept).</summary>
    public static string? Decode(ReadOnlySpan<byte> pairs, long lowestVcn, long clusters, List<StreamRun> runs)
    {
        var vcn = lowestVcn;
        long lcn = 0;
        var at = 0;
        while (true)
        {
            if (at >= pairs.Length)
            {
                return "mapping pairs without an end mark";
            }

            var lengthBytes = pairs[at] & 0x0F;
            var offsetBytes = pairs[at] >> 4;
            if (pairs[at] == 0)
            {
                return null;
            }

            at++;
            if (lengthBytes is 0 or > 8 || offsetBytes > 8 || lengthBytes + offsetBytes > pairs.Length - at)
            {
                return $"a mapping pair with {lengthBytes} length and {offsetBytes} offset bytes";
            }

            var count = Signed(pairs.Slice(at, lengthBytes));
            at += lengthBytes;
            if (count <= 0 || count > long.MaxValue - vcn)
            {
                return $"a run of {count} clusters";
            }

            if (offsetBytes == 0)
            {
                runs.Add(new StreamRun(vcn, -1, count));
            }
            else
            {
                lcn = unchecked(lcn + Signed(pairs.Slice(at, offsetBytes)));
                at += offsetBytes;
                if (lcn < 0 || lcn >= clusters || count > clusters - lcn)
                {
                    return $"a run of {count} clusters from {lcn} on a volume of {clusters}";
                }

                runs.Add(new StreamRun(vcn, lcn, count));
            }

            vcn += count;
        }
    }

    private static long Signed(ReadOnlySpan<byte> bytes)
    {
        long value = (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = unchecked((value << 8) | bytes[i]);
        }

        return value;
    }
}
