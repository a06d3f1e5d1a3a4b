using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>One file to copy.</summary>
/// <param name="Source">Its path in the package's tree.</param>
/// <param name="Destination">Its path on the Windows volume.</param>
/// <param name="Length">Bytes.</param>
public sealed record CloudbaseInitCopy(string Source, string Destination, long Length);

/// <summary>
/// A new installation as pure facts: what to copy where, the service key, the configuration files. Nothing is read or written here. Recipe:
/// boot-network-accounts.md §7.2; <c>python.exe</c> is in the command line, because the launcher holds the path it was made for.
/// </summary>
public sealed record CloudbaseInitPlan
{
    /// <summary>The service's name.</summary>
    public const string ServiceName = "cloudbase-init";

    /// <summary>Where a new installation goes, on the Windows volume.</summary>
    public const string DefaultDirectory = "Cloudbase-Init";

    /// <summary>The directory of the installation, on the Windows volume.</summary>
    public required string Directory { get; init; }

    /// <summary>Directories to create, parents first.</summary>
    public required IReadOnlyList<string> Directories { get; init; }

    /// <summary>Files to copy, in the order in which they are cheapest to read.</summary>
    public required IReadOnlyList<CloudbaseInitCopy> Files { get; init; }

    /// <summary>The values of <c>Services\cloudbase-init</c>.</summary>
    public required IReadOnlyList<ServiceValue> ServiceValues { get; init; }

    /// <summary><c>conf\cloudbase-init.conf</c> of a new installation: UTF-8 without a mark, CRLF.</summary>
    public required string ConfText { get; init; }

    /// <summary><c>conf\cloudbase-init-unattend.conf</c>: what runs during the specialize pass of Windows Setup.</summary>
    public required string UnattendConfText { get; init; }

    /// <summary><c>conf\Unattend.xml</c>, for a Sysprep of the machine later.</summary>
    public required string UnattendXml { get; init; }

    /// <summary>Plans an installation.</summary>
    /// <param name="package">What to install.</param>
    /// <param name="settings">What the target requires of the configuration.</param>
    /// <param name="driveLetter">What this Windows calls its volume: <c>C:</c>.</param>
    /// <param name="directory">Where to, on that volume.</param>
    public static CloudbaseInitPlan Create(
        CloudbaseInitPackage package, IReadOnlyList<CloudbaseInitSetting> settings, string driveLetter = "C:",
        string directory = DefaultDirectory)
    {
        var files = package.Files
            .Where(f => !IsConfiguration(f.RelativePath))
            .Select(f => new CloudbaseInitCopy(f.Path, FilePath.Join(directory, f.RelativePath), f.Length))
            .ToList();
        var directories = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in files.Select(f => FilePath.ParentOf(f.Destination)).Distinct(StringComparer.OrdinalIgnoreCase)
            .Concat(new[] { CloudbaseInitLayout.ConfigurationDirectory, CloudbaseInitLayout.LogDirectory,
                CloudbaseInitLayout.ScriptsDirectory }.Select(d => FilePath.Join(directory, d))))
        {
            for (var above = path; above.Length > 0 && directories.Add(above); above = FilePath.ParentOf(above))
            {
            }
        }

