using System.Text;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// The settings that a target wants (images-and-cloud.md §1.7). The parameters of <c>agent.cloudbase-init</c> in a profile are options of
/// oslo.config in camel case (<c>retryCount</c> is <c>retry_count</c>), in [DEFAULT] unless they begin with a section and a dot; <c>version</c> is
/// the version that the target asks for, and no option.
/// </summary>
public static class CloudbaseInitSettings
{
    /// <summary>The rule whose parameters these are.</summary>
    public const string RuleId = "agent.cloudbase-init";

    private const string VersionParameter = "version";

    // What the target's manual demands. The others are advice: a value of the user's own stays.
    private static readonly string[] Required = ["netbios_host_name_compatibility", "metadata_services", "plugins", "username", "groups"];

    private static readonly Dictionary<string, string> Defaults = new(StringComparer.Ordinal)
    {
        ["netbiosHostNameCompatibility"] = "false",
        ["metadataServices"] = "cloudbaseinit.metadata.services.httpservice.HttpService",
        ["username"] = "Administrator",
        ["groups"] = "Administrators",
    };

    /// <summary>What a target wants, in the order of its profile.</summary>
    public static IReadOnlyList<CloudbaseInitSetting> For(TargetProfile profile)
    {
        var parameters = profile.ParametersOf(RuleId);
        return
        [
            .. parameters.Concat(Defaults.Where(d => !parameters.ContainsKey(d.Key)))
                .Where(p => p.Key != VersionParameter && p.Value.Length > 0)
                .Select(p => Create(p.Key, p.Value)),
        ];
    }

    /// <summary>The version that a target asks for, or null.</summary>
    public static string? VersionFor(TargetProfile profile) => profile.ParametersOf(RuleId).GetValueOrDefault(VersionParameter);

    private static CloudbaseInitSetting Create(string parameter, string value)
    {
        var dot = parameter.IndexOf('.', StringComparison.Ordinal);
        var key = SnakeCase(parameter[(dot + 1)..]);
        var section = dot > 0 ? parameter[..dot] : key == "add_metadata_private_ip_route" ? "openstack" : "DEFAULT";
        return new CloudbaseInitSetting(section, key, value, Required.Contains(key, StringComparer.Ordinal));
    }

    private static string SnakeCase(string camelCase)
    {
        var text = new StringBuilder();
        foreach (var c in camelCase)
        {
            if (char.IsAsciiLetterUpper(c))
            {
                text.Append('_').Append((char)(c + 32));
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
