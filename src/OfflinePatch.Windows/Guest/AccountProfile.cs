namespace OfflinePatch.Windows.Guest;

/// <summary>
/// The profile of the account that a service runs under, whose HKEY_CURRENT_USER the service sees: <c>ProfileList\SID</c> names its folder.
/// Source: learn.microsoft.com, "Service User Accounts", "About User Profiles".
/// </summary>
internal static class AccountProfile
{
    private const string ProfileList = @"Microsoft\Windows NT\CurrentVersion\ProfileList";
    private const int MaximumProfiles = 10_000;

    /// <summary>Whether an ObjectName is LocalSystem, whose HKEY_CURRENT_USER is the hive DEFAULT.</summary>
    public static bool IsLocalSystem(string? account) => account is null or "" || Split(account) is var (domain, name)
        && (name.Equals("LocalSystem", StringComparison.OrdinalIgnoreCase)
            || (name.Equals("SYSTEM", StringComparison.OrdinalIgnoreCase)
                && domain.Equals("NT AUTHORITY", StringComparison.OrdinalIgnoreCase)));

    /// <summary>
    /// The hive of an account's profile; null for LocalSystem, for an account that has no profile on this volume, and where the hive cannot
    /// be read.
    /// </summary>
    public static GuestHive? Load(WindowsSystem windows, string? account) =>
        IsLocalSystem(account) || FolderOf(windows, account!) is not { } folder ? null : windows.LoadProfile(folder).Hive;

    private static string? FolderOf(WindowsSystem windows, string account)
    {
        var (domain, name) = Split(account);
        var list = windows.Software.Root.Find(ProfileList);
        var key = SidOf(windows, domain, name) is { } sid ? list?.Find(sid) : null;

        // The ids of a domain's accounts are not on this disk: Windows names a folder after the account, a second one after both.
        string[] folders = [$"{name}.{domain}", name];
        key ??= folders.SelectMany(f => (list?.SubKeys ?? []).Take(MaximumProfiles).Where(k =>
            k.GetString("ProfileImagePath")?.EndsWith('\\' + f, StringComparison.OrdinalIgnoreCase) == true)).FirstOrDefault();
        return key?.GetString("ProfileImagePath") is { Length: > 0 } path
            ? ServiceImage.Resolve(windows, $"\"{path.TrimEnd('\\')}\"")
            : null;
    }

    private static string? SidOf(WindowsSystem windows, string domain, string name)
    {
        var builtIn = name.Replace(" ", "", StringComparison.Ordinal);
        if (domain.StartsWith("NT ", StringComparison.OrdinalIgnoreCase))
        {
            return builtIn.Equals("LocalService", StringComparison.OrdinalIgnoreCase) ? "S-1-5-19"
                : builtIn.Equals("NetworkService", StringComparison.OrdinalIgnoreCase) ? "S-1-5-20" : null;
        }

        var isLocal = domain is "" or "." || domain.Equals(windows.Facts.ComputerName, StringComparison.OrdinalIgnoreCase);
        return isLocal && windows.Load(HiveName.Sam).Hive is { } sam
            && LocalAccounts.Read(sam).FirstOrDefault(a => a.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } local
            ? LocalAccounts.SidOf(sam, local.Rid)
            : null;
    }

    /// <summary><c>DOMAIN\name</c>, <c>.\name</c>, <c>name</c>, or <c>name@domain</c>.</summary>
    private static (string Domain, string Name) Split(string account)
    {
        var slash = account.IndexOf('\\', StringComparison.Ordinal);
        var at = account.IndexOf('@', StringComparison.Ordinal);
        return slash >= 0 ? (account[..slash], account[(slash + 1)..])
            : at >= 0 ? (account[(at + 1)..].Split('.')[0], account[..at])
            : ("", account);
    }
}
