using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Ntfs.Tests.Fuzz;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Engine;

/// <summary>
/// Volumes whose $Bitmap lies, or whose records contradict each other. Whatever is done to them, no byte of a cluster that a record owns
/// may change. Owners are found here without the engine: by <see cref="VolumeSurgeon"/>.
/// </summary>
public sealed class OwnershipTests
{
    private static readonly int[] ClusterSizes = [512, 1024, 4096, 8192];

    private static readonly Lazy<byte[][]> Volumes = new(() => [.. ClusterSizes.Select(Build)]);

    private static readonly Lazy<List<NtfsWalkEntry>[]> Entries =
        new(() => [.. Volumes.Value.Select(v => NtfsVolume.Open(new CopyOnWriteDevice(v)).Walk().ToList())]);

    private enum Lie
    {
        FreeMarkedUsed,
        UsedMarkedFree,
        Both,
        SharedClusters,
        TornRecord,
    }

    [Fact, Trait("tier", "model")]
    public void No_owned_byte_is_overwritten() => Run(600, seed: 1);

    [Fact, Trait("tier", "model"), Trait("speed", "slow")]
    public void No_owned_byte_is_overwritten_in_10_000_cases() => Run(10_000, seed: 2);

    [Fact, Trait("tier", "unit")]
    public void The_refusal_names_clusters_path_and_record()
    {
        var device = new CopyOnWriteDevice(Volumes.Value[2]);
        var surgeon = new VolumeSurgeon(device);
        var (number, run) = OwnedFile(surgeon, new Random(3));
        surgeon.SetClusterBit(run.Lcn, value: false);
        using var volume = NtfsVolume.Open(device);
        var path = volume.Walk().Single(e => e.Reference.Record == number).Path;
        device.Writes = 0;
        var refusal = Assert.Throws<RefusedException>(() => volume.CreateDirectory("new"));
        Assert.Equal("NTFS-0304", refusal.Code);
        Assert.Contains($"cluster {run.Lcn} in use, as {path} (FILE record {number}) owns it", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Writes);
        Assert.Equal("NTFS-0304", Assert.Throws<RefusedException>(() => volume.Delete(path)).Code);
    }

    private static void Run(int cases, int seed)
    {
        var random = new Random(seed);
        var counts = new Dictionary<string, int>();
        long compared = 0;
        for (var i = 0; i < cases; i++)
        {
            var device = new CopyOnWriteDevice(Volumes.Value[i % Volumes.Value.Length]);
            var lie = (Lie)random.Next(5);
            Tell(lie, device, random);
            var owned = Snapshot(device);
            device.Writes = 0;
            var (refusal, touched, wasFull) = Change(device, Entries.Value[i % Volumes.Value.Length], random);
            var outcome = refusal ?? (wasFull ? "full" : "changed");
            counts[outcome] = counts.GetValueOrDefault(outcome) + 1;
            Assert.True(wasFull || (refusal is null) == (lie == Lie.FreeMarkedUsed), $"case {i}, {lie}: {refusal ?? "changed"}");
            Assert.True(refusal is null || device.Writes == 0, $"case {i}, {lie}: {device.Writes} writes before the refusal");
            foreach (var (record, lcn, bytes) in owned.Where(o => !touched.Contains(o.Record)))
            {
                var now = new byte[bytes.Length];
                device.Read(lcn, now);
                Assert.True(now.AsSpan().SequenceEqual(bytes), $"case {i}, {lie}: a byte of record {record} changed");
                compared += bytes.Length;
            }
        }

        var results = string.Join(", ", counts.OrderBy(c => c.Key).Select(c => $"{c.Key} {c.Value}"));
        Console.WriteLine($"ownership: {cases} cases, {compared >> 20} MiB compared, {results}");
        Assert.True(counts.Count >= 4);
    }

