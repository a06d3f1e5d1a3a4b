using System.Text.Json;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Guest;

/// <summary>
/// The hives and boot configurations of real machines: the facts that rules use are those that a script over hivex reads, a reader that is
/// not ours.
/// </summary>
[Trait("tier", "oracle")]
public sealed class HivexTests
{
    private const string Prelude = """
        import hivex, json, struct, sys
        h = hivex.Hivex(sys.argv[1])
        def find(node, path):
            for name in path.split('\\'):
                node = node and h.node_get_child(node, name)
            return node
        def raw(node, name):
            for value in h.node_values(node) if node else []:
                if h.value_key(value).lower() == name.lower(): return h.value_value(value)[1]
        def text(node, name):
            data = raw(node, name)
            return None if data is None else data.decode('utf-16-le').split('\0')[0]
        def dword(node, name):
            data = raw(node, name)
            return None if data is None or len(data) != 4 else struct.unpack('<I', data)[0]
        def multi(node, name):
            data = raw(node, name)
            return None if data is None else [t for t in data.decode('utf-16-le').split('\0') if t]
        facts = {}

        """;

    private const string SystemScript = Prelude + """
        root = h.root()
        current = 'ControlSet%03d' % dword(find(root, 'Select'), 'Current')
        facts['sets'] = ' '.join(sorted(h.node_name(n) for n in h.node_children(root) if h.node_name(n).startswith('ControlSet')))
        facts['current'] = current
        facts['computer'] = text(find(root, current + '\\Control\\ComputerName\\ComputerName'), 'ComputerName')
        facts['product'] = text(find(root, current + '\\Control\\ProductOptions'), 'ProductType')
        for v in h.node_values(find(root, 'MountedDevices')):
            name, data = h.value_key(v), h.value_value(v)[1]
            if name.startswith('\\DosDevices\\') and len(data) == 12:
                facts[name] = '%08X %d' % struct.unpack('<IQ', data)
        services = find(root, current + '\\Services')
        for n in h.node_children(services):
            start = dword(n, 'Start')
            if start is not None: facts['start ' + h.node_name(n).lower()] = str(start)
        for n in h.node_children(find(services, 'Tcpip\\Parameters\\Interfaces')):
            facts['interface ' + h.node_name(n)] = 'dhcp=%s ip=%s gateway=%s dns=%s' % (dword(n, 'EnableDHCP'),
                ','.join(a for a in multi(n, 'IPAddress') or [] if a != '0.0.0.0'),
                ','.join(multi(n, 'DefaultGateway') or []), text(n, 'NameServer') or '')
        for n in h.node_children(find(root, current + '\\Control\\Class')):
            for value in ['UpperFilters', 'LowerFilters']:
                if raw(n, value) is not None: facts[value + ' ' + h.node_name(n).lower()] = ','.join(multi(n, value))
        print(json.dumps(facts))
        """;

    private const string BcdScript = Prelude + """
        for n in h.node_children(find(h.root(), 'Objects')):
            id = h.node_name(n).lower()
            facts[id] = '%08x' % dword(find(n, 'Description'), 'Type')
            elements = find(n, 'Elements')
            for e in h.node_children(elements) if elements else []:
                facts[id + ' ' + h.node_name(e).lower()] = raw(e, 'Element').hex()
        print(json.dumps(facts))
        """;

    private const string SamScript = Prelude + """
        users = find(h.root(), 'SAM\\Domains\\Account\\Users')
        for n in h.node_children(users):
            v, f = raw(n, 'V'), raw(n, 'F')
            if v is None: continue
            name_at, name_length = struct.unpack_from('<II', v, 0x0C)
            hash_at, hash_length = struct.unpack_from('<II', v, 0xA8)
            revision = struct.unpack_from('<H', v, 0xCC + hash_at + 2)[0] if hash_length >= 4 else 0
            flags = struct.unpack_from('<H', f, 0x38)[0]
            name = v[0xCC + name_at:0xCC + name_at + name_length].decode('utf-16-le')
            facts[str(int(h.node_name(n), 16))] = '%s enabled=%s password=%s' % (name,
                not flags & 1, hash_length > 0x18 if revision == 2 else hash_length >= 0x14)
        print(json.dumps(facts))
        """;

