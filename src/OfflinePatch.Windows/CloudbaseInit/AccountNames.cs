using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// How a Windows calls its built-in administrator (RID 500) and the group of administrators (S-1-5-32-544): both are translated, and the
/// account may be renamed. The installer of the agent asks for the group's name by its SID; a profile names both in English.
/// </summary>
/// <param name="Administrator">The account, or null when SAM does not say it.</param>
/// <param name="Administrators">The group, or null when SAM does not say it.</param>
internal sealed record AccountNames(string? Administrator, string? Administrators)
{
    private const string EnglishAdministrator = "Administrator";
    private const string EnglishAdministrators = "Administrators";

    /// <summary>Reads the names from SAM; those of a domain controller are the domain's, and are not known here.</summary>
    public static AccountNames Of(WindowsSystem windows)
    {
        if (windows.Facts.IsDomainController || windows.Load(HiveName.Sam).Hive is not { } sam)
        {
            return new AccountNames(null, null);
        }

        return new AccountNames(
            LocalAccounts.Read(sam).FirstOrDefault(a => a.Rid == LocalAccount.AdministratorRid)?.Name,
            LocalAccounts.BuiltinGroupName(sam, LocalAccount.AdministratorsRid));
    }

    /// <summary>A setting with the names of this Windows. Where SAM does not say the group's name, the existing value stays.</summary>
    public CloudbaseInitSetting Translate(CloudbaseInitSetting setting) => setting switch
    {
        { Section: "DEFAULT", Key: "username", Value: EnglishAdministrator } when Administrator is not null =>
            setting with { Value = Administrator },
        { Section: "DEFAULT", Key: "groups" } when Administrators is null => setting with { IsRequired = false },
        { Section: "DEFAULT", Key: "groups" } =>
            setting with
            {
                Value = string.Join(',', setting.Value.Split(',').Select(g => g.Trim() == EnglishAdministrators ? Administrators : g)),
            },
        _ => setting,
    };
}
