using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Accounts;

/// <summary>
/// The key that protects password hashes in a SAM, decrypted with the boot key. Revision 1 uses RC4 and MD5, revision 2 (Windows 10 1607
/// and later) AES-128-CBC. Source: impacket <c>secretsdump.py</c> (SAM_KEY_DATA, SAM_KEY_DATA_AES, SAM_HASH, SAM_HASH_AES); published by
/// Microsoft in [MS-SAMR] only in part.
/// </summary>
internal sealed class SamKey
{
    private readonly byte[] _key;

    private SamKey(byte[] key, int revision)
    {
        _key = key;
        Revision = revision;
    }

    /// <summary>1: RC4; 2: AES.</summary>
    public int Revision { get; }

    /// <summary>Reads and decrypts the key.</summary>
    /// <exception cref="UnsupportedImageException"><c>SAM-0002</c>: it is missing, of an unknown revision, or the boot key is not the one
    /// that it was encrypted with.</exception>
    public static SamKey Read(GuestHive sam, ReadOnlySpan<byte> bootKey)
    {
        var value = sam.Root.Find(@"SAM\Domains\Account")?.GetBinary("F");
        if (value is null || value.Length < Layout.Key + Layout.Rc4.Size)
        {
            throw AccountError.UnknownKey("it is missing or too short");
        }

        var data = value.AsSpan(Layout.Key);
        return BinaryPrimitives.ReadUInt32LittleEndian(data) switch
        {
            1 => ReadRc4(data, bootKey),
            2 => ReadAes(data, bootKey),
            var revision => throw AccountError.UnknownKey($"revision {revision}"),
        };
    }

    /// <summary>The record of an NT hash, to be stored for an account.</summary>
    /// <param name="hash">The hash, 16 bytes.</param>
    /// <param name="rid">The account.</param>
    /// <param name="revision">1 or 2: that of the record that is there.</param>
    /// <param name="keyId">The id of the key in the record that is there.</param>
    public byte[] Encrypt(ReadOnlySpan<byte> hash, uint rid, int revision, ushort keyId)
    {
        var hidden = ApplyDes(hash, rid, encrypt: true);
        if (revision == 1)
        {
            var record = new byte[Layout.Rc4Hash.Size];
            BinaryPrimitives.WriteUInt16LittleEndian(record, keyId);
            BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(Layout.Revision), 1);
            ApplyRc4(Rc4KeyOf(rid), hidden).CopyTo(record, Layout.Rc4Hash.Data);
            return record;
        }

