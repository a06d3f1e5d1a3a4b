using System.Buffers.Binary;
using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Logs;

/// <summary>
/// Dirty hives and their logs. The digests are those of the hive bins after replay, found equal, byte for byte, to what Microsoft's
/// validator (chkreg /R) writes when it replays the same files (<see cref="ValidatorReplayTests"/> does that comparison where the validator
/// and Wine are installed).
/// </summary>
[Trait("tier", "oracle")]
public sealed class ReplayTests
{
    public static TheoryData<string, int, string> Recovered => new()
    {
        { "dirty/ntuser/NTUSER.DAT", 23, "2414C9B55B501171" },
        { "dirty/usrclass/UsrClass.dat", 14, "626A7EFD1AA13E97" },
        { "win10-set/BBI", 2, "C5E06F8521D7347D" },
        { "win10-set/DEFAULT", 5, "E887175AFA4D7521" },
        { "win10-set/LocalService/NTUSER.DAT", 3, "74C6649CB6BA0A69" },
        { "win10-set/UsrClass.dat", 6, "425ED5DE2D4D2156" },
        { "odd/NewDirtyHive2/NewDirtyHive", 3, "3940B4F1DACACD2A" },
    };

    [SkippableTheory]
    [MemberData(nameof(Recovered))]
    public void Gives_what_Windows_gives(string name, int entries, string digest)
    {
        var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
        Assert.Equal(HiveRecoveryKind.ReplayedEntries, hive.Recovery.Kind);
        Assert.Equal(entries, hive.Recovery.Entries);
        Assert.True(hive.IsModified);
        Assert.Equal(digest, Convert.ToHexString(SHA256.HashData(hive.Image.Span[4096..]))[..16]);
        Assert.DoesNotContain(hive.Check(), f => f.ForbidsEditing);
    }

    /// <summary>
    /// The argument of the sequence numbers on every dirty hive: after an edit no entry and no base block that exists, in the wiped logs or
    /// in the old ones should they come back, can continue the hive.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(Recovered))]
    public void No_stale_entry_can_be_replayed_after_an_edit(string name, int entries, string digest)
    {
        _ = (entries, digest);
        var logs = CorpusHives.Logs(name);
        var hive = Hive.Open(CorpusHives.Read(name), logs);
        hive.Root.SetDword("OfflinePatch", 1);
        var edited = hive.ToArray();
        var sequence = BinaryPrimitives.ReadUInt32LittleEndian(edited.AsSpan(4));
        Assert.Equal(sequence, BinaryPrimitives.ReadUInt32LittleEndian(edited.AsSpan(8)));
        foreach (var stale in Sequences(logs))
        {
            Assert.True(unchecked((int)(sequence - stale)) > 0, $"{sequence} is not after {stale}");
        }

        // The logs as they were: the hive is clean, and they are not looked at.
        Assert.Equal(HiveRecoveryKind.None, Hive.Open(edited, logs).Recovery.Kind);

        // Windows dies in its next write, before anything of it reached a log: the old logs must not come to life.
        BinaryPrimitives.WriteUInt32LittleEndian(edited.AsSpan(4), sequence + 1);
        CorpusHives.Sign(edited);
        Assert.Equal("REG-0201", Assert.Throws<RefusedException>(() => Hive.Open(edited, logs)).Code);

        var wiped = hive.NeutralisedLogs();
        Assert.Equal((logs.Log.Length, logs.Log1.Length, logs.Log2.Length), (wiped.Log.Length, wiped.Log1.Length, wiped.Log2.Length));
        Assert.Empty(Sequences(wiped));
        Assert.False(wiped.Log1.Span[..Math.Min(512, wiped.Log1.Length)].ContainsAnyExcept((byte)0));
    }

