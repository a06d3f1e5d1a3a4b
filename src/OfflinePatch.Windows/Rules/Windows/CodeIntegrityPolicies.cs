using OfflinePatch.Core.FileSystem;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>A code integrity policy in the multiple policy format: a file <c>{PolicyID}.cip</c>.</summary>
/// <param name="Path">The file, as an administrator writes it.</param>
/// <param name="Inbox">The name of the policy, where it is one that comes with Windows; else null.</param>
internal readonly record struct CodeIntegrityPolicy(string Path, string? Inbox);

/// <summary>
/// The policies that Windows 10 1903 and later read besides <c>SIPolicy.p7b</c>: <c>CiPolicies\Active</c> of the Windows folder and of the
/// EFI system partition. Windows puts its own there too, which are recognised by their ids. Sources: src/reference/drivers.md §13.
/// </summary>
internal static class CodeIntegrityPolicies
{
    /// <summary>The first build that reads more than one policy: Windows 10 1903 (Server 2022).</summary>
    public const int FirstBuild = 18362;

    private const string WindowsFolder = @"System32\CodeIntegrity\CiPolicies\Active";
    private const string EspFolder = @"EFI\Microsoft\Boot\CiPolicies\Active";
    private const string Extension = ".cip";
    private const int MaximumEntries = 4096;

    /// <summary>Windows' own policy against drivers whose only signature is their maker's (update of April 2026).</summary>
    private static readonly Guid CrossSigned = new("8f9cb695-5d48-48d6-a329-7202b44607e3");

    /// <summary>Policies that Windows itself ships, by PolicyID.</summary>
    private static readonly Dictionary<Guid, string> Inbox = new()
    {
        [new("d2bda982-ccf6-4344-ac5b-0b44427b6816")] = "Microsoft Windows Driver Policy",
        [new("60fd87f8-4593-44a0-91b0-2e0da022f248")] = "Microsoft Windows Endpoint Security Policy",
        [new("a072029f-588b-4b5e-b7f9-05aad67df687")] = "Microsoft Windows Virtualization Based Security Policy",
        [new("784c4414-79f4-4c32-a6a5-f0fb42a51d0d")] =
            "Microsoft Windows Cross Certificates for Code Integrity Exceptions Audit Policy",
        [CrossSigned] = "Microsoft Windows Cross Certificates for Code Integrity Exceptions Policy",
        [new("5951a96a-e0b5-4d3d-8fb8-3e5b61030784")] = "Windows10S_Lockdown_Policy_Supplementable",
        [new("82443e1e-8a39-4b4a-96a8-f40ddc00b9f3")] = "WindowsE_Lockdown_Policy",
        [new("5dac656c-21ad-4a02-ab49-649917162e70")] = "WindowsE_Lockdown_Flight_Policy_Supplemental",
        [new("cdd5cb55-db68-4d71-aa38-3df2b6473a52")] = "WindowsE_Lockdown_Test_Policy_Supplemental",
        [new("0283ac0f-fff1-49ae-ada1-8a933130cad6")] = "VerifiedAndReputableDesktop",
        [new("1283ac0f-fff1-49ae-ada1-8a933130cad6")] = "VerifiedAndReputableDesktopEvaluation",
        [new("1678656c-05ef-481f-bc5b-ebd8c991502d")] = "VerifiedAndReputableDesktopFlightSupplemental",
        [new("2678656c-05ef-481f-bc5b-ebd8c991502d")] = "VerifiedAndReputableDesktopEvaluationFlightSupplemental",
        [new("0939ed82-bfd5-4d32-b58e-d31d3c49715a")] = "VerifiedAndReputableDesktopTestSupplemental",
        [new("1939ed82-bfd5-4d32-b58e-d31d3c49715a")] = "VerifiedAndReputableDesktopEvaluationTestSupplemental",
    };

    /// <summary>The policies of the machine, those of the Windows folder first.</summary>
    public static IReadOnlyList<CodeIntegrityPolicy> Find(RuleContext context)
    {
        var windows = context.Windows.PathOf(WindowsFolder);
        var policies = In(context.Windows.Volume.RequireFiles(), windows, f => context.Windows.GuestPath($@"{windows}\{f}")).ToList();
        if (context.Boot.Esp is { Files: { } esp } volume)
        {
            policies.AddRange(In(esp, EspFolder, f => $@"partition {volume.Number}:\{EspFolder}\{f}"));
        }

        return policies;
    }

    /// <summary>Whether a policy is the one that stops drivers which are signed by their maker only.</summary>
    public static bool StopsCrossSigned(CodeIntegrityPolicy policy) => policy.Inbox == Inbox[CrossSigned];

    private static IEnumerable<CodeIntegrityPolicy> In(IFileSystem files, string folder, Func<string, string> describe) =>
        files.DirectoryExists(folder)
            ? files.Enumerate(folder).Take(MaximumEntries)
                .Where(e => !e.IsDirectory && e.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
                .OrderBy(e => e.Name, StringComparer.OrdinalIgnoreCase)
                .Select(e => new CodeIntegrityPolicy(describe(e.Name), NameOf(e.Name)))
            : [];

    private static string? NameOf(string file) =>
        Guid.TryParseExact(file[..^Extension.Length], "B", out var id) && Inbox.TryGetValue(id, out var name) ? name : null;
}
