using System.Collections.Frozen;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Directives that are known and deliberately do not become effects: they act when a device is installed (Windows does that on first boot
/// from the staged package), or only on systems before Windows 2000. Source: learn.microsoft.com summary-of-inf-directives, and the
/// class-specific pages (net, printer, WDF).
/// </summary>
internal static class InfDirectives
{
    private static readonly FrozenSet<string> AtDeviceInstall = new[]
    {
        // any class
        "AddInterface", "AddComponent", "AddSoftware", "AddTrigger", "AddProperty", "DelProperty", "AddPowerSetting", "AddEventProvider",
            "AddAutoLogger",
        "AddImportChannel", "UpdateAutoLogger", "AddChannel", "RegisterDlls", "UnregisterDlls", "LogConfig", "LogConfigOverride", "Ini2Reg",
            "UpdateInis",
        "UpdateIniFields", "ProfileItems", "UpdateAutoBat", "RenFiles", "Reboot", "Restart", "DriverVer", "ExcludeFromSelect",
            "PreservedFiles", "DelService",
        "CopyINF", "FriendlyNameFormat",

        // net
        "Characteristics", "BusType", "EnableDhcp", "Port1DeviceNumber", "Port1FunctionNumber", "Port2DeviceNumber", "Port2FunctionNumber",
            "SubType",

        // printers and monitors
        "DriverFile", "DataFile", "DataSection", "ConfigFile", "HelpFile", "LanguageMonitor", "PrintProcessor", "DefaultDataType",
            "DriverCategory",
        "CoreDriverSections", "PackageAware", "PrinterDriverAttributes",

        // still images and display
        "DeviceType", "DeviceSubType", "DeviceData", "PropertyPages", "Capabilities", "Connection", "PortSelect", "Events", "ICMProfiles",
            "UninstallSection",
        "RetainDriverSettings", "FeatureFlags", "CapabilityFlags",

        // user-mode driver framework
        "UmdfService", "UmdfServiceOrder", "UmdfKernelModeClientPolicy", "UmdfFileObjectPolicy", "UmdfMethodNeitherAction",
            "UmdfDirectHardwareAccess",
        "UmdfRegisterAccessMode", "UmdfFsContextUsePolicy", "UmdfDispatcher", "UmdfImpersonationLevel", "UmdfHostProcessSharing",
            "UmdfHostPriority",
        "UmdfLibraryVersion", "UmdfSharedHost", "UmdfExtensions",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a directive of an install section is known and acts only when a device is installed.</summary>
    public static bool ActsLater(string directive) => AtDeviceInstall.Contains(directive);

    /// <summary>Sections of an install section that act only when a device is installed: <c>[DDInstall.Components]</c>, ...</summary>
    public static IReadOnlyList<string> LaterSuffixes { get; } =
        ["Components", "Software", "Events", "LogConfigOverride", "FactDef", "GeneratedSections", "WMI"];
}
