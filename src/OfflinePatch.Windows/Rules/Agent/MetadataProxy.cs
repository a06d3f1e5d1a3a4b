using System.Buffers.Binary;
using System.Globalization;
using System.IO.Enumeration;
using System.Net;
using System.Text;
using OfflinePatch.Core.Binary;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary>
/// Proxies that would be asked for the metadata, which no proxy reaches. Cloudbase-Init's HTTP client (Python's requests) takes the proxy
/// of its environment, and without one that of the Internet settings of the account that it runs under (LocalSystem, or the one that
/// ObjectName of its service names, when that has a profile); it does not look at the settings of the machine
/// (WinHTTP, WinINET with ProxySettingsPerUser=0), which other programs and scripts use. Always a warning: what an agent really uses is
/// not known.
/// </summary>
internal static class MetadataProxy
{
    private const string Environment = @"Control\Session Manager\Environment";
    private const string InternetSettings = @"Microsoft\Windows\CurrentVersion\Internet Settings";
    private const string PolicySettings = @"Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
    private const string Address = "169.254.169.254";
    private const uint NamedProxy = 0x2;

    private static readonly string[] Variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

    /// <summary>The first proxy that would take the requests, or null.</summary>
    /// <param name="windows">The Windows.</param>
    /// <param name="account">What the agent's service runs under (ObjectName).</param>
    public static Finding? Judge(WindowsSystem windows, string? account)
    {
        var isSystem = AccountProfile.IsLocalSystem(account);
        var user = isSystem ? windows.Load(HiveName.Default).Hive : AccountProfile.Load(windows, account);
        return JudgeEnvironment(windows, isSystem ? null : user?.Root.Find("Environment"))
            ?? JudgeAccount(user, isSystem ? "LocalSystem" : $"the agent's account ({account})") ?? JudgeMachine(windows);
    }

    /// <summary>The proxy and the exceptions of a value WinHttpSettings; null where none is switched on, or it ends too early.</summary>
    internal static (string Proxy, string Exceptions)? Parse(ReadOnlySpan<byte> value)
    {
        if (value.Length < Layout.Size || (LittleEndian.U32(value, Layout.Flags) & NamedProxy) == 0)
        {
            return null;
        }

        var proxy = Text(value[Layout.Proxy..], out var rest);
        return proxy is { Length: > 0 } ? (proxy, Text(rest, out _) ?? "") : null;
    }

    private static string? Text(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> rest)
    {
        rest = [];
        if (value.Length < 4 || LittleEndian.U32(value, 0) is var length && length > (uint)value.Length - 4)
        {
            return null;
        }

        rest = value[(4 + (int)length)..];
        return Encoding.Latin1.GetString(value.Slice(4, (int)length)).TrimEnd('\0');
    }

