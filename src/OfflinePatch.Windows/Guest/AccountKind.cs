namespace OfflinePatch.Windows.Guest;

/// <summary>What an account of SAM is for.</summary>
public enum AccountKind
{
    /// <summary>A user's account, with a password that is kept on the machine.</summary>
    Local,

    /// <summary>RID 500, whatever its name is.</summary>
    BuiltInAdministrator,

    /// <summary>RID 501.</summary>
    BuiltInGuest,

    /// <summary>RID 503 and 504, which Windows uses for itself: DefaultAccount, WDAGUtilityAccount.</summary>
    System,

    /// <summary>A user's account whose password is kept by Microsoft.</summary>
    Microsoft,

    /// <summary>The account of a machine or of a trusted domain (ACB 0x40, 0x80, 0x100).</summary>
    Machine,
}
