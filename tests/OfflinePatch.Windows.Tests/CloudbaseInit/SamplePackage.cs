using System.IO.Compression;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Zip;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

/// <summary>Packages laid out like Cloudbase-Init, with programs without code.</summary>
internal static class SamplePackage
{
    public static Dictionary<string, byte[]> Files(ushort machine = 0x8664, string? version = "1.1.6", bool needsRuntime = false)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["Bin/OpenStackService.exe"] = Machine.Pe(machine),
            ["Bin/bsdtar.exe"] = Machine.Pe(machine),
            ["Python/python.exe"] = Machine.Pe(machine),
            ["Python/Scripts/cloudbase-init.exe"] = Machine.Pe(machine),
            ["Python/Lib/site-packages/cloudbaseinit/__init__.py"] = "# sample\n"u8.ToArray(),
            ["Python/Lib/os.py"] = Encoding.ASCII.GetBytes(string.Join('\n', Enumerable.Range(0, 3000))),
            ["LocalScripts/readme.txt"] = [],
        };
        if (version is not null)
        {
            files[$"Python/Lib/site-packages/cloudbase_init-{version}.dist-info/METADATA"] = "Name: cloudbase-init\n"u8.ToArray();
        }

        if (needsRuntime)
        {
            files["Python/vcruntime140.dll"] = Machine.Pe(machine);
        }

        return files;
    }

    public static byte[] Zip(Dictionary<string, byte[]> files, string prefix = "")
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var stream = archive.CreateEntry(prefix + name).Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }

    public static IFileSystem Tree(Dictionary<string, byte[]> files, string prefix = "") =>
        ZipFileSystem.Open(new MemoryDevice(Zip(files, prefix)), "agent.zip");

    public static IFileSystem Tree() => Tree(Files());

    public static void WriteTo(string folder, Dictionary<string, byte[]> files)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            File.WriteAllBytes(Path.Combine(folder, name), content);
        }
    }
}
