using System.Buffers.Binary;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// The values F and V of a user in SAM. F has fixed fields; V has descriptors, each of an offset and a length, and the items behind them.
/// Source: chntpw <c>sam.h</c>; impacket <c>secretsdump.py</c>.
/// </summary>
internal static class SamUser
{
    /// <summary>An item of V; empty where its descriptor leads outside.</summary>
    public static ReadOnlySpan<byte> Item(ReadOnlySpan<byte> v, int descriptor)
    {
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(v[descriptor..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(v[(descriptor + V.Length)..]);
        var room = (uint)(v.Length - V.Data);
        return offset > room || length > room - offset ? [] : v.Slice(V.Data + (int)offset, (int)length);
    }

    /// <summary>Offsets in F.</summary>
    public static class F
    {
        public const int PasswordSet = 0x18; // FILETIME
        public const int Expires = 0x20; // FILETIME; 0 and the maximum: never
        public const int Rid = 0x30; // u32
        public const int Flags = 0x38; // u16 account control bits
        public const int BadCount = 0x40; // u16
        public const int Minimum = 0x44;
    }

    /// <summary>Offsets in V. A descriptor is u32 offset from <see cref="Data"/>, u32 length, u32 unused.</summary>
    public static class V
    {
        public const int Name = 0x0C;
        public const int LmHash = 0x9C;
        public const int NtHash = 0xA8;
        public const int Data = 0xCC;

        /// <summary>The length, in a descriptor.</summary>
        public const int Length = 4;
    }

    /// <summary>Account control bits (ACB).</summary>
    public static class Bits
    {
        public const ushort Disabled = 0x0001;
        public const ushort PasswordNotRequired = 0x0004;
        public const ushort Normal = 0x0010;
        public const ushort Locked = 0x0400;

        /// <summary>A trust (0x40), a workstation (0x80) or a server (0x100).</summary>
        public const ushort Machine = 0x01C0;
    }
}
