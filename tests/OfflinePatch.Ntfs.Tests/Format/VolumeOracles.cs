using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Format;

/// <summary>Independent judges of a whole volume in a host file.</summary>
internal static class VolumeOracles
{
    /// <summary>Writes a device to a host file, leaving holes for zeros.</summary>
    public static void Save(BlockDevice device, string path)
    {
        using var file = File.Create(path);
        file.SetLength(device.Length);
        var buffer = new byte[1024 * 1024];
        for (long offset = 0; offset < device.Length;)
        {
            var extent = device.GetExtent(offset);
            if (extent.IsZero)
            {
                offset += extent.Length;
                continue;
            }

            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, extent.Length));
            device.Read(offset, part);
            file.Position = offset;
            file.Write(part);
            offset += part.Length;
        }
    }

    /// <summary>
    /// ntfsfix -n, ntfsinfo, ntfs-3g's ntfsls, sleuthkit, and where they are there ntfsck and ntfs_strict.py: what each has to complain of.
    /// </summary>
    public static List<string> Complaints(string image, bool sleuthkit = true)
    {
        Oracle.Require("ntfsfix", "ntfsinfo", "ntfsls", "ntfsresize");
        var complaints = new List<string>();
        Judge(complaints, "ntfsfix", "-n", image);
        Judge(complaints, "ntfsinfo", "-m", image);
        Judge(complaints, "ntfsls", "-a", "-s", image);
        Judge(complaints, "ntfsresize", "--info", "--force", image);
        if (sleuthkit && Oracle.Locate("fls") is not null)
        {
            var walk = Oracle.Run("fls", "-f", "ntfs", "-r", "-p", image);
            if (walk.ExitCode != 0 || walk.Error.Length > 0)
            {
                complaints.Add($"fls: {walk.Error}");
            }
        }

        foreach (var (program, arguments) in Checkers)
        {
            Judge(complaints, program, [.. arguments, .. Tail(program, image)]);
        }

        return complaints;
    }

    /// <summary>The checkers of whole volumes that are there: ntfsck of ntfsprogs-plus, and ntfs_strict.py.</summary>
    public static IReadOnlyList<(string Program, string[] Arguments)> Checkers
    {
        get
        {
            var checkers = new List<(string, string[])>();
            if (Environment.GetEnvironmentVariable("OFFLINEPATCH_NTFSCK") is { Length: > 0 } ntfsck && File.Exists(ntfsck))
            {
                checkers.Add((ntfsck, ["-n"]));
            }

            if (Strict is { } strict && Oracle.Locate("python3") is not null)
            {
                checkers.Add(("python3", [strict]));
            }

            return checkers;
        }
    }

    /// <summary>What the checkers of whole volumes have to complain of; null where they are content.</summary>
    public static string? CheckersComplain(string image)
    {
        var complaints = new List<string>();
        foreach (var (program, arguments) in Checkers)
        {
            Judge(complaints, program, [.. arguments, .. Tail(program, image)]);
        }

        return complaints.Count == 0 ? null : string.Join("; ", complaints);
    }

    private static string[] Tail(string program, string image) => program == "python3" ? [image, "0"] : [image];

    private static string? Strict
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_ORACLES")
                ?? (Corpus.Root is { } root ? Path.Combine(root, "..", "oracles") : null);
            var script = folder is null ? null : Path.Combine(folder, "ntfs_strict.py");
            return File.Exists(script) ? script : null;
        }
    }

    private static void Judge(List<string> complaints, string program, params string[] arguments)
    {
        var result = Oracle.Run(program, arguments);
        if (result.ExitCode != 0)
        {
            complaints.Add($"{program}: exit {result.ExitCode}: {result.Output} {result.Error}");
        }
    }
}
