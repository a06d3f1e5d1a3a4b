using System.Text.Json;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Machines;

/// <summary>A <see cref="Machine"/> on a disk of real volumes: NTFS and FAT32 of our own formatters, in a RAW image in memory.</summary>
internal static class InstalledMachine
{
    private static readonly ProfileRule SmallDisks = new(Parameters: new Dictionary<string, JsonElement>
    {
        ["minimumGiB"] = JsonSerializer.SerializeToElement(1),
    });

    /// <summary>The image.</summary>
    public static MemoryImageFiles Install(Machine machine)
    {
        _ = machine.Start();
        var image = new MemoryDevice(machine.Disk.Length);
        Span<byte> sector = stackalloc byte[512];
        for (long offset = 0; offset < 34 * 512; offset += 512)
        {
            machine.Disk.Read(offset, sector);
            image.Write(offset, sector);
        }

        for (var offset = image.Length - (33 * 512); offset < image.Length; offset += 512)
        {
            machine.Disk.Read(offset, sector);
            image.Write(offset, sector);
        }

        foreach (var partition in PartitionTable.Read(image).Partitions)
        {
            var device = partition.OpenDevice(image);
            if (partition.Offset != Machine.WindowsOffset && machine.Firmware == Firmware.Uefi)
            {
                FatFormatter.Format(device, new FatFormatOptions { Label = "SYSTEM", HiddenSectors = (uint)(partition.Offset / 512) });
                using var fat = FatFileSystem.Open(device);
                Copy(machine.SystemFiles, fat, "");
                fat.Flush();
            }
            else
            {
                NtfsFormatter.Format(device, new NtfsFormatOptions { HiddenSectors = (uint)(partition.Offset / 512), Label = "Disk" });
                using var ntfs = NtfsVolume.Open(device);
                Copy(partition.Offset == Machine.WindowsOffset ? machine.WindowsFiles : machine.SystemFiles, ntfs, "");
                ntfs.Flush();
            }
        }

        return new MemoryImageFiles(image, "machine.raw");
    }

    /// <summary>Opens the image.</summary>
    public static ImageSession Open(MemoryImageFiles files) => ImageSession.Open(files, new SessionOptions());

    /// <summary>What rules see of it, with a profile that leaves out what needs drivers and agents.</summary>
    public static RuleContext ContextOf(ImageSession session, RuleOptions? options = null, RuleSelection? selection = null)
    {
        var profile = TargetCatalog.Get(TargetCatalog.DefaultId);
        var rules = profile.Rules
            .Where(r => !r.Key.StartsWith("agent.", StringComparison.Ordinal)
                && !r.Key.StartsWith("drivers.virtio", StringComparison.Ordinal)
                && !r.Key.StartsWith("drivers.xen", StringComparison.Ordinal))
            .ToDictionary(r => r.Key, r => r.Key == "image.size" ? SmallDisks : r.Value, StringComparer.Ordinal);
        return (options ?? new RuleOptions()).ContextOf(session.Machine, profile with { Rules = rules }, selection);
    }

    /// <summary>The sha256 of every byte.</summary>
    public static string Hash(BlockDevice image)
    {
        using var sha = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (long offset = 0; offset < image.Length;)
        {
            // Offsets of data only: zeros of a sparse disk would take a minute.
            image.Read(offset, buffer.AsSpan(0, (int)Math.Min(buffer.Length, image.Length - offset)));
            if (buffer.AsSpan().ContainsAnyExcept((byte)0))
            {
                sha.AppendData(BitConverter.GetBytes(offset));
                sha.AppendData(buffer);
            }

            offset += buffer.Length;
        }

        return Convert.ToHexString(sha.GetHashAndReset());
    }

    private static void Copy(MemoryFiles from, IWritableFileSystem to, string folder)
    {
        foreach (var entry in from.Enumerate(folder))
        {
            var path = folder.Length == 0 ? entry.Name : folder + '\\' + entry.Name;
            if (entry.IsDirectory)
            {
                to.CreateDirectory(path);
                Copy(from, to, path);
            }
            else
            {
                to.WriteFile(path, from.ReadFile(path));
            }
        }
    }
}
