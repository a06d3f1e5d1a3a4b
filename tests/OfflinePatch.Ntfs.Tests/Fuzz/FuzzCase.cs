using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Fuzz;

/// <summary>
/// What is done with one damaged volume. Only the four exception families may come out; the checker may not throw at all.
/// </summary>
internal static class FuzzCase
{
    private const int MaximumEntries = 4000;
    private const int MaximumRead = 64 * 1024;

    /// <summary>How far it came: 0 not opened, 1 read, 2 written.</summary>
    public static int Run(CopyOnWriteDevice device)
    {
        _ = NtfsChecker.Check(device);
        var reached = 0;
        Guard(() =>
        {
            using var volume = NtfsVolume.Open(device);
            reached = 1;
            Guard(() => _ = volume.State);
            Guard(() => Walk(volume));
            reached = 2;
            Write(volume);
            Guard(() => volume.CheckChanges());
        });
        Guard(() =>
        {
            using var again = NtfsVolume.Open(device);
            Walk(again);
        });
        _ = NtfsChecker.CheckTouched(device, [0, 5, 30, 40, 1_000_000]);
        return reached;
    }

    private static void Walk(NtfsVolume volume)
    {
        var buffer = new byte[MaximumRead];
        var count = 0;
        foreach (var entry in volume.Walk())
        {
            if (++count > MaximumEntries)
            {
                return;
            }

            if (count % 8 == 0 || count < 40)
            {
                Guard(() =>
                {
                    var file = volume.OpenFile(entry.Reference);
                    _ = volume.ReadSecurityDescriptor(file.SecurityId);
                    foreach (var stream in file.Streams)
                    {
                        var path = stream.Name.Length == 0 ? entry.Path : $"{entry.Path}:{stream.Name}";
                        Guard(() =>
                        {
                            _ = volume.Read(path, 0, buffer);
                            _ = volume.Read(path, Math.Max(0, stream.Length - 100), buffer);
                        });
                    }
                });
            }
        }
    }

    private static void Write(NtfsVolume volume)
    {
        var content = new byte[9000];
        Guard(() => volume.CreateDirectory(@"new\deep"));
        Guard(() => volume.WriteFile(@"new\deep\file.sys", content));
        Guard(() => volume.WriteFile(@"wide\a file with number 1.bin", content));
        Guard(() => volume.WriteFile(@"Windows\System32\config\SYSTEM", content.AsSpan(0, 100)));
        Guard(() => volume.Write(@"Windows\System32\config\SYSTEM", 50, content));
        for (var i = 0; i < 20; i++)
        {
            Guard(() => volume.WriteFile($@"wide\another with number {i}", content.AsSpan(0, 700)));
        }

        Guard(() => volume.Delete(@"wide\a file with number 2.bin"));
        Guard(() => volume.Delete(@"Random.bin"));
        Guard(() => volume.Move(@"wide\a file with number 4.bin", @"new\moved.bin"));
        Guard(volume.Flush);
    }

    private static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
        {
            // the four families of answers
        }
    }
}