    /// <summary>
    /// Random changes; returns the code of the refusal, if one was refused, and the records that were changed on purpose.
    /// </summary>
    private static (string? Refusal, HashSet<long> Touched, bool WasFull) Change(CopyOnWriteDevice device, List<NtfsWalkEntry> sound,
        Random random)
    {
        using var volume = NtfsVolume.Open(device);
        var touched = new HashSet<long>();
        var files = sound.Where(e => !e.Entry.IsDirectory).ToList();
        var directories = sound.Where(e => e.Entry.IsDirectory).Select(e => e.Path).ToList();
        string? refusal = null;
        var wasFull = false;
        for (var operations = random.Next(1, 12); operations > 0; operations--)
        {
            try
            {
                var file = files[random.Next(files.Count)];
                switch (random.Next(7))
                {
                    case 0:
                        volume.CreateDirectory($"{directories[random.Next(directories.Count)]}\\new {operations}");
                        break;
                    case 1:
                        touched.Add(file.Reference.Record);
                        volume.WriteFile(file.Path, Content(random, 60_000));
                        break;
                    case 2:
                        touched.Add(file.Reference.Record);
                        volume.SetLength(file.Path, random.Next(80_000));
                        break;
                    case 3:
                        touched.Add(file.Reference.Record);
                        volume.Delete(file.Path);
                        files.Remove(file);
                        break;
                    case 4:
                        volume.Flush();
                        break;
                    default:
                        // most of what is free, so that a cluster which only seems free is certainly taken
                        volume.WriteFile($"{directories[random.Next(directories.Count)]}\\new {operations}.bin",
                            Content(random, (int)Math.Min(volume.FreeBytes, 1 << 21)));
                        break;
                }
            }
            catch (RefusedException e) when (e.Code == "NTFS-0401")
            {
                wasFull = true;
            }
            catch (RefusedException e)
            {
                refusal ??= e.Code;
            }
            catch (CorruptImageException)
            {
                // the torn record itself
            }
        }

        // whatever was tried before, also when all of it stopped at the torn record
        try
        {
            volume.CreateDirectory("last");
            Assert.Null(refusal);
        }
        catch (RefusedException e) when (e.Code == "NTFS-0401")
        {
            wasFull = true; // said before the map is asked for
        }
        catch (RefusedException e)
        {
            refusal ??= e.Code;
        }

        volume.Flush();
        return (refusal, touched, wasFull);
    }

    private static void Tell(Lie lie, CopyOnWriteDevice device, Random random)
    {
        var surgeon = new VolumeSurgeon(device);
        var clusters = surgeon.Sectors * surgeon.SectorSize / surgeon.ClusterSize;
        if (lie is Lie.FreeMarkedUsed or Lie.Both)
        {
            for (var n = random.Next(1, 400); n > 0; n--)
            {
                surgeon.SetClusterBit(random.NextInt64(clusters), value: true);
            }
        }

        var (number, run) = OwnedFile(surgeon, random);
        switch (lie)
        {
            case Lie.UsedMarkedFree or Lie.Both:
                var start = random.NextInt64(run.Count);
                for (var n = random.NextInt64(1, run.Count - start + 1); n > 0; n--)
                {
                    surgeon.SetClusterBit(run.Lcn + start + n - 1, value: false);
                }

                break;
            case Lie.SharedClusters:
                Share(surgeon, number, run, random);
                break;
            case Lie.TornRecord:
                surgeon.Xor(surgeon.Position(number) + 510, 0x55);
                break;
            default:
                break;
        }
    }

