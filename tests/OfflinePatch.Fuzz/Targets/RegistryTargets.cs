using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Registry.Tests.Fuzz;
using System.Buffers.Binary;
using System.Text;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>Hives, their logs, boot configuration stores and registry texts.</summary>
internal static class RegistryTargets
{
    private static readonly byte[] Store = BootStore.Build(DiskPlan.For(new MachineSpec()), new MachineSpec());

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("hive", () => [Sample(3), Sample(5)], RunHive, SignHive)
        {
            Corpus = ["hives/odd/BigDataHive", "hives/odd/EmptyHive", "hives/odd/OffHive", "hives/accounts/SAM", "hives/odd/MultiSzHive"],
        },
        new("hive-edit", () => [Sample(3), Sample(5)], RunEdit, SignHive),
        new("hive-check", () => [Sample(3), Sample(5)], input => _ = HiveChecker.Check(input.Memory).Findings, SignHive),
        new("hive-log", () => [Log(1), Log(3)], RunLog, SignLog),
        new("bcd", () => [Store], RunBcd, SignHive) { Corpus = ["bcd/regipy-BCD", "bcd/uefi-win10/BCD"] },
        new("bcd-device", Devices, input => _ = BcdDevice.Read(input.Span).ToString()),
        new("reg-text", () => [RegText(unicode: false), RegText(unicode: true)], RunRegText) { IsText = true },
    ];

    private static byte[] Sample(int version)
    {
        var hive = Hive.Create(version);
        for (var i = 0; i < 12; i++)
        {
            var key = hive.Create($@"ControlSet001\Services\service{i}");
            key.SetDword("Start", (uint)i);
            key.SetString("ImagePath", $@"system32\drivers\service{i}.sys");
            key.SetMultiString("Depends", "a", "b");
            key.SetBinary("Data", new byte[i * 30]);
        }

        hive.Create("Big").SetBinary("big", new byte[40_000]);
        return hive.ToArray();
    }

    /// <summary>A log of entries that each change a page of <see cref="Sample"/>.</summary>
    private static byte[] Log(int entries)
    {
        var hive = Sample(5);
        var log = new byte[512 + (entries * 1024)];
        hive.AsSpan(0, 512).CopyTo(log);
        BinaryPrimitives.WriteUInt32LittleEndian(log.AsSpan(0x1C), 6); // a log of the new format
        for (var i = 0; i < entries; i++)
        {
            var entry = log.AsSpan(512 + (i * 1024), 1024);
            "HvLE"u8.CopyTo(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[LogEntry.Layout.Size..], 1024);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[LogEntry.Layout.Sequence..],
                BinaryPrimitives.ReadUInt32LittleEndian(hive.AsSpan(4)) + (uint)i);
            hive.AsSpan(0x28, 4).CopyTo(entry[LogEntry.Layout.BinsSize..]);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[LogEntry.Layout.PageCount..], 1);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[LogEntry.Layout.References..], (uint)(i * 512));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[(LogEntry.Layout.References + 4)..], 512);
            hive.AsSpan(4096 + (i * 512), 512).CopyTo(entry[(LogEntry.Layout.References + 8)..]);
        }

        var mutant = new Mutant();
        mutant.Reset(log);
        SignLog(mutant);
        return mutant.Bytes.ToArray();
    }

    private static IEnumerable<byte[]> Devices() => BcdStore.Open(Hive.Open(Store)).Objects.SelectMany(o => o.Elements)
        .Where(e => e.Device is not null).Select(e => e.Data.ToArray());

    private static byte[] RegText(bool unicode)
    {
        const string Text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\Setup]\r\n"
            + "\"a\\\\b\"=\"text \\\"quoted\\\"\"\r\n@=dword:00000001\r\n"
            + "\"x\"=hex(2):25,00,\\\r\n  00,00\r\n\"q\"=hex(b):01,02,03,04,05,06,07,08\r\n"
            + "\"gone\"=-\r\n; comment\r\n[-HKEY_LOCAL_MACHINE\\SYSTEM\\Old]\r\n";
        return unicode ? [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Text)] : Encoding.UTF8.GetBytes(Text);
    }

    private static void RunHive(FuzzInput input)
    {
        HiveWalk.Run(Hive.Open(input.Memory, options: new HiveOpenOptions { Unclean = UncleanHive.ReadOnly }).Root);
        HiveWalk.Run(Hive.Open(input.Memory, options: new HiveOpenOptions { Salvage = true }).Root);
    }

    private static void RunEdit(FuzzInput input)
    {
        var hive = Hive.Open(input.Memory);
        hive.Root.CreateSubKey("new").SetString("v", "text");
        hive.Create(@"ControlSet001\Services\service3\deep").SetBinary("big", new byte[20_000]);
        hive.Root.SubKeys.FirstOrDefault()?.DeleteValue("Start");
        if (hive.Root.SubKeys.FirstOrDefault(k => k.Name == "Big") is { } big)
        {
            hive.Root.DeleteSubKeyTree(big.Name);
        }

        if (HiveChecker.Check(hive.ToArray()).Findings.FirstOrDefault(f => f.ForbidsEditing) is { } finding)
        {
            throw new InvalidOperationException($"an edit of a sound hive left an unsound one: {finding}");
        }
    }

    private static void RunLog(FuzzInput input)
    {
        var hive = Sample5.ToArray();
        var logs = new HiveLogs(default, input.Memory, default);
        _ = HiveChecker.Check(hive, logs).Findings;
        HiveWalk.Run(Hive.Open(hive, logs).Root);
    }

    private static readonly byte[] Sample5 = Dirty();

    private static byte[] Dirty()
    {
        var hive = Sample(5);
        BinaryPrimitives.WriteUInt32LittleEndian(hive.AsSpan(4), BinaryPrimitives.ReadUInt32LittleEndian(hive.AsSpan(4)) + 1);
        var mutant = new Mutant();
        mutant.Reset(hive);
        SignHive(mutant);
        return mutant.Bytes.ToArray();
    }

    private static void RunBcd(FuzzInput input)
    {
        var store = BcdStore.Open(Hive.Open(input.Memory));
        _ = store.DefaultLoader;
        _ = BcdText.Print(store);
    }

    private static void RunRegText(FuzzInput input)
    {
        var file = RegTextFile.Parse(input.Span);
        _ = file.ToString();
    }

    private static void SignHive(Mutant mutant)
    {
        if (mutant.Length < 512)
        {
            return;
        }

        var sum = 0u;
        for (var i = 0; i < 508; i += 4)
        {
            sum ^= mutant.U32(i);
        }

        mutant.PutU32(508, sum switch { 0 => 1, 0xFFFFFFFF => 0xFFFFFFFE, _ => sum });
    }

    private static void SignLog(Mutant mutant)
    {
        SignHive(mutant);
        for (var at = 512; at + 512 <= mutant.Length; at += 512)
        {
            if (mutant.Bytes[at..].StartsWith("HvLE"u8) && mutant.U32(at + 4) is >= 512 and var size && size <= (uint)(mutant.Length - at))
            {
                mutant.PutU64(at + LogEntry.Layout.ContentHash,
                    Marvin32.Hash(mutant.Bytes.Slice(at, (int)size)[LogEntry.Layout.References..]));
                mutant.PutU64(at + LogEntry.Layout.HeaderHash, Marvin32.Hash(mutant.Bytes.Slice(at, LogEntry.Layout.HeaderHash)));
            }
        }
    }
}