    /// <summary>
    /// What a service finds in its environment: its own value Environment ("NAME=value" strings) before that of its account, and that
    /// before the machine's. LocalSystem gets the machine's alone.
    /// </summary>
    private static Finding? JudgeEnvironment(WindowsSystem windows, GuestKey? user)
    {
        var own = windows.Current.Service(CloudbaseInitPlan.ServiceName)?.GetMultiString("Environment") ?? [];
        string? Own(string name) =>
            own.FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase)) is { } line
                ? line[(name.Length + 1)..]
                : null;
        var machine = windows.Current.Find(Environment);
        var exceptions = Own("NO_PROXY") ?? user?.GetString("NO_PROXY") ?? machine?.GetString("NO_PROXY");
        foreach (var variable in Variables)
        {
            var found = Own(variable) is { Length: > 0 } its
                ? $@"{windows.Current.Name}\Services\{CloudbaseInitPlan.ServiceName}\Environment: {variable}={its}"
                : user?.GetString(variable) is { Length: > 0 } users ? $@"{user.Path}\{variable}={users}"
                : machine?.GetString(variable) is { Length: > 0 } all ? $@"{windows.Current.Name}\{Environment}\{variable}={all}"
                : null;
            if (found is not null)
            {
                return ExceptsByEnvironment(exceptions) ? null : Failed("the agent asks", found, "NO_PROXY");
            }
        }

        return null;
    }

    private static Finding? JudgeAccount(GuestHive? hive, string whose)
    {
        if (hive?.Root.Find($@"Software\{InternetSettings}") is not { } settings)
        {
            return null;
        }

        if (settings.GetDword("ProxyEnable") is not (null or 0) && settings.GetString("ProxyServer") is { Length: > 0 } server)
        {
            return ExceptsByPattern(settings.GetString("ProxyOverride"), isPrefix: true) ? null
                : Failed("the agent asks", $@"{settings.Path}\ProxyServer={server}", "ProxyOverride");
        }

        return settings.GetString("AutoConfigURL") is { Length: > 0 } script
            ? Failed($"programs of {whose} that follow the script may ask", $@"{settings.Path}\AutoConfigURL={script}", "the script")
            : null;
    }

    private static Finding? JudgeMachine(WindowsSystem windows)
    {
        var settings = windows.Software.Root.Find(InternetSettings);
        if (settings?.Find("Connections") is { } connections && connections.GetBinary("WinHttpSettings") is { } value
            && Parse(value) is { } found && !ExceptsByPattern(found.Exceptions, isPrefix: false))
        {
            return Failed("programs that use WinHTTP ask", $@"{connections.Path}\WinHttpSettings: {found.Proxy}",
                "the exceptions (`netsh winhttp set proxy PROXY \"169.254.169.254\"`)");
        }

        return windows.Software.Root.Find(PolicySettings)?.GetDword("ProxySettingsPerUser") == 0
            && settings?.GetDword("ProxyEnable") is not (null or 0) && settings.GetString("ProxyServer") is { Length: > 0 } server
            && !ExceptsByPattern(settings.GetString("ProxyOverride"), isPrefix: false)
            ? Failed("programs that use the Internet settings of the machine ask", $@"{settings.Path}\ProxyServer={server}",
                "ProxyOverride")
            : null;
    }

    private static Finding Failed(string who, string proxy, string exception) => Finding.Failed(
        $"{proxy}: {who} a proxy for the metadata at {Address}, which no proxy reaches.",
        $"Add {Address} to {exception} in the source machine, or delete the proxy; then export it again.", proxy) with
    { Severity = RuleSeverity.Warning };

    /// <summary>
    /// NO_PROXY as requests reads it for an address: the address or the end of it, a network with its length, or all. It knows no patterns.
    /// </summary>
    private static bool ExceptsByEnvironment(string? list) =>
        Entries(list, ',').Any(e => e == "*" || ("." + Address).EndsWith("." + e.TrimStart('.'), StringComparison.Ordinal)
            || (e.Split('/') is [var network, var length] && IPAddress.TryParse(network, out var start)
                && start.GetAddressBytes() is { Length: 4 } bytes
                && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= 32
                && SharesBits(BinaryPrimitives.ReadUInt32BigEndian(bytes),
                    BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(Address).GetAddressBytes()), bits)));

    private static bool SharesBits(uint first, uint second, int bits) => bits == 0 || (first ^ second) >> (32 - bits) == 0;

    /// <summary>Patterns with asterisks, as WinINET and WinHTTP have them. Python matches a pattern at the beginning only.</summary>
    private static bool ExceptsByPattern(string? list, bool isPrefix) =>
        Entries(list, ';', ' ').Any(e =>
            FileSystemName.MatchesSimpleExpression(WithoutScheme(e) + (isPrefix ? "*" : ""), Address, ignoreCase: true));

    private static string WithoutScheme(string entry) =>
        entry.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? entry["http://".Length..] : entry;

    private static string[] Entries(string? list, params char[] separators) =>
        (list ?? "").Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>
    /// WinHttpSettings. Source: learn.microsoft.com, "Use Group Policy to apply WinHTTP proxy settings" (the value of a machine without a
    /// proxy); the fields as public tools read them.
    /// </summary>
    private static class Layout
    {
        public const int Flags = 8; // u32: 1 always, 2 a proxy is named
        public const int Proxy = 12; // u32: length, then the proxy in ASCII; then length and text of the exceptions
        public const int Size = 16;
    }
}