    /// <summary>Lets the first run of another file start inside <paramref name="run"/>.</summary>
    private static void Share(VolumeSurgeon surgeon, long number, (long Lcn, long Count) run, Random random)
    {
        while (true)
        {
            var (other, first) = OwnedFile(surgeon, random, firstRun: true);
            var done = other == number;
            surgeon.Edit(other, record =>
            {
                var at = VolumeSurgeon.Attribute(record, AttributeType.Data);
                at += BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 0x20));
                int lengthBytes = record[at] & 15, offsetBytes = record[at] >> 4;
                var end = surgeon.Runs(record, VolumeSurgeon.Attribute(record, AttributeType.Data)).Count;
                if (done || end != 1 || offsetBytes < 2 || run.Lcn >= 1L << ((8 * offsetBytes) - 1)
                    || run.Lcn + first.Count > surgeon.Sectors * surgeon.SectorSize / surgeon.ClusterSize)
                {
                    done = false;
                    return;
                }

                for (var i = 0; i < offsetBytes; i++)
                {
                    record[at + 1 + lengthBytes + i] = (byte)((run.Lcn >> (8 * i)) & 0xFF);
                }

                done = true;
            });
            if (done)
            {
                return;
            }
        }
    }

    /// <summary>A random file of the user, and one of the runs of its content in its base record.</summary>
    private static (long Number, (long Lcn, long Count) Run) OwnedFile(VolumeSurgeon surgeon, Random random, bool firstRun = false)
    {
        while (true)
        {
            var number = surgeon.Find(random.NextInt64(24, surgeon.RecordCount - 20), _ => true);
            var record = surgeon.Record(number);
            if (BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(0x20)) != 0
                || !FileRecord.Create(record, number).TryFind(AttributeType.Data, "", out var data) || data.IsResident)
            {
                continue;
            }

            var runs = surgeon.Runs(record, VolumeSurgeon.Attribute(record, AttributeType.Data)).Where(r => r.Lcn >= 0).ToList();
            if (runs.Count > 0)
            {
                var (_, lcn, count) = runs[firstRun ? 0 : random.Next(runs.Count)];
                return (number, (lcn, count));
            }
        }
    }

    /// <summary>
    /// All owned clusters whose content no change of the volume's structure may touch: files, and the metafiles that are never written.
    /// </summary>
    private static List<(long Record, long Position, byte[] Bytes)> Snapshot(CopyOnWriteDevice device)
    {
        var surgeon = new VolumeSurgeon(device);
        var owned = new List<(long, long, byte[])>();
        for (long number = 0; number < surgeon.RecordCount; number++)
        {
            var raw = new byte[surgeon.RecordSize];
            device.Read(surgeon.Position(number), raw);
            if (!raw.AsSpan(0, 4).SequenceEqual("FILE"u8) || (raw[0x16] & 1) == 0 || number is < 24 and not (2 or 4 or 7 or 10)
                || !UpdateSequence.TryDecode(raw))
            {
                continue;
            }

            var owner = new FileReference(BinaryPrimitives.ReadUInt64LittleEndian(raw.AsSpan(0x20))) is { Value: not 0 } @base
                ? @base.Record : number;
            var at = (int)BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(0x14));
            while (BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(at)) is not uint.MaxValue and var type)
            {
                foreach (var (_, lcn, count) in raw[at + 8] == 1 && type == (uint)AttributeType.Data ? surgeon.Runs(raw, at) : [])
                {
                    if (lcn >= 0)
                    {
                        var bytes = new byte[count * surgeon.ClusterSize];
                        device.Read(lcn * surgeon.ClusterSize, bytes);
                        owned.Add((owner, lcn * surgeon.ClusterSize, bytes));
                    }
                }

                at += BinaryPrimitives.ReadInt32LittleEndian(raw.AsSpan(at + 4));
            }
        }

        return owned;
    }

    private static byte[] Content(Random random, int max)
    {
        var content = new byte[random.Next(max)];
        random.NextBytes(content);
        return content;
    }

    /// <summary>A volume of 6 MiB: directories with index blocks, small, large and scattered files, some with an attribute list.</summary>
    private static byte[] Build(int clusterSize)
    {
        using var device = new MemoryDevice(6 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = clusterSize });
        using var volume = NtfsVolume.Open(device);
        var random = new Random(clusterSize);
        for (var i = 0; i < 6; i++)
        {
            volume.CreateDirectory($"directory {i}");
        }

        for (var i = 0; i < 150; i++)
        {
            volume.WriteFile($"directory {i % 6}\\file {i} with a name that is long enough to fill index blocks.bin",
                Content(random, i % 3 == 0 ? 400 : 24_000));
        }

        // two files that grow in turns: many runs, on small clusters more than a record holds
        volume.WriteFile("a.bin", []);
        volume.WriteFile("b.bin", []);
        var part = new byte[clusterSize];
        for (var i = 0; i < 40_000 / Math.Max(400, clusterSize) * 4; i++)
        {
            random.NextBytes(part);
            volume.Write(i % 2 == 0 ? "a.bin" : "b.bin", (i / 2) * (long)clusterSize, part);
        }

        volume.Flush();
        Assert.Empty(NtfsChecker.Check(device));
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
