using System.Buffers.Binary;
using OfflinePatch.Registry;

namespace OfflinePatch.Windows.Guest;

/// <summary>A local account, as SAM describes it. No secret is kept: no hash leaves the reader.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rid">Its relative id; 500 is the built-in Administrator.</param>
/// <param name="Flags">Account control bits (ACB).</param>
/// <param name="HasPassword">Whether an NT hash is stored. An empty password has none.</param>
/// <param name="IsAdministrator">Whether it is a member of the local group Administrators.</param>
/// <param name="ExpiresUtc">When it expires, or null.</param>
public sealed record LocalAccount(string Name, uint Rid, uint Flags, bool HasPassword, bool IsAdministrator, DateTime? ExpiresUtc)
{
    /// <summary>What it is for.</summary>
    public AccountKind Kind { get; init; }

    /// <summary>The built-in Administrator.</summary>
    public const uint AdministratorRid = 500;

    /// <summary>The built-in group of administrators.</summary>
    public const uint AdministratorsRid = 0x220;

    /// <summary>ACB 0x0001 is not set.</summary>
    public bool IsEnabled => (Flags & SamUser.Bits.Disabled) == 0;

    /// <summary>ACB 0x0400.</summary>
    public bool IsLocked => (Flags & SamUser.Bits.Locked) != 0;

    /// <summary>ACB 0x0010: an account of a person, not of a machine or a trust.</summary>
    public bool IsNormal => (Flags & SamUser.Bits.Normal) != 0;
}

/// <summary>
/// Reads local accounts from SAM (boot-network-accounts.md §3; layouts as chntpw's sam.h and impacket's secretsdump have them).
/// </summary>
public static class LocalAccounts
{
    private const int MaximumAccounts = 10_000;

    /// <summary>Every account, by relative id. Damaged records are left out.</summary>
    public static IReadOnlyList<LocalAccount> Read(GuestHive sam)
    {
        var account = sam.Root.Find(@"SAM\Domains\Account");
        var administrators = Members(sam.Root.Find(@"SAM\Domains\Builtin\Aliases\00000220")?.GetBinary("C"),
            MachineSid(account?.GetBinary("V")));
        var accounts = new List<LocalAccount>();
        foreach (var key in account?.Find("Users")?.SubKeys.Take(MaximumAccounts) ?? [])
        {
            if (uint.TryParse(key.Name, System.Globalization.NumberStyles.HexNumber, null, out var rid)
                && key.GetBinary("F") is { } f && f.Length >= SamUser.F.Minimum && key.GetBinary("V") is { } v
                && v.Length >= SamUser.V.Data)
            {
                accounts.Add(new LocalAccount(
                    Name(v) ?? $"(RID {rid})", rid, BinaryPrimitives.ReadUInt16LittleEndian(f.AsSpan(SamUser.F.Flags)), HasPassword(v),
                    administrators.Contains(rid), Expiry(f))
                { Kind = KindOf(rid, BinaryPrimitives.ReadUInt16LittleEndian(f.AsSpan(SamUser.F.Flags)), key) });
            }
        }

        return [.. accounts.OrderBy(a => a.Rid)];
    }

