using System.Buffers.Binary;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Writes the records of a package into <c>DriverDatabase</c> of Windows 8 and later (drivers.md §3.3 to §3.6). Values that exist are kept,
/// so that a package that Windows itself staged is only completed.
/// </summary>
internal sealed class DriverDatabaseWriter(StagingPlan plan)
{
    private static readonly string[] DeviceProperties = ["Security", "DeviceType", "DeviceCharacteristics", "Exclusive"];

    private readonly GuestKey _database = plan.System.Find(plan.Hive)!.Root.Create("DriverDatabase");

    public void Write()
    {
        WriteDeviceIds();
        WriteInfFile();
        var package = _database.Create($@"DriverPackages\{plan.Names.Package}");
        WritePackage(package);
        if (plan.IsConfigured)
        {
            foreach (var effects in plan.Effects)
            {
                WriteConfiguration(package.Create($@"Configurations\{effects.InstallSection}"), effects);
            }

            WriteDescriptors(package);
        }

        OemInfMap.Add(plan.System.System.Root.Create("DriverDatabase"), plan.Names.Number);
        if (plan.Hive != HiveName.System && _database.HasValue("OemInfMap"))
        {
            OemInfMap.Add(_database, plan.Names.Number);
        }

        if (plan.IsNew && _database.HasValue("UpdateDate"))
        {
            _database.SetBinary("UpdateDate", Now());
        }
    }

    private void WriteDeviceIds()
    {
        foreach (var (id, kind, position, _, effects) in plan.Ids())
        {
            // 01: hardware id, 02: compatible id; feature score; position among the compatible ids (corpus, Windows 10 1709: 02 FF 01 00
            // for a second one).
            _database.Create($@"DeviceIds\{id}")
                .Ensure(plan.Names.Published, RegistryValueType.Binary, [kind, effects.FeatureScore, position, 0]);
        }

        _database.Create($@"DeviceIds\{DriverClass.Key(plan.ClassGuid)}").Ensure(plan.Names.Published, RegistryValueType.None, []);
    }

    private void WriteInfFile()
    {
        var inf = _database.Create($@"DriverInfFiles\{plan.Names.Published}");
        inf.AddString("", plan.Names.Package, first: true);
        inf.EnsureString("Active", plan.Names.Package);
        if (plan.IsConfigured)
        {
            foreach (var effects in plan.Effects)
            {
                inf.AddString("Configurations", effects.InstallSection);
            }
        }
    }

