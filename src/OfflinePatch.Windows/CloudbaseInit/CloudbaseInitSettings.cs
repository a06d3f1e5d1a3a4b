using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// The settings that a target wants: options of oslo.config by their own names (<c>retry_count</c>), in [DEFAULT] unless a section precedes
/// them with a dot (<c>openstack.add_metadata_private_ip_route</c>).
/// </summary>
internal static class CloudbaseInitSettings
{
    /// <summary>The rule whose parameters these are.</summary>
    public const string RuleId = "agent.cloudbase-init";

    /// <summary>What the target's manual requires. The others are advice: an existing value stays.</summary>
    private static readonly string[] Required = ["netbios_host_name_compatibility", "metadata_services", "plugins", "username", "groups"];

    private static readonly KeyValuePair<string, string>[] Defaults =
    [
        new("netbios_host_name_compatibility", "false"),
        new("metadata_services", "cloudbaseinit.metadata.services.httpservice.HttpService"),
        new("username", "Administrator"),
        new("groups", "Administrators"),
    ];

    /// <summary>The version that a target asks for.</summary>
    public static TextParameter Version { get; } = new("version", Default: null,
        "The version of Cloudbase-Init that the target asks for; absent: any.");

    /// <summary>The options.</summary>
    public static SettingsParameter Settings { get; } = new("settings", "Options of `cloudbase-init.conf` by their own names.");

    /// <summary>What a target requires, in the order of its profile.</summary>
    /// <param name="profile">The target.</param>
    /// <param name="names">How this Windows calls the built-in administrator and the group of administrators; null where that does not
    /// matter.</param>
    public static IReadOnlyList<CloudbaseInitSetting> For(TargetProfile profile, AccountNames? names = null)
    {
        var settings = profile.Value(RuleId, Settings);
        return
        [
            .. settings.Concat(Defaults.Where(d => !settings.Any(s => s.Key == d.Key)))
                .Where(s => s.Value.Length > 0)
                .Select(s => Create(s.Key, s.Value))
                .Select(s => names is null ? s : names.Translate(s)),
        ];
    }

    /// <summary>The version that a target asks for, or null.</summary>
    public static string? VersionFor(TargetProfile profile) => profile.Value(RuleId, Version);

    private static CloudbaseInitSetting Create(string name, string value)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var key = name[(dot + 1)..];
        return new CloudbaseInitSetting(dot > 0 ? name[..dot] : "DEFAULT", key, value, Required.Contains(key, StringComparer.Ordinal));
    }
}