    /// <summary>
    /// The name of a built-in local group by its relative id (0x220: the administrators), in the language of this Windows; null when SAM
    /// does not say it.
    /// </summary>
    public static string? BuiltinGroupName(GuestHive sam, uint rid)
    {
        // Names holds a key per group, whose default value has the id as its type.
        var byName = sam.Root.Find(@"SAM\Domains\Builtin\Aliases\Names")
            ?.SubKeys.Take(MaximumAccounts).FirstOrDefault(k => k.FindValue("") is { } value && (uint)value.Type == rid)?.Name;
        if (byName is not null)
        {
            return byName;
        }

        var c = sam.Root.Find($@"SAM\Domains\Builtin\Aliases\{rid:X8}")?.GetBinary("C");
        if (c is not { Length: >= Layout.CData })
        {
            return null;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(Layout.CName));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(Layout.CName + 4));
        var room = (uint)(c.Length - Layout.CData);
        return length == 0 || offset > room || length > room - offset
            ? null
            : ValueText.Decode(c.AsSpan(Layout.CData + (int)offset, (int)length));
    }

    /// <summary>The names of the local groups; none where SAM does not list them.</summary>
    public static IReadOnlyList<string> GroupNames(GuestHive sam) =>
        [.. from domain in (string[])["Builtin", "Account"]
            from key in sam.Root.Find($@"SAM\Domains\{domain}\Aliases\Names")?.SubKeys.Take(MaximumAccounts) ?? []
            select key.Name];

    /// <summary>Whether the account is a Microsoft account: its key has values such as InternetUserName.</summary>
    internal static bool IsMicrosoftAccount(GuestKey key) =>
        key.Values.Any(value => value.Name.StartsWith("Internet", StringComparison.OrdinalIgnoreCase));

    private static AccountKind KindOf(uint rid, uint flags, GuestKey key) => rid switch
    {
        LocalAccount.AdministratorRid => AccountKind.BuiltInAdministrator,
        501 => AccountKind.BuiltInGuest,
        503 or 504 => AccountKind.System, // DefaultAccount, WDAGUtilityAccount
        _ when IsMicrosoftAccount(key) => AccountKind.Microsoft,
        _ when (flags & SamUser.Bits.Machine) != 0 => AccountKind.Machine,
        _ => AccountKind.Local,
    };

    private static string? Name(ReadOnlySpan<byte> v)
    {
        var name = SamUser.Item(v, SamUser.V.Name);
        return name.Length == 0 ? null : ValueText.Decode(name);
    }

    /// <summary>An NT hash is there: revision 1 (RC4) has 20 bytes with it, revision 2 (AES) more than its 24-byte header.</summary>
    private static bool HasPassword(ReadOnlySpan<byte> v)
    {
        var hash = SamUser.Item(v, SamUser.V.NtHash);
        return hash.Length >= 4 && BinaryPrimitives.ReadUInt16LittleEndian(hash[2..]) switch
        {
            2 => hash.Length > 0x18,
            _ => hash.Length >= 0x14,
        };
    }

    private static DateTime? Expiry(ReadOnlySpan<byte> f)
    {
        var time = FileTime.ToDateTime(BinaryPrimitives.ReadInt64LittleEndian(f[SamUser.F.Expires..]));
        return time == DateTime.MinValue ? null : time; // 0 and 2^63 - 1: never
    }

    /// <summary>The SID of a local account; null when SAM does not say that of the machine.</summary>
    internal static string? SidOf(GuestHive sam, uint rid) =>
        MachineSid(sam.Root.Find(@"SAM\Domains\Account")?.GetBinary("V")) is { } machine
            ? $"S-1-5-21-{BinaryPrimitives.ReadUInt32LittleEndian(machine)}-{BinaryPrimitives.ReadUInt32LittleEndian(machine.AsSpan(4))}-"
                + $"{BinaryPrimitives.ReadUInt32LittleEndian(machine.AsSpan(8))}-{rid}"
            : null;

    /// <summary>The SID of the machine: the last three sub-authorities are at the end of the domain's V.</summary>
    private static byte[]? MachineSid(byte[]? v) => v is { Length: >= 12 } ? v[^12..] : null;

    /// <summary>
    /// The relative ids of this machine's accounts in an alias (C: member list offset at 0x28, count at 0x30, data from 0x34).
    /// </summary>
    private static HashSet<uint> Members(byte[]? c, byte[]? machine)
    {
        var members = new HashSet<uint>();
        if (c is not { Length: >= Layout.CData } || machine is null)
        {
            return members;
        }

        long at = Layout.CData + (long)BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(Layout.CMembers));
        var count = BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(Layout.CCount));
        for (uint i = 0; i < count && at >= 0 && at + 8 <= c.Length; i++)
        {
            // A SID: u8 revision, u8 count of sub-authorities, 6 bytes authority, then u32 each.
            var subAuthorities = c[at + 1];
            var length = 8 + (subAuthorities * 4);
            if (at + length > c.Length)
            {
                break;
            }

            var sid = c.AsSpan((int)at, length);
            if (subAuthorities == 5 && sid.Slice(12, 12).SequenceEqual(machine))
            {
                members.Add(BinaryPrimitives.ReadUInt32LittleEndian(sid[24..]));
            }

            at += length;
        }

        return members;
    }

    /// <summary>Offsets in the value C of an alias.</summary>
    private static class Layout
    {
        public const int CName = 0x10; // u32 offset from 0x34, u32 length
        public const int CMembers = 0x28;
        public const int CCount = 0x30;
        public const int CData = 0x34;
    }
}
