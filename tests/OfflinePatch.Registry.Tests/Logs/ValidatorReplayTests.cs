using System.Buffers.Binary;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.Logs;

/// <summary>
/// Our replay against that of Microsoft's validator (<c>OFFLINEPATCH_CHKREG</c>, under Wine). It writes a hive only when it repaired
/// something, so one key that no log touches gets a place for a class name that it does not have: a repair that both sides can tell apart
/// from the replay.
/// </summary>
[Trait("tier", "oracle")]
public sealed class ValidatorReplayTests
{
    private const string Wine = "/usr/lib/wine/wine64";

    public static TheoryData<string> Names => ["dirty/ntuser/NTUSER.DAT", "dirty/usrclass/UsrClass.dat", "win10-set/BBI",
        "win10-set/DEFAULT", "win10-set/LocalService/NTUSER.DAT", "win10-set/UsrClass.dat"];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Both_give_the_same_hive(string name)
    {
        var validator = Oracle.RequireVariable("OFFLINEPATCH_CHKREG");
        Skip.IfNot(File.Exists(Wine), "wine64 is not installed");
        var logs = CorpusHives.Logs(name);
        var primary = CorpusHives.Read(name);
        var field = PlantRepair(primary, logs);

        using var folder = new ScratchFolder();
        File.Copy(validator, folder["chkreg.exe"]);
        File.WriteAllBytes(folder["h"], primary);
        File.WriteAllBytes(folder["h.LOG1"], logs.Log1.ToArray());
        File.WriteAllBytes(folder["h.LOG2"], logs.Log2.ToArray());
        Oracle.RunIn(folder.Path, "sh", "-c", $"WINEDEBUG=-all {Wine} chkreg.exe /R /F h > out 2>&1");
        Assert.Contains("Log files applied successfully", File.ReadAllText(folder["out"]), StringComparison.Ordinal);

        var theirs = File.ReadAllBytes(folder["h"]);
        var ours = Hive.Open(primary, logs).Bytes.File.ToArray();
        Assert.Equal(theirs.Length, ours.Length);
        ours.AsSpan(field, 4).Fill(0xFF);
        ours.AsSpan(0xFF8, 8).Clear(); // what the validator notes about itself (BootType, BootRecover)
        theirs.AsSpan(0xFF8, 8).Clear();
        ForgetMaxima(ours);
        ForgetMaxima(theirs);
        Assert.True(ours.AsSpan().SequenceEqual(theirs), $"first difference at 0x{ours.AsSpan().CommonPrefixLength(theirs):X}");
    }

    private static int PlantRepair(byte[] primary, HiveLogs logs)
    {
        var touched = new HashSet<int>();
        foreach (var log in new[] { logs.Log1.ToArray(), logs.Log2.ToArray() })
        {
            for (var offset = 512; offset + 40 < log.Length
                && log.AsSpan(offset).StartsWith("HvLE"u8); offset += BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(offset + 4)))
            {
                for (var i = 0; i < BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(offset + 20)); i++)
                {
                    var place = BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(offset + 40 + (8 * i)));
                    var length = BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(offset + 44 + (8 * i)));
                    for (var page = place / 512; page * 512 < place + length; page++)
                    {
                        touched.Add(page);
                    }
                }
            }
        }

        for (var cell = 4096 + 0x20 + 1024; cell < primary.Length - 100; cell += 8)
        {
            var field = cell + 4 + 0x30;
            if (BinaryPrimitives.ReadInt32LittleEndian(primary.AsSpan(cell)) is < 0 and > -1000
                && primary.AsSpan(cell + 4).StartsWith("nk"u8)
                && primary.AsSpan(field, 4).IndexOfAnyExcept((byte)0xFF) < 0 && !touched.Contains((field - 4096) / 512)
                    && !touched.Contains((field + 3 - 4096) / 512))
            {
                primary.AsSpan(field, 4).Fill(0x11);
                return field;
            }
        }

        throw new InvalidOperationException("every key is in a log");
    }

    /// <summary>When it repairs, the validator lowers each key's maximum of value data to what is there.</summary>
    private static void ForgetMaxima(byte[] hive)
    {
        for (var cell = 4096; cell + 0x48 < hive.Length; cell += 8)
        {
            if (BinaryPrimitives.ReadInt32LittleEndian(hive.AsSpan(cell)) < 0 && hive.AsSpan(cell + 4).StartsWith("nk"u8))
            {
                hive.AsSpan(cell + 4 + 0x40, 4).Clear();
            }
        }
    }
}
