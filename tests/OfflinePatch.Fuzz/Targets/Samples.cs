using System.Diagnostics;
using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>Pieces that samples are made of.</summary>
internal static class Samples
{
    public static byte[] Bytes(BlockDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    /// <summary>A guest disk: text, noise, and much that is zero.</summary>
    public static byte[] Disk(int length)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content.AsSpan(length / 4, 3000));
        for (var i = 0; i < 5000; i++)
        {
            content[i] = (byte)"offline patch "[i % 14];
            content[length - 9000 + i] = (byte)(i / 64);
        }

        content.AsSpan(440, 70).Clear();
        content[446 + 4] = 7; // a partition from sector 1 on, of 64 sectors
        content[446 + 8] = 1;
        content[446 + 12] = 64;
        content[510] = 0x55;
        content[511] = 0xAA;
        return content;
    }

    /// <summary>What a program of the host makes of a folder of small files; nothing where the program is missing.</summary>
    public static IEnumerable<byte[]> Made(string program, Func<ScratchFolder, string[]> arguments, string output)
    {
        if (Oracle.Locate(program) is null)
        {
            yield break;
        }

        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["files/one/two"]);
        File.WriteAllText(scratch["files/one/a.txt"], new string('a', 3000));
        File.WriteAllText(scratch["files/one/two/b long name.txt"], "b");
        File.WriteAllText(scratch["files/c.txt"], "c");
        File.WriteAllBytes(scratch["disk"], Disk(131_072));
        using var process = Process.Start(new ProcessStartInfo(Oracle.Locate(program)!, arguments(scratch))
        {
            WorkingDirectory = scratch.Path,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        _ = process.StandardOutput.ReadToEndAsync();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (File.Exists(scratch[output]))
        {
            yield return File.ReadAllBytes(scratch[output]);
        }
    }
}
