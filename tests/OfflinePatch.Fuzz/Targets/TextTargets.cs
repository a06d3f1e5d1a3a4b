using System.Text;
using System.CommandLine;
using OfflinePatch.Cli;
using OfflinePatch.Cli.Shell;
using OfflinePatch.Cli.Words;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>JSON of users, settings, and the command line.</summary>
internal static class TextTargets
{
    private static readonly ParserConfiguration Configuration = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("profile", () =>
        [
            """
            {"extends":"generic-kvm","id":"our-cloud","title":"Our cloud","description":"d",
            "rules":{"image.size":{"source":"s","parameters":{"maximumGiB":500}},"windows.clock":{}}}
            """u8.ToArray(),
            .. Json("Targets"),
        ], input => TargetCatalog.Parse(input.Span, "fuzz.json")) { IsText = true },
        new("product", () => Json("GuestTools"), input => ToolsProduct.Parse(input.Span, "fuzz.json")) { IsText = true },
        new("cloudbase-init", () =>
            ["[DEFAULT]\nusername=Admin\ninject_user_password = true\nplugins=a,\n b\n[openstack]\nkey: v\n"u8.ToArray()],
            RunConfiguration) { IsText = true },
        new("network", () => ["address=192.0.2.10/24,gateway=192.0.2.1,dns=192.0.2.53"u8.ToArray(), "dhcp"u8.ToArray()],
            input => _ = NetworkSettings.TryParse(Encoding.UTF8.GetString(input.Span), out _, out _)) { IsText = true },
        new("mounted-device", () => ["DMIO:ID:0123456789abcdef"u8.ToArray(), [1, 2, 3, 4, 0, 0, 0x10, 0, 0, 0, 0, 0]],
            input => MountedDevices.Parse(@"\DosDevices\C:", input.Span)),
        new("command-line", () =>
        [
            "fix\0disk.vmdk\0--drivers\0virtio.iso\0--json\0-o\0out\0-O\0qcow2"u8.ToArray(),
            "fs\0put\0disk\0a\0b\0--partition\0003"u8.ToArray(),
            "reg\0set\0disk\0HKLM\\SYSTEM\\Setup\0-v\0x\0-t\0dword\0-d\04294967296"u8.ToArray(),
            "convert\0a\0-o\0b\0--\0--json"u8.ToArray(),
            "accounts\0set-password\0disk\0Administrator"u8.ToArray(), "resize\0disk\0+10G"u8.ToArray(),
        ], RunCommandLine) { IsText = true },
        new("shell-words", () => ["put \"a b\" 'c' d\\ e"u8.ToArray()],
            input => ShellWords.Split(Encoding.UTF8.GetString(input.Span))) { IsText = true },
    ];

    private static IEnumerable<byte[]> Json(string folder) =>
        Directory.GetFiles(Path.Combine(Repository.Root, "src/OfflinePatch.Windows", folder), "*.json")
            .Where(f => !f.EndsWith("schema.json", StringComparison.Ordinal)).Order()
            .Select(File.ReadAllBytes);

    private static void RunConfiguration(FuzzInput input)
    {
        var file = CloudbaseInitConfig.Parse(input.Span);
        _ = (file.Mistakes.Count, file.Get("DEFAULT", "username"));
        file.Apply(new CloudbaseInitSetting("openstack", "key", "w"));
        _ = file.ToArray();
    }

    // parsed and judged, never run
    private static void RunCommandLine(FuzzInput input)
    {
        var arguments = Encoding.UTF8.GetString(input.Span).Split('\0', 64);
        var result = CommandTree.Create().Parse(arguments, Configuration);
        _ = result.Errors.Count;
        _ = UnknownWord.Find(result);
        _ = UnknownWord.PathOf(result.CommandResult);
    }
}