        // Not secret, and different for each account and password. Derived, so that two runs on one image give the same bytes.
        byte[] salted = [.. BitConverter.GetBytes(rid), .. hash];
        var salt = HMACSHA256.HashData(_key, salted)[..Layout.AesHash.SaltSize];
        using var aes = Aes.Create();
        aes.Key = _key;
        var data = aes.EncryptCbc(hidden, salt, PaddingMode.PKCS7);
        var result = new byte[Layout.AesHash.Data + data.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(result, keyId);
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(Layout.Revision), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(Layout.AesHash.DataOffset), Layout.AesHash.SaltSize);
        salt.CopyTo(result, Layout.AesHash.Salt);
        data.CopyTo(result, Layout.AesHash.Data);
        return result;
    }

    /// <summary>The NT hash in a record; null where the record holds none, or is not understood.</summary>
    public byte[]? Decrypt(ReadOnlySpan<byte> record, uint rid)
    {
        if (record.Length < 4)
        {
            return null;
        }

        switch (BinaryPrimitives.ReadUInt16LittleEndian(record[Layout.Revision..]))
        {
            case 1 when record.Length == Layout.Rc4Hash.Size:
                return ApplyDes(ApplyRc4(Rc4KeyOf(rid), record[Layout.Rc4Hash.Data..]), rid, encrypt: false);
            case 2 when record.Length >= Layout.AesHash.Data + 32:
                using (var aes = Aes.Create())
                {
                    aes.Key = _key;
                    var plain = aes.DecryptCbc(record.Slice(Layout.AesHash.Data, 32),
                        record.Slice(Layout.AesHash.Salt, Layout.AesHash.SaltSize), PaddingMode.None);
                    return ApplyDes(plain.AsSpan(0, 16), rid, encrypt: false);
                }

            default:
                return null;
        }
    }

    private static SamKey ReadRc4(ReadOnlySpan<byte> data, ReadOnlySpan<byte> bootKey)
    {
        var rc4Key = MD5.HashData([.. data.Slice(Layout.Rc4.Salt, 16), .. Letters, .. bootKey, .. Digits]);
        var plain = ApplyRc4(rc4Key, data.Slice(Layout.Rc4.Key, 32));
        var key = plain[..16];
        return MD5.HashData([.. key, .. Digits, .. key, .. Letters]).AsSpan().SequenceEqual(plain.AsSpan(16))
            ? new SamKey(key, 1)
            : throw AccountError.UnknownKey("its checksum is wrong, so it was encrypted with another boot key");
    }

    private static SamKey ReadAes(ReadOnlySpan<byte> data, ReadOnlySpan<byte> bootKey)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(data[Layout.Aes.DataLength..]);
        if (length is < 16 or > 256 || length % 16 != 0 || data.Length < Layout.Aes.Data + length)
        {
            throw AccountError.UnknownKey($"{length} encrypted bytes");
        }

        using var aes = Aes.Create();
        aes.Key = bootKey.ToArray();
        var plain = aes.DecryptCbc(data.Slice(Layout.Aes.Data, (int)length), data.Slice(Layout.Aes.Salt, 16), PaddingMode.None);

        // 16 bytes and a whole block of PKCS#7 padding. A wrong key does not give that.
        return plain.Length == 32 && !plain.AsSpan(16).ContainsAnyExcept((byte)16)
            ? new SamKey(plain[..16], 2)
            : throw AccountError.UnknownKey("its padding is wrong, so it was encrypted with another boot key");
    }

    private byte[] Rc4KeyOf(uint rid) => MD5.HashData([.. _key, .. BitConverter.GetBytes(rid), .. "NTPASSWORD\0"u8]);

    private static byte[] ApplyRc4(byte[] key, ReadOnlySpan<byte> data)
    {
        var engine = new RC4Engine();
        engine.Init(forEncryption: true, new KeyParameter(key));
        var result = new byte[data.Length];
        engine.ProcessBytes(data, result);
        return result;
    }

    /// <summary>Each half of the hash with a key of 7 bytes of the account's id. Source: [MS-SAMR] 2.2.11.1.</summary>
    private static byte[] ApplyDes(ReadOnlySpan<byte> block, uint rid, bool encrypt)
    {
        Span<byte> id = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(id, rid);
        var result = new byte[16];
        for (var half = 0; half < 2; half++)
        {
            Span<byte> seven = half == 0
                ? [id[0], id[1], id[2], id[3], id[0], id[1], id[2]]
                : [id[3], id[0], id[1], id[2], id[3], id[0], id[1]];
            var engine = new DesEngine();
            engine.Init(encrypt, new KeyParameter(Spread(seven)));
            engine.ProcessBlock(block.Slice(half * 8, 8), result.AsSpan(half * 8, 8));
        }

        return result;
    }

    /// <summary>56 bits to the upper seven of eight bytes; DES ignores the lowest.</summary>
    private static byte[] Spread(ReadOnlySpan<byte> seven)
    {
        ulong bits = 0;
        foreach (var b in seven)
        {
            bits = (bits << 8) | b;
        }

        var key = new byte[8];
        for (var i = 0; i < key.Length; i++)
        {
            key[i] = (byte)(((bits >> (49 - (7 * i))) & 0x7F) << 1);
        }

        return key;
    }

    private static ReadOnlySpan<byte> Letters => "!@#$%^&*()qwertyUIOPAzxcvbnmQQQQQQQQQQQQ)(*@&%\0"u8;

    private static ReadOnlySpan<byte> Digits => "0123456789012345678901234567890123456789\0"u8;

    private static class Layout
    {
        public const int Key = 0x68; // in the value F of Domains\Account: u32 revision first
        public const int Revision = 0x02; // u16 in a record of a hash, after the u16 id of the key

        public static class Rc4
        {
            public const int Salt = 0x08;
            public const int Key = 0x18; // 16 bytes and a checksum of 16, encrypted together
            public const int Size = 0x38;
        }

        public static class Aes
        {
            public const int DataLength = 0x0C; // u32
            public const int Salt = 0x10;
            public const int Data = 0x20;
        }

        public static class Rc4Hash
        {
            public const int Data = 0x04;
            public const int Size = 0x14;
        }

        public static class AesHash
        {
            public const int DataOffset = 0x04; // u32, after the 8 bytes of the header
            public const int Salt = 0x08;
            public const int SaltSize = 16;
            public const int Data = 0x18;
        }
    }
}
