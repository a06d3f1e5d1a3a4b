using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Makes a boot configuration store from the Windows' own <c>System32\config\BCD-Template</c>, as bcdboot does: objects of the other
/// firmware, of Windows PE and of NTLDR are left out; the loader and its resume application get ids of their own; elements of class 4 are
/// replaced by what they stand for; numbers are widened to 64 bits.
/// </summary>
internal sealed class BootStoreBuilder
{
    private const int MemoryTesterText = 2;
    private readonly Hive _template;
    private readonly BootTarget _target;
    private readonly Hive _store;
    private readonly Guid _loader;
    private readonly Guid _resume;
    private readonly KeptRecovery? _recovery;

    private BootStoreBuilder(Hive template, BootTarget target, TimeProvider clock, KeptRecovery? recovery)
    {
        _recovery = recovery;
        _template = template;
        _target = target;
        _store = Hive.Create(minorVersion: 3, rootName: "NewStoreRoot", time: clock);
        _loader = target.IdOf("loader");
        _resume = target.IdOf("resume");
    }

    /// <summary>The bytes of the store.</summary>
    /// <param name="template">The template.</param>
    /// <param name="target">What it is to start.</param>
    /// <param name="clock">The clock for time stamps.</param>
    /// <param name="recovery">The recovery environment of the old boot configuration; null for none.</param>
    /// <exception cref="RefusedException"><c>WIN-0013</c>: the template lacks what is needed for this firmware.</exception>
    /// <exception cref="CorruptImageException">The template is damaged.</exception>
    public static byte[] Build(Hive template, BootTarget target, TimeProvider clock, KeptRecovery? recovery = null) =>
        new BootStoreBuilder(template, target, clock, recovery).Build();

    /// <summary>The bytes of a store from the template of a Windows.</summary>
    /// <exception cref="RefusedException"><c>WIN-0013</c>: it has none that can be used.</exception>
    public static byte[] Build(WindowsSystem windows, BootTarget target, TimeProvider clock, KeptRecovery? recovery = null)
    {
        var load = WindowsSystem.Load(windows.Volume, windows.PathOf(@"System32\config\BCD-Template"), "BCD-Template",
            new ChangeLog { Clock = clock });
        return load switch
        {
            { Hive: { } template } => Build(template.Hive, target, clock, recovery),
            { Failure: { } failure } => throw BootStoreError.Template(failure.Message),
            _ => throw BootStoreError.Template("it is missing"),
        };
    }

    /// <summary>Whether two boot configurations have the same content, whatever their bytes are.</summary>
    public static bool AreEqual(BcdStore one, BcdStore other) =>
        one.Objects.Count == other.Objects.Count && one.Objects.All(o => other.Find(o.Id) is { } same && same.Type == o.Type
            && same.Elements.Count == o.Elements.Count
            && o.Elements.All(e =>
                same.Find(e.Id) is { } element && element.Type == e.Type && element.Data.AsSpan().SequenceEqual(e.Data)));

    private byte[] Build()
    {
        var objects = _template.Find("Objects") ?? throw BootStoreError.Template("it has no objects");
        var all = objects.SubKeys.Where(k => Guid.TryParse(k.Name, out _)).ToList();
        var ending = BootTarget.EndingOf(_target.Firmware);
        var loader = all.Find(k => TypeOf(k) == BcdElements.LoaderType && !IsWinPe(k)
            && TextOf(k, BcdElements.Template.RelativePath)?.EndsWith(ending, StringComparison.OrdinalIgnoreCase) == true)
            ?? throw BootStoreError.Template($"it has no loader winload{ending}");
        var manager = all.Find(k => new Guid(k.Name) == BcdStore.BootManagerId) ?? throw BootStoreError.Template("it has no boot manager");
        var resume = Guid.TryParse(TextOf(loader, BcdStore.DefaultObject), out var id) ? all.Find(k => new Guid(k.Name) == id) : null;

        var description = _store.Create("Description");
        description.SetString("KeyName", "BCD00000000");
        description.SetDword("System", 1);
        description.SetDword("TreatAsSystem", 1);

        var hasTester = false;
        foreach (var key in all)
        {
            switch (TypeOf(key))
            {
                case BcdElements.LoaderType or BcdElements.ResumeType or BcdElements.LegacyLoaderType or BcdElements.BootManagerType:
                    break;
                default:
                    hasTester |= new Guid(key.Name) == BcdStore.MemoryTesterId;
                    Copy(key, new Guid(key.Name));
                    break;
            }
        }

        Copy(loader, _loader);
        Set(_loader, BcdStore.SystemRoot, '\\' + _target.SystemRoot);
        if (resume is not null)
        {
            Copy(resume, _resume);
            Set(_resume, BcdElements.ResumeDebugOption, [0]);
            Set(_loader, BcdStore.DefaultObject, $"{_resume:B}");
        }

        CopyManager(manager, resume is not null, hasTester);
        if (_recovery is not null)
        {
            CopyRecovery(_recovery, resume is not null);
        }

        return _store.ToArray();
    }