    [SkippableTheory]
    [InlineData("hives/win7-sp1-x86/SYSTEM")]
    [InlineData("hives/win81-x64/SYSTEM")]
    [InlineData("hives/win10-1709-x64/SYSTEM")]
    [Trait("tier", "oracle")]
    public void Facts_of_SYSTEM_hives(string name)
    {
        var machine = new Machine(Generation.Windows10, Firmware.Bios) { System = Open(name) };
        machine.System.Root.CreateSubKey("OfflinePatchTest"); // an edit makes the copy clean
        var windows = machine.Start().Windows;
        var facts = new SortedDictionary<string, string?>(StringComparer.Ordinal)
        {
            ["sets"] = string.Join(' ', windows.ControlSets.Select(s => s.Name).Order(StringComparer.Ordinal)),
            ["current"] = windows.Current.Name,
            ["computer"] = windows.Facts.ComputerName,
            ["product"] = windows.Facts.ProductType,
        };
        foreach (var device in MountedDevices.Read(windows).Where(d => d is { Letter: not null, MbrSignature: not null }))
        {
            facts[device.Name] = $"{device.MbrSignature:X8} {device.Offset}";
        }

        foreach (var service in windows.Current.Find("Services")!.SubKeys.Where(s => s.GetDword("Start") is not null))
        {
            facts["start " + service.Name.ToLowerInvariant()] = $"{service.GetDword("Start")}";
        }

        foreach (var key in NetworkInterfaces.Of(windows.Current))
        {
            facts["interface " + key.Name] =
                $"dhcp={key.GetDword("EnableDHCP")?.ToString() ?? "None"} "
                + $"ip={string.Join(',', NetworkInterfaces.Addresses(key, "IPAddress"))} "
                + $"gateway={string.Join(',', NetworkInterfaces.Addresses(key, "DefaultGateway"))} dns={key.GetString("NameServer")}";
        }

        foreach (var key in windows.Current.Find(@"Control\Class")!.SubKeys)
        {
            foreach (var value in new[] { "UpperFilters", "LowerFilters" }.Where(key.HasValue))
            {
                facts[$"{value} {key.Name.ToLowerInvariant()}"] = string.Join(',', key.GetMultiString(value)!);
            }
        }

        Assert.True(facts.Count > 300);
        Assert.Equal(Hivex(SystemScript, name), facts);
    }

    [SkippableTheory]
    [InlineData("bcd/regipy-BCD")]
    [InlineData("bcd/ez-BCD")]
    [InlineData("hives/win10-set/BCD-Template")]
    [Trait("tier", "oracle")]
    public void Every_element_of_boot_configurations(string name)
    {
        var store = BcdStore.Open(Open(name));
        Assert.Empty(store.Notes);
        var facts = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var entry in store.Objects)
        {
            facts[$"{entry.Id:B}"] = $"{entry.Type:x8}";
            foreach (var element in entry.Elements)
            {
                facts[$"{entry.Id:B} {element.Id:x8}"] = Convert.ToHexStringLower(element.Data);
            }
        }

        Assert.Equal(Hivex(BcdScript, name), facts);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Accounts()
    {
        const string Name = "hives/accounts/SAM";
        var accounts = LocalAccounts.Read(new GuestHive(Open(Name), @"HKLM\SAM", new ChangeLog()));
        var facts = new SortedDictionary<string, string?>(accounts.ToDictionary(a => $"{a.Rid}",
            a => (string?)$"{a.Name} enabled={a.IsEnabled} password={a.HasPassword}"), StringComparer.Ordinal);
        Assert.Equal(Hivex(SamScript, Name), facts);
    }

    private static Hive Open(string name) => Hive.Open(Corpus.Read(name), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });

    private static SortedDictionary<string, string?> Hivex(string script, string name)
    {
        const string Python = "/usr/bin/python3"; // where Debian puts the module
        Skip.If(!File.Exists(Python) || Oracle.Run(Python, "-c", "import hivex").ExitCode != 0, "Python's hivex is not installed");
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["hive"], Corpus.Read(name));
        using var json = JsonDocument.Parse(Oracle.Run(Python, "-c", script, scratch["hive"]).MustSucceed().Output);
        return new(json.RootElement.EnumerateObject().ToDictionary(f => f.Name, f => f.Value.GetString(), StringComparer.Ordinal),
            StringComparer.Ordinal);
    }
}
