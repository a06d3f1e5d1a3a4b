using System.Buffers.Binary;

namespace OfflinePatch.Testing.Drivers;

/// <summary>Executables with true headers, a version resource, and no code.</summary>
public static class SamplePe
{
    public const ushort X86 = 0x014C;
    public const ushort X64 = 0x8664;
    public const ushort Arm64 = 0xAA64;

    private const int Header = 0x80;
    private const int SectionStart = 0x200;
    private const int SectionAddress = 0x1000;

    /// <summary>One section: a resource directory with a version, then <paramref name="content"/>.</summary>
    /// <param name="machine">IMAGE_FILE_MACHINE.</param>
    /// <param name="content">What makes one differ from another.</param>
    /// <param name="certificate">PKCS#7 for the certificate table, or empty.</param>
    /// <param name="version">FileVersion, packed as Windows does.</param>
    public static byte[] Build(ushort machine, ReadOnlySpan<byte> content, ReadOnlySpan<byte> certificate = default, ulong version = 0x0064_005F_0068_6658)
    {
        var wide = machine != X86;
        var resources = Resources(version);
        var sectionLength = (resources.Length + content.Length + 0x1FF) & ~0x1FF;
        var certificateLength = certificate.IsEmpty ? 0 : (8 + certificate.Length + 7) & ~7;
        var file = new byte[SectionStart + sectionLength + certificateLength];
        "MZ"u8.CopyTo(file);
        U32(file, 0x3C, Header);
        "PE\0\0"u8.CopyTo(file.AsSpan(Header));
        U16(file, Header + 4, machine);
        U16(file, Header + 6, 1);
        U16(file, Header + 20, (ushort)(wide ? 0xF0 : 0xE0));
        const int Optional = Header + 24;
        U16(file, Optional, (ushort)(wide ? 0x20B : 0x10B));
        U16(file, Optional + 68, 1);
        var directories = Optional + (wide ? 112 : 96);
        U32(file, directories - 4, 16);
        U32(file, directories + 16, SectionAddress);
        U32(file, directories + 20, (uint)resources.Length);
        if (certificateLength > 0)
        {
            U32(file, directories + 32, (uint)(SectionStart + sectionLength));
            U32(file, directories + 36, (uint)certificateLength);
            U32(file, SectionStart + sectionLength, (uint)(8 + certificate.Length));
            U16(file, SectionStart + sectionLength + 4, 0x200);
            U16(file, SectionStart + sectionLength + 6, 2);
            certificate.CopyTo(file.AsSpan(SectionStart + sectionLength + 8));
        }

        var section = Optional + (wide ? 0xF0 : 0xE0);
        ".rsrc"u8.CopyTo(file.AsSpan(section));
        U32(file, section + 8, (uint)sectionLength);
        U32(file, section + 12, SectionAddress);
        U32(file, section + 16, (uint)sectionLength);
        U32(file, section + 20, SectionStart);
        resources.CopyTo(file, SectionStart);
        content.CopyTo(file.AsSpan(SectionStart + resources.Length));
        return file;
    }

    private static byte[] Resources(ulong version)
    {
        // three directories of one entry each (type 16, name 1, language 1033), a data entry, and VS_FIXEDFILEINFO
        var bytes = new byte[0x90];
        uint[] ids = [16, 1, 1033];
        for (var i = 0; i < 3; i++)
        {
            var at = i * 0x18;
            U16(bytes, at + 14, 1);
            U32(bytes, at + 16, ids[i]);
            U32(bytes, at + 20, i == 2 ? 0x48u : 0x8000_0000 | (uint)((i + 1) * 0x18));
        }

        U32(bytes, 0x48, SectionAddress + 0x58);
        U32(bytes, 0x4C, 0x34);
        U32(bytes, 0x58, 0xFEEF04BD);
        U32(bytes, 0x60, (uint)(version >> 32));
        U32(bytes, 0x64, (uint)(version & uint.MaxValue));
        return bytes;
    }

    private static void U16(byte[] bytes, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(offset), value);

    private static void U32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
}
