using System.Collections.Frozen;

namespace OfflinePatch.Registry.Bcd;

/// <summary>The names that bcdedit shows. Source: learn.microsoft.com, BCD reference (BcdLibraryElementTypes and its siblings).</summary>
internal static class BcdNames
{
    public const uint OsLoaderType = 0x10200003;

    public static readonly Guid BootManagerId = new("9dea862c-5cdd-4e70-acc1-f32b344d4795");

    public static readonly Guid MemoryTesterId = new("b2721d73-1db4-4c62-bf78-c548a880142d");

    private static readonly FrozenDictionary<Guid, string> WellKnown = new Dictionary<Guid, string>
    {
        [BootManagerId] = "bootmgr",
        [new("a5a30fa2-3d06-4e9f-b5f4-a01df9d1fcba")] = "fwbootmgr",
        [MemoryTesterId] = "memdiag",
        [new("466f5a88-0af2-4f76-9038-095b170dc21c")] = "ntldr",
        [new("7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e")] = "globalsettings",
        [new("6efb52bf-1766-41db-a6b3-0ee5eff72bd7")] = "bootloadersettings",
        [new("1afa9c49-16ab-4a5c-901b-212802da9460")] = "resumeloadersettings",
        [new("7ff607e0-4395-11db-b0de-0800200c9a66")] = "hypervisorsettings",
        [new("0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9")] = "emssettings",
        [new("4636856e-540f-4170-a130-a84776f4c654")] = "dbgsettings",
        [new("5189b25c-5558-4bf2-bca4-289b11bd29e2")] = "badmemory",
        [new("ae5534e0-a924-466c-b836-758539a3ee3a")] = "ramdiskoptions",
    }.ToFrozenDictionary();

    public static string Identifier(Guid id) => WellKnown.TryGetValue(id, out var name) ? $"{{{name}}}" : id.ToString("B");

    public static string ObjectType(Guid id, uint type) => type switch
    {
        0x10100001 => "Firmware Boot Manager",
        0x10100002 => "Windows Boot Manager",
        0x10200003 => "Windows Boot Loader",
        0x10200004 => "Resume from Hibernate",
        0x10200005 => "Windows Memory Tester",
        0x10300006 => "Windows Legacy OS Loader",
        0x10400008 => "Real-mode Boot Sector",
        0x1020000A => "Windows Boot Application",
        0x101FFFFF => "Firmware Application (101fffff)",
        0x30000000 => "Device options",
        _ when (type >> 28) == 2 => Identifier(id) switch
        {
            "{globalsettings}" => "Global Settings",
            "{bootloadersettings}" => "Boot Loader Settings",
            "{resumeloadersettings}" => "Resume Loader Settings",
            "{hypervisorsettings}" => "Hypervisor Settings",
            "{emssettings}" => "EMS Settings",
            "{dbgsettings}" => "Debugger Settings",
            "{badmemory}" => "RAM Defects",
            _ => "Inherited Settings",
        },
        _ => $"Unknown ({type:x8})",
    };

    /// <summary>The name of an element in an object of a type; the same id means different things in different applications.</summary>
    public static string Element(uint objectType, uint id)
    {
        var table = (id >> 28) switch
        {
            1 => BcdElementNames.Library,
            2 => (objectType & 0xFFFFF) switch
            {
                1 or 2 => BcdElementNames.BootManager,
                3 => BcdElementNames.OsLoader,
                4 => BcdElementNames.Resume,
                5 => BcdElementNames.MemoryTester,
                _ => null,
            },
            3 => BcdElementNames.Device,
            4 => BcdElementNames.Template,
            _ => null,
        };
        return table is not null && table.TryGetValue(id, out var name) ? name : $"custom:{id:x8}";
    }

    /// <summary>The word that bcdedit shows for a number; null where it shows the number.</summary>
    public static string? IntegerText(string element, ulong value)
    {
        string[]? words = element switch
        {
            "nx" => ["OptIn", "OptOut", "AlwaysOff", "AlwaysOn"],
            "pae" => ["Default", "ForceEnable", "ForceDisable"],
            "bootmenupolicy" => ["Legacy", "Standard"],
            "hypervisorlaunchtype" => ["Off", "Auto"],
            "bootstatuspolicy" =>
                ["DisplayAllFailures", "IgnoreAllFailures", "IgnoreShutdownFailures", "IgnoreBootFailures", "IgnoreCheckpointFailures",
                "DisplayShutdownFailures", "DisplayBootFailures", "DisplayCheckpointFailures"],
            "safeboot" => ["Minimal", "Network", "DsRepair"],
            "debugtype" => ["Serial", "1394", "USB", "NET", "Local"],
            "tscsyncpolicy" => ["Default", "Legacy", "Enhanced"],
            "bootux" => ["Disabled", "Basic", "Standard"],
            "driverloadfailurepolicy" => ["Fatal", "UseErrorControl"],
            _ => null,
        };
        return words is not null && value < (ulong)words.Length ? words[value] : null;
    }
}
