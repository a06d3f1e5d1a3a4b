using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Accounts;

/// <summary>
/// Changes local accounts in SAM: password, disabled, locked. The existing layout (RC4 or AES) is kept, and so is every byte that is not
/// meant. What depends on the old password is lost to its user: files encrypted with EFS, saved credentials, private keys of certificates
/// (DPAPI). Source: chntpw <c>sam.h</c>; impacket <c>secretsdump.py</c>.
/// </summary>
public sealed class AccountEditor
{
    private const int AbsentRc4 = 4; // bytes of a record without a hash
    private const int AbsentAes = 0x18;

    private readonly GuestHive _sam;
    private readonly WindowsSystem _windows;
    private SamKey? _key;

    /// <param name="windows">The installation.</param>
    /// <exception cref="RefusedException"><c>SAM-0006</c>: it is a domain controller.</exception>
    /// <exception cref="CorruptImageException">SAM is missing or damaged.</exception>
    public AccountEditor(WindowsSystem windows)
        : this(windows, isDomainControllerAllowed: false)
    {
    }

    private AccountEditor(WindowsSystem windows, bool isDomainControllerAllowed)
    {
        if (windows.Facts.IsDomainController && !isDomainControllerAllowed)
        {
            throw AccountError.DomainController();
        }

        _windows = windows;
        _sam = windows.Find(HiveName.Sam) ?? throw AccountError.UnknownKey("there is no SAM");
    }

    /// <summary>An editor that only reads, also for a domain controller, whose SAM has the accounts of its recovery mode.</summary>
    public static AccountEditor ToRead(WindowsSystem windows) => new(windows, isDomainControllerAllowed: true);

    /// <summary>The accounts, by relative id.</summary>
    public IReadOnlyList<LocalAccount> List() => LocalAccounts.Read(_sam);

    /// <summary>The account of a name, without case, or of a relative id in decimal digits.</summary>
    /// <exception cref="RefusedException"><c>SAM-0003</c>: there is none.</exception>
    public LocalAccount Find(string nameOrRid)
    {
        var accounts = List();
        return accounts.FirstOrDefault(a => a.Name.Equals(nameOrRid, StringComparison.OrdinalIgnoreCase))
            ?? accounts.FirstOrDefault(a => a.Rid.ToString(System.Globalization.CultureInfo.InvariantCulture) == nameOrRid)
            ?? throw AccountError.NoAccount(nameOrRid);
    }

    /// <summary>
    /// Whether an account can be used without a password: it has no NT hash, or the one of the empty text. Reads only; where the key of SAM
    /// cannot be read, only the former is seen.
    /// </summary>
    public bool IsBlank(LocalAccount account)
    {
        if (!account.HasPassword)
        {
            return true;
        }

        try
        {
            return HasPassword(account.Rid, "");
        }
        catch (Exception e) when (e is UnsupportedImageException or RefusedException)
        {
            return false;
        }
    }

    /// <summary>Whether an account has this password. Reads only.</summary>
    public bool HasPassword(uint rid, string password) =>
        Key.Decrypt(SamUser.Item(Record(rid).V, SamUser.V.NtHash), rid) is { } hash
            && hash.AsSpan().SequenceEqual(PasswordHash.Of(password));