        var guest = driveLetter + '\\' + directory + '\\';
        var bin = guest + package.BinName + '\\';
        return new CloudbaseInitPlan
        {
            Directory = directory,
            Directories = [.. directories.OrderBy(d => FilePath.Split(d).Length).ThenBy(d => d, StringComparer.OrdinalIgnoreCase)],
            Files = files,
            ServiceValues = CreateService(guest, bin),
            ConfText = CreateConf(guest, bin, settings, isUnattend: false),
            UnattendConfText = CreateConf(guest, bin, settings, isUnattend: true),
            UnattendXml = CreateUnattend(guest, package.Architecture),
        };
    }

    /// <summary>The command line of the service: boot-network-accounts.md §7.2.</summary>
    public static string CommandLine(string guestDirectory, string binName) =>
        $"\"{guestDirectory}{binName}\\{CloudbaseInitPackage.ServiceProgram}\" "
            + $"{ServiceName} \"{guestDirectory}{CloudbaseInitLayout.Python}\" "
        + $"\"{guestDirectory}{CloudbaseInitLayout.Program}\" --config-file \"{guestDirectory}{CloudbaseInitLayout.Configuration}\"";

    private static bool IsConfiguration(string path) =>
        path.Equals(CloudbaseInitLayout.Configuration, StringComparison.OrdinalIgnoreCase)
        || path.Equals(CloudbaseInitLayout.UnattendConfiguration, StringComparison.OrdinalIgnoreCase)
        || path.Equals(CloudbaseInitLayout.Unattend, StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<ServiceValue> CreateService(string guest, string bin) =>
    [
        new("Type", RegistryValueType.Dword, [0x10, 0, 0, 0]), // a process of its own
        new("Start", RegistryValueType.Dword, [2, 0, 0, 0]), // automatic
        new("ErrorControl", RegistryValueType.Dword, [0, 0, 0, 0]), // ignore
        new("ImagePath", RegistryValueType.ExpandString, ValueText.Encode(CommandLine(guest, FilePath.NameOf(bin)))),
        new("DisplayName", RegistryValueType.String, ValueText.Encode("Cloudbase-Init")),
        new("Description", RegistryValueType.String, ValueText.Encode("Cloud Initialization Service")),
        new("ObjectName", RegistryValueType.String, ValueText.Encode("LocalSystem")),
        new("DependOnService", RegistryValueType.MultiString, ValueText.EncodeMulti(["winmgmt", "nsi", "profsvc"])),
    ];

    /// <summary>What the MSI writes into the file, then what the target requires.</summary>
    private static string CreateConf(string guest, string bin, IReadOnlyList<CloudbaseInitSetting> settings, bool isUnattend)
    {
        var text = new StringBuilder("[DEFAULT]\r\n");
        foreach (var (key, value) in new (string Key, string Value)[]
            {
                ("inject_user_password", "true"),
                ("config_drive_raw_hhd", "true"),
                ("config_drive_cdrom", "true"),
                ("config_drive_vfat", "true"),
                ("bsdtar_path", bin + "bsdtar.exe"),
                ("mtools_path", bin),
                ("verbose", "true"),
                ("debug", "true"),
                ("log_dir", guest + CloudbaseInitLayout.LogDirectory + '\\'),
                ("log_file", isUnattend ? "cloudbase-init-unattend.log" : "cloudbase-init.log"),
                ("default_log_levels", "comtypes=INFO,suds=INFO,iso8601=WARN,requests=WARN"),
                ("mtu_use_dhcp_config", "true"),
                ("ntp_use_dhcp_config", "true"),
                ("local_scripts_path", guest + CloudbaseInitLayout.ScriptsDirectory + '\\'),
                ("check_latest_version", isUnattend ? "false" : "true"),
            })
        {
            if (!settings.Any(s => s.Section == "DEFAULT" && s.Key == key))
            {
                text.Append(key).Append('=').Append(value).Append("\r\n");
            }
        }

        var config = CloudbaseInitConfig.Parse(Encoding.UTF8.GetBytes(text.ToString()), Encoding.UTF8);
        foreach (var setting in settings)
        {
            config.Apply(setting);
        }

        if (isUnattend)
        {
            config.Apply(new("DEFAULT", "plugins",
                "cloudbaseinit.plugins.common.mtu.MTUPlugin,cloudbaseinit.plugins.common.sethostname.SetHostNamePlugin,"
                + "cloudbaseinit.plugins.windows.extendvolumes.ExtendVolumesPlugin"));
            config.Apply(new("DEFAULT", "allow_reboot", "false"));
            config.Apply(new("DEFAULT", "stop_service_on_exit", "false"));
        }

        return Encoding.UTF8.GetString(config.ToArray());
    }

    /// <summary>
    /// An answer file in three passes: devices stay installed through generalize, the first-start pages are skipped, specialize sets the
    /// host name.
    /// </summary>
    private static string CreateUnattend(string guest, ProcessorArchitecture architecture)
    {
        var component = $"processorArchitecture=\"{architecture.InfName()}\" "
            + "publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\" versionScope=\"nonSxS\"";
        var (python, program) = (guest + CloudbaseInitLayout.Python, guest + CloudbaseInitLayout.Program);
        var configuration = guest + CloudbaseInitLayout.UnattendConfiguration;
        return $"""
            <?xml version="1.0" encoding="utf-8"?>
            <unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">
              <settings pass="generalize">
                <component name="Microsoft-Windows-PnpSysprep" {component}>
                  <PersistAllDeviceInstalls>true</PersistAllDeviceInstalls>
                </component>
              </settings>
              <settings pass="oobeSystem">
                <component name="Microsoft-Windows-Shell-Setup" {component}>
                  <OOBE>
                    <HideEULAPage>true</HideEULAPage>
                    <ProtectYourPC>1</ProtectYourPC>
                    <SkipMachineOOBE>true</SkipMachineOOBE>
                    <SkipUserOOBE>true</SkipUserOOBE>
                  </OOBE>
                </component>
              </settings>
              <settings pass="specialize">
                <component name="Microsoft-Windows-Deployment" {component}>
                  <RunSynchronous>
                    <RunSynchronousCommand wcm:action="add">
                      <Order>1</Order>
                      <Path>cmd.exe /c ""{python}" "{program}" --config-file "{configuration}" &amp;&amp; exit 1 || exit 2"</Path>
                      <Description>Run Cloudbase-Init to set the host name</Description>
                      <WillReboot>OnRequest</WillReboot>
                    </RunSynchronousCommand>
                  </RunSynchronous>
                </component>
              </settings>
            </unattend>

            """.ReplaceLineEndings("\r\n");
    }
}