    [SkippableFact]
    public void Replay_ends_at_the_first_broken_entry()
    {
        var logs = CorpusHives.Logs("dirty/ntuser/NTUSER.DAT");
        var log = logs.Log1.ToArray();
        var first = BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(0x204));
        log[0x200 + first + 100] ^= 1;
        var hive = Hive.Open(CorpusHives.Read("dirty/ntuser/NTUSER.DAT"), logs with { Log1 = log });
        Assert.Equal(1, hive.Recovery.Entries);
    }

    [SkippableTheory]
    [InlineData("win10-set/DEFAULT", 3)]
    [InlineData("dirty/usrclass/UsrClass.dat", 10)]
    public void A_lost_base_block_comes_from_the_latest_log(string name, int entries)
    {
        var primary = CorpusHives.Read(name);
        primary.AsSpan(0, 512).Fill(0xAA);
        var hive = Hive.Open(primary, CorpusHives.Logs(name));
        Assert.Contains(hive.Recovery.Notes, n => n.Contains("base block", StringComparison.Ordinal));
        Assert.Equal(entries, hive.Recovery.Entries);
        Assert.DoesNotContain(hive.Check(), f => f.ForbidsEditing);
    }

    [SkippableFact]
    public void Sequences_wrap()
    {
        var primary = CorpusHives.Read("win10-set/BBI");
        var logs = CorpusHives.Logs("win10-set/BBI");
        var shifted = unchecked(0u - 61u); // 60 -> 0xFFFFFFFF, 61 -> 0
        Shift(primary, 4, shifted);
        Shift(primary, 8, shifted);
        CorpusHives.Sign(primary);
        var log1 = Rebase(logs.Log1, shifted);
        var log2 = Rebase(logs.Log2, shifted);
        var hive = Hive.Open(primary, new HiveLogs(default, log1, log2));
        Assert.Equal(2, hive.Recovery.Entries);
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(hive.Image.Span[4..]));
    }

    [SkippableFact]
    public void Old_pages_are_applied()
    {
        // A hive whose write Windows 7 had logged and begun: the pages of the log are in place afterwards, wherever the primary had lost
        // them.
        var primary = CorpusHives.Read("odd/BadLogHive2/BadLogHive");
        var log = CorpusHives.Logs("odd/BadLogHive2/BadLogHive").Log1.ToArray();
        "DIRT"u8.CopyTo(log.AsSpan(0x200)); // this log had lost its signature
        var whole = Hive.Open(primary, new HiveLogs(default, log, default));
        Assert.Equal(HiveRecoveryKind.ReplayedPages, whole.Recovery.Kind);
        Assert.Equal(64, whole.Recovery.Pages);
        var reference = whole.ToArray();

        var torn = (byte[])primary.Clone();
        for (var page = 0; page < 952; page++)
        {
            if ((log[0x204 + (page / 8)] & (1 << (page % 8))) != 0)
            {
                torn.AsSpan(4096 + (page * 512), 512).Fill(0xCC);
            }
        }

        Assert.Equal(reference, Hive.Open(torn, new HiveLogs(default, log, default)).ToArray());
        Assert.DoesNotContain(whole.Check(), f => f.ForbidsEditing);
    }

    [SkippableFact]
    public void An_old_log_of_another_moment_is_left_out()
    {
        var log = CorpusHives.Logs("odd/BadLogHive2/BadLogHive").Log1.ToArray();
        "DIRT"u8.CopyTo(log.AsSpan(0x200));
        log[12] ^= 1; // LastWritten
        CorpusHives.Sign(log);
        Assert.Equal("REG-0201", Assert.Throws<RefusedException>(
            () => Hive.Open(CorpusHives.Read("odd/BadLogHive2/BadLogHive"), new HiveLogs(default, log, default))).Code);
    }

    [SkippableFact]
    public void An_unrecoverable_hive_is_read_only_unless_reconciled()
    {
        var primary = CorpusHives.Read("win81-x64/SYSTEM");
        Assert.Equal("REG-0201", Assert.Throws<RefusedException>(() => Hive.Open(primary)).Code);

        var readOnly = Hive.Open(primary, options: new HiveOpenOptions { Unclean = UncleanHive.ReadOnly });
        Assert.Equal(HiveRecoveryKind.Unrecovered, readOnly.Recovery.Kind);
        Assert.NotNull(readOnly.Find(@"Select")?.GetDword("Current"));
        Assert.Equal("REG-0410", Assert.Throws<RefusedException>(() => readOnly.Root.SetDword("x", 1)).Code);

        var reconciled = Hive.Open(primary, options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        reconciled.Root.SetDword("x", 1);
        Assert.Equal(1u, Hive.Open(reconciled.ToArray()).Root.GetDword("x"));
    }

    private static IEnumerable<uint> Sequences(HiveLogs logs)
    {
        foreach (var log in new[] { logs.Log, logs.Log1, logs.Log2 })
        {
            for (var offset = 0; offset + 512 <= log.Length; offset += 512)
            {
                var sector = log.Slice(offset, 512).ToArray();
                if (sector.AsSpan().StartsWith("HvLE"u8))
                {
                    yield return BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(12));
                }
                else if (sector.AsSpan().StartsWith("regf"u8))
                {
                    yield return BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(4));
                }
            }
        }
    }

    private static void Shift(Span<byte> bytes, int offset, uint by) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], unchecked(BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]) + by));

    /// <summary>The same log with other sequence numbers, signed again.</summary>
    private static byte[] Rebase(ReadOnlyMemory<byte> log, uint by)
    {
        var bytes = log.ToArray();
        Shift(bytes, 4, by);
        Shift(bytes, 8, by);
        CorpusHives.Sign(bytes);
        for (var offset = 512; offset + 512 <= bytes.Length
            && bytes.AsSpan(offset).StartsWith("HvLE"u8); offset += BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset + 4)))
        {
            Shift(bytes, offset + 12, by);
            CorpusHives.SignEntry(bytes.AsSpan(offset));
        }

        return bytes;
    }
}
