using OfflinePatch.Core;

namespace OfflinePatch.Windows.Accounts;

/// <summary>Errors of local accounts; codes <c>SAM-0001</c> and up.</summary>
internal static class AccountError
{
    public static UnsupportedImageException NoBootKey(string part) =>
        new("SAM-0001", $@"The key that protects SAM cannot be read: Control\Lsa\{part} has no class name of 8 hexadecimal digits.");

    public static UnsupportedImageException UnknownKey(string why) =>
        new("SAM-0002", $@"The key in SAM\SAM\Domains\Account (value F) cannot be used: {why}.");

    public static RefusedException NoAccount(string name) =>
        new("SAM-0003", $"There is no local account {name}.", "`offlinepatch accounts list IMAGE` lists them.");

    public static RefusedException DamagedAccount(uint rid) =>
        new("SAM-0004", $"The record of the account with RID {rid} is damaged or has an unknown layout: nothing of it is changed.",
            "Change the account after the machine has started.");

    public static RefusedException MicrosoftAccount(uint rid) =>
        new("SAM-0005", $"The account with RID {rid} is a Microsoft account: its password is not kept on the machine.",
            "Set the password of a local account, for example of RID 500.");

    public static RefusedException DomainController() =>
        new("SAM-0006", "This is a domain controller: its accounts are in Active Directory, and SAM holds the recovery account only.",
            "Change accounts on a running domain controller.");

    public static RefusedException WeakPassword(string why, string demand) =>
        new("SAM-0007", $"The password is not accepted: {why}.", $"Choose one of {demand}. --target chooses whose requirement applies.");
}