    private void WritePackage(GuestKey package)
    {
        var version = plan.Package.Inf.Version;
        package.EnsureString("", plan.Names.Published);
        if (plan.Package.CatalogName(plan.Target.Architecture) is { } catalog)
        {
            package.EnsureString("Catalog", catalog);
        }

        package.EnsureString("InfName", plan.Package.InfName);
        package.EnsureString("OemPath", plan.Package.Folder.Length == 0 ? @"D:\" : $@"D:\{plan.Package.Folder}");
        package.EnsureString("Provider", version.Provider);
        package.EnsureString("SignerName", plan.SignerName);
        package.EnsureDword("SignerScore", SignerScore());
        package.EnsureDword("StatusFlags", 0x12);
        package.Ensure("Version", RegistryValueType.Binary,
            new DriverVersionBlob(plan.Target.Architecture, plan.ClassGuid, version.DriverDate, version.DriverVersion).ToArray());
        if (plan is { IsExtension: true, Package.Inf.Version.ExtensionId: { } extension })
        {
            package.Ensure("ExtensionId", RegistryValueType.Binary, extension.ToByteArray()); // corpus, Windows 10 1709
        }

        if (plan.IsNew)
        {
            package.Ensure("ImportDate", RegistryValueType.Binary, Now());
            if (plan.Target is { Major: >= 10, Build: >= 17763 }) // 1709 and 8.1 have none (corpus)
            {
                package.Ensure("FileSize", RegistryValueType.Qword, BitConverter.GetBytes((ulong)PackageLength()));
            }
        }
    }

    private void WriteConfiguration(GuestKey configuration, InfEffects effects)
    {
        var device = effects.Registry.Where(e => e is { Context: InfRegistryContext.Device, Root: InfRegistryRoot.Relative }).ToList();
        configuration.EnsureDword("ConfigFlags", NeedsUserMode(effects) ? 0x400u : 0);
        if (plan.Target.Major >= 10)
        {
            configuration.EnsureDword("ConfigScope", Scope(effects, device.Count > 0));
        }

        if (effects.IncludedInfs.Count > 0 && !configuration.HasValue("IncludedInfs"))
        {
            configuration.SetMultiString("IncludedInfs", effects.IncludedInfs);
        }

        if (effects.FunctionDriver is { } function)
        {
            configuration.EnsureString("Service", function.Name);
        }

        foreach (var edit in device)
        {
            if (edit.Key.Length == 0 && edit.ValueName.ToUpperInvariant() is "UPPERFILTERS" or "LOWERFILTERS")
            {
                configuration.Ensure(edit.ValueName, RegistryValueType.MultiString, edit.Data);
            }
            else if (edit.Key.Length > 0 || !DeviceProperties.Contains(edit.ValueName, StringComparer.OrdinalIgnoreCase))
            {
                Record(configuration, "Device", edit);
            }
        }

        foreach (var edit in effects.Registry.Where(e => e.Root == InfRegistryRoot.Relative))
        {
            switch (edit.Context)
            {
                case InfRegistryContext.Driver:
                    Record(configuration, "Driver", edit);
                    break;
                case InfRegistryContext.Service:
                    Record(configuration, $@"Services\{edit.Owner}", edit);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>
    /// What a configuration covers: 1 always, 2 a .HW section, 4 .Services, 0x100 .Wdf. Measured on the 704 configurations of the corpus'
    /// Windows 10 1709 hive.
    /// </summary>
    private static uint Scope(InfEffects effects, bool hasDevice) =>
        1u | (hasDevice ? 2u : 0) | (effects.Services.Count > 0 ? 4u : 0)
            | (effects.Registry.Any(e => e.Context == InfRegistryContext.Framework) ? 0x100u : 0);

    /// <summary>
    /// Whether the section requires more than the kernel can do: then user mode finishes the installation (CONFIGFLAG_FINISH_INSTALL).
    /// </summary>
    private static bool NeedsUserMode(InfEffects effects) =>
        effects.Registry.Any(e => e.Root != InfRegistryRoot.Relative || e.Context == InfRegistryContext.CoInstaller)
        || effects.Files.Any(f => f.Destination.DirectoryId is not (12 or 13) && f.Source.Length > 0);

    /// <summary>
    /// Records a registry line of the INF. Lines that do not simply set a value have a bit in the upper half of the type, as in the corpus'
    /// Windows 10 1709 hive: 0x20000 keep what exists, 0x40000 append, 0x200000 only where it exists.
    /// </summary>
    private static void Record(GuestKey configuration, string branch, InfRegistryEdit edit)
    {
        var path = edit.Key.Length == 0 ? branch : $@"{branch}\{edit.Key}";
        uint? operation = edit.Action switch
        {
            InfRegistryAction.Set => 0u,
            InfRegistryAction.SetIfAbsent => 0x2_0000,
            InfRegistryAction.Append => 0x4_0000, // observed: 0x40007 for a MULTI_SZ that is appended
            InfRegistryAction.SetIfPresent => 0x20_0000,
            _ => null,
        };
        if (edit.Action == InfRegistryAction.CreateKey)
        {
            configuration.Create(path);
        }
        else if (operation is { } bits)
        {
            configuration.Create(path).Ensure(edit.ValueName, (RegistryValueType)(edit.Type | bits), edit.Data);
        }
    }

    private void WriteDescriptors(GuestKey package)
    {
        var strings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, _, _, model, effects) in plan.Ids())
        {
            var descriptor = package.Create($@"Descriptors\{id}");
            descriptor.EnsureString("Configuration", effects.InstallSection);
            descriptor.EnsureString("Description", Token(model.DescriptionToken, model.Description, strings));
            descriptor.EnsureString("Manufacturer", Token(model.ManufacturerToken, model.Manufacturer, strings));
        }

        foreach (var (token, text) in strings)
        {
            package.Create("Strings").EnsureString(token, text);
        }
    }

    private static string Token(string token, string text, SortedDictionary<string, string> strings)
    {
        if (token.Length > 2 && token[0] == '%' && token[^1] == '%' && token.AsSpan(1, token.Length - 2).IndexOf('%') < 0)
        {
            var name = token.ToLowerInvariant();
            strings[name[1..^1]] = text;
            return name;
        }

        return text;
    }

    private uint SignerScore() => !plan.IsSigned || plan.SignerName.Length == 0 ? 0x8000_0000
        : plan.SignerName.Equals("Microsoft Windows Hardware Compatibility Publisher", StringComparison.OrdinalIgnoreCase) ? 0x0D00_0005u
        : 0x0F00_0000u;

    private long PackageLength()
    {
        long length = plan.Package.InfContent.Length;
        foreach (var file in plan.Package.Files(plan.Target).Append(plan.Package.CatalogName(plan.Target.Architecture)))
        {
            length += file is null ? 0 : plan.Package.ReadFile(file)?.Length ?? 0;
        }

        return length;
    }

    private byte[] Now()
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, FileTime.Now(plan.Clock));
        return bytes;
    }
}