    /// <summary>
    /// Sets the password of an account. The LM hash is removed; the time of the change is now, so that it need not be changed at the next
    /// logon.
    /// </summary>
    /// <param name="rid">The account.</param>
    /// <param name="password">The password.</param>
    /// <param name="policy">What it must consist of.</param>
    /// <exception cref="RefusedException"><c>SAM-0004</c>: its record is not understood; <c>SAM-0005</c>: it is a Microsoft account;
    /// <c>SAM-0007</c>: the password is too weak.</exception>
    public void SetPassword(uint rid, string password, PasswordPolicy policy)
    {
        if (policy.WhyNot(password, List().FirstOrDefault(a => a.Rid == rid)?.Name) is { } why)
        {
            throw AccountError.WeakPassword(why, policy.Text);
        }

        var (key, f, v) = Record(rid);
        if (LocalAccounts.IsMicrosoftAccount(key))
        {
            throw AccountError.MicrosoftAccount(rid);
        }

        var old = SamUser.Item(v, SamUser.V.NtHash);
        var revision = old.Length >= 4 ? BinaryPrimitives.ReadUInt16LittleEndian(old[2..]) : Key.Revision;
        if (revision is not (1 or 2))
        {
            throw AccountError.DamagedAccount(rid);
        }

        var keyId = old.Length >= 4 ? BinaryPrimitives.ReadUInt16LittleEndian(old) : (ushort)1;
        v = WithItem(v, SamUser.V.NtHash, Key.Encrypt(PasswordHash.Of(password), rid, revision, keyId));
        var lm = SamUser.Item(v, SamUser.V.LmHash);
        var absent = lm.Length >= 4 && BinaryPrimitives.ReadUInt16LittleEndian(lm[2..]) == 2 ? AbsentAes : AbsentRc4;
        if (lm.Length > absent)
        {
            // Only the length: the descriptor's offset and the bytes after it stay.
            BinaryPrimitives.WriteInt32LittleEndian(v.AsSpan(SamUser.V.LmHash + SamUser.V.Length), absent);
        }

        Put(key, "V", v);
        BinaryPrimitives.WriteInt64LittleEndian(f.AsSpan(SamUser.F.PasswordSet), FileTime.Now(_sam.Changes.Clock));
        SetFlags(key, f, clear: SamUser.Bits.Locked | SamUser.Bits.PasswordNotRequired);
    }

    /// <summary>Enables an account, and unlocks it.</summary>
    public void Enable(uint rid)
    {
        var (key, f, _) = Record(rid);
        SetFlags(key, f, clear: SamUser.Bits.Disabled | SamUser.Bits.Locked);
    }

    /// <summary>Unlocks an account after too many wrong passwords.</summary>
    public void Unlock(uint rid)
    {
        var (key, f, _) = Record(rid);
        SetFlags(key, f, clear: SamUser.Bits.Locked);
    }

    private SamKey Key => _key ??= SamKey.Read(_sam, BootKey.Read(_windows.Current));

    private void SetFlags(GuestKey key, byte[] f, ushort clear)
    {
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(f.AsSpan(SamUser.F.Flags));
        BinaryPrimitives.WriteUInt16LittleEndian(f.AsSpan(SamUser.F.Flags), (ushort)(flags & ~clear));
        BinaryPrimitives.WriteUInt16LittleEndian(f.AsSpan(SamUser.F.BadCount), 0);
        Put(key, "F", f);
    }

    /// <summary>Writes a value; the log of changes gets its name only, because it holds hashes.</summary>
    private void Put(GuestKey key, string name, byte[] data)
    {
        if (!key.GetBinary(name).AsSpan().SequenceEqual(data))
        {
            key.Inner.SetBinary(name, data);
            _sam.Changes.RecordRegistry(key.Path, name, "(not shown)", "(changed, not shown)");
        }
    }

    private (GuestKey Key, byte[] F, byte[] V) Record(uint rid)
    {
        var key = _sam.Root.Find($@"SAM\Domains\Account\Users\{rid:X8}") ?? throw AccountError.NoAccount($"with RID {rid}");
        var f = key.GetBinary("F");
        var v = key.GetBinary("V");
        return f is { Length: >= SamUser.F.Minimum } && v is { Length: >= SamUser.V.Data }
            && BinaryPrimitives.ReadUInt32LittleEndian(f.AsSpan(SamUser.F.Rid)) == rid
            ? (key, f, v)
            : throw AccountError.DamagedAccount(rid);
    }

    /// <summary>In place where the length is the same; else after everything, so that nothing else moves.</summary>
    private static byte[] WithItem(byte[] v, int descriptor, byte[] item)
    {
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(v.AsSpan(descriptor));
        if (SamUser.Item(v, descriptor).Length == item.Length)
        {
            item.CopyTo(v, SamUser.V.Data + (int)offset);
            return v;
        }

        var start = (v.Length + 3) / 4 * 4;
        var larger = new byte[start + item.Length];
        v.CopyTo(larger, 0);
        item.CopyTo(larger, start);
        BinaryPrimitives.WriteInt32LittleEndian(larger.AsSpan(descriptor), start - SamUser.V.Data);
        BinaryPrimitives.WriteInt32LittleEndian(larger.AsSpan(descriptor + SamUser.V.Length), item.Length);
        return larger;
    }
}
