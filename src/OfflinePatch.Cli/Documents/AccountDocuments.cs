namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>accounts list</c>.</summary>
/// <param name="Path">The image.</param>
/// <param name="Accounts">The accounts, by RID.</param>
/// <param name="Note">A remark, or null.</param>
internal sealed record AccountListDocument(string Path, IReadOnlyList<AccountEntry> Accounts, string? Note)
    : CommandDocument("accounts list");

/// <summary>A local account.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rid">Its relative id.</param>
/// <param name="Kind"><c>local</c>, <c>builtInAdministrator</c>, <c>builtInGuest</c>, <c>system</c>, <c>microsoft</c> or
/// <c>machine</c>.</param>
/// <param name="Administrator">Whether it is a member of Administrators.</param>
/// <param name="Enabled">Whether it is enabled.</param>
/// <param name="Locked">Whether it is locked after wrong passwords.</param>
/// <param name="Password"><c>set</c> or <c>blank</c>; never which.</param>
internal sealed record AccountEntry(string Name, uint Rid, string Kind, bool Administrator, bool Enabled, bool Locked, string Password)
{
    /// <summary>When it expires, UTC; null for never.</summary>
    public string? Expires { get; init; }
}