    private void CopyRecovery(KeptRecovery recovery, bool hasResume)
    {
        foreach (var entry in recovery.Entries)
        {
            _store.Create($@"Objects\{entry.Id:B}\Description").SetDword("Type", entry.Type);
            foreach (var (element, type, data) in entry.Elements)
            {
                Element(entry.Id, element).SetValue("Element", type, data);
            }
        }

        foreach (var id in hasResume ? [_loader, _resume] : (Guid[])[_loader])
        {
            Element(id, BcdElements.RecoverySequence).SetValue("Element", recovery.Sequence.Type, recovery.Sequence.Data);
            if (recovery.Enabled is { } enabled)
            {
                Element(id, BcdElements.RecoveryEnabled).SetValue("Element", enabled.Type, enabled.Data);
            }
        }
    }

    private void CopyManager(HiveKey manager, bool hasResume, bool hasTester)
    {
        var id = BcdStore.BootManagerId;
        Copy(manager, id);
        Set(id, BcdStore.DefaultObject, $"{_loader:B}");
        SetList(id, BcdStore.DisplayOrder, _loader);
        if (hasResume)
        {
            Set(id, BcdElements.ResumeObject, $"{_resume:B}");
        }

        if (hasTester)
        {
            SetList(id, BcdElements.ToolsDisplayOrder, BcdStore.MemoryTesterId);
            Set(BcdStore.MemoryTesterId, BcdStore.ApplicationPath,
                _target.Firmware == Firmware.Uefi ? @"\EFI\Microsoft\Boot\memtest.efi" : @"\boot\memtest.exe");
        }

        if (_target.Firmware == Firmware.Bios)
        {
            // A BIOS starts \bootmgr by its place, and real stores have no path there.
            _store.Find(BcdStore.ElementsPath(id))!.DeleteSubKeyTree(BcdStore.ElementKey(BcdStore.ApplicationPath));
        }
    }

    private void Copy(HiveKey source, Guid id)
    {
        var type = TypeOf(source);
        _store.Create($@"Objects\{id:B}\Description").SetDword("Type", type);
        _store.Create(BcdStore.ElementsPath(id));
        foreach (var key in source.Find("Elements")?.SubKeys ?? [])
        {
            if (!uint.TryParse(key.Name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var element)
                || key.FindValue("Element") is not { } value)
            {
                continue;
            }

            if ((element & 0xF0000000) == BcdElements.Template.Class)
            {
                Resolve(id, type, element, value);
            }
            else
            {
                var isNumber = ((element >> 24) & 0xF) == 5 && value.Type == RegistryValueType.Binary;
                Element(id, element).SetValue("Element", value.Type, isNumber ? Widen(value.ReadData()) : value.ReadData());
            }
        }
    }

    private void Resolve(Guid id, uint type, uint element, HiveValue value)
    {
        var data = value.ReadData();
        switch (element)
        {
            case BcdElements.Template.DeviceKind when data is [1, ..]:
                Set(id, BcdStore.ApplicationDevice, _target.SystemDevice.ToElement());
                break;
            case BcdElements.Template.DeviceKind when data is [2, ..]:
                Set(id, BcdStore.ApplicationDevice, _target.WindowsDevice.ToElement());
                if (type is BcdElements.LoaderType or BcdElements.ResumeType)
                {
                    Set(id, BcdStore.OsDevice, _target.WindowsDevice.ToElement());
                }

                break;
            case BcdElements.Template.RelativePath:
                Set(id, BcdStore.ApplicationPath, $@"\{_target.SystemRoot}\{ValueText.Decode(data).TrimStart('\\')}");
                break;
            case BcdElements.Template.LocalisedText:
                for (var i = 0; i + 16 <= data.Length; i += 16)
                {
                    if (BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(i)) == BootEntries.DescriptionElement)
                    {
                        Set(id, BootEntries.DescriptionElement, TextOf(type, BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(i + 8))));
                    }
                }

                break;
            default:
                break; // what to migrate from an older store, and what to leave out of a menu
        }
    }

    private string TextOf(uint type, ulong number) =>
        type == BcdElements.MemoryTesterType || number == MemoryTesterText ? "Windows Memory Diagnostic" : _target.Description;

    private HiveKey Element(Guid id, uint element) => _store.Create($@"{BcdStore.ElementsPath(id)}\{BcdStore.ElementKey(element)}");

    private void Set(Guid id, uint element, string text) => Element(id, element).SetString("Element", text);

    private void Set(Guid id, uint element, byte[] data) => Element(id, element).SetBinary("Element", data);

    private void SetList(Guid id, uint element, Guid entry) => Element(id, element).SetMultiString("Element", $"{entry:B}");

    private static byte[] Widen(byte[] number)
    {
        if (number.Length >= sizeof(ulong))
        {
            return number;
        }

        var wide = new byte[sizeof(ulong)];
        number.CopyTo(wide, 0);
        return wide;
    }

    private static uint TypeOf(HiveKey key) => key.Find("Description")?.GetDword("Type") ?? 0;

    private static bool IsWinPe(HiveKey key) =>
        key.Find($@"Elements\{BcdStore.ElementKey(BootEntries.WinPeElement)}")?.FindValue("Element")?.ReadData() is [not 0, ..];

    private static string? TextOf(HiveKey key, uint element) =>
        key.Find($@"Elements\{BcdStore.ElementKey(element)}")?.FindValue("Element") is { } value
            ? ValueText.Decode(value.ReadData())
            : null;
}
