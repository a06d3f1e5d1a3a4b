using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>qemu-img and qemu-io as maker and judge of images.</summary>
internal static class Qemu
{
    public static void Require() => Oracle.Require("qemu-img", "qemu-io");

    /// <summary>Runs in the folder of the first path that it is given: QEMU looks for an external data file from there.</summary>
    public static void Img(params string[] arguments) =>
        Oracle.RunIn(Path.GetDirectoryName(arguments.FirstOrDefault(a => a.StartsWith('/'))), "qemu-img", arguments).MustSucceed();

    public static void Io(string path, string format, params string[] commands)
    {
        var arguments = new List<string> { "-f", format };
        foreach (var command in commands)
        {
            arguments.Add("-c");
            arguments.Add(command);
        }

        arguments.Add(path);
        Oracle.RunIn(Path.GetDirectoryName(path), "qemu-io", [.. arguments]).MustSucceed();
    }

    /// <summary>The image is whole, says qemu-img check: no error, no leak.</summary>
    public static void Check(string path, string format) => Img("check", "-f", format, path);

    /// <summary>The guest sees exactly this content, says qemu-img compare.</summary>
    public static void Compare(string path, string format, byte[] content)
    {
        var raw = path + ".expected";
        File.WriteAllBytes(raw, content);
        Img("compare", "-f", "raw", "-F", format, raw, path);
        File.Delete(raw);
        Assert.Equal(content.Length, VirtualSize(path, format));
    }

    /// <summary>The size of the guest disk, says qemu-img info.</summary>
    public static long VirtualSize(string path, string format)
    {
        var output = Oracle.RunIn(Path.GetDirectoryName(path), "qemu-img", "info", "--output=json", "-f", format, path).MustSucceed()
            .Output;
        return System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("virtual-size").GetInt64();
    }

    /// <summary>The content of an image, as QEMU reads it.</summary>
    public static byte[] Read(string path, string format)
    {
        var raw = path + ".raw";
        Img("convert", "-f", format, "-O", "raw", path, raw);
        var content = File.ReadAllBytes(raw);
        File.Delete(raw);
        return content;
    }
}
