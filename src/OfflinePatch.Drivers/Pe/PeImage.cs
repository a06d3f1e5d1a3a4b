using System.Security.Cryptography;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.Drivers.Pe;

/// <summary>
/// What a driver package needs to know about an executable: its machine, its version, whether it carries a signature of its own, and its
/// Authenticode hash. Source: learn.microsoft.com windows/win32/debug/pe-format; "Windows Authenticode Portable Executable Signature
/// Format" (2008).
/// </summary>
public sealed class PeImage
{
    private static class Layout
    {
        /// <summary>e_lfanew: offset of the PE header, u32 (IMAGE_DOS_HEADER).</summary>
        public const int NewHeader = 0x3C;

        /// <summary>Machine, u16, after the 4-byte signature (IMAGE_FILE_HEADER).</summary>
        public const int Machine = 0x04;

        /// <summary>NumberOfSections, u16.</summary>
        public const int SectionCount = 0x06;

        /// <summary>TimeDateStamp, u32.</summary>
        public const int TimeStamp = 0x08;

        /// <summary>SizeOfOptionalHeader, u16.</summary>
        public const int OptionalSize = 0x14;

        /// <summary>The optional header: Magic, u16: 0x10B for 32 bits, 0x20B for 64.</summary>
        public const int Optional = 0x18;

        /// <summary>CheckSum, u32, from the optional header.</summary>
        public const int CheckSum = 0x40;

        /// <summary>Subsystem, u16, from the optional header; 1 is native.</summary>
        public const int Subsystem = 0x44;

        /// <summary>Data directories from the optional header, PE32.</summary>
        public const int Directories32 = 0x60;

        /// <summary>Data directories from the optional header, PE32+.</summary>
        public const int Directories64 = 0x70;

        /// <summary>Length of a section header.</summary>
        public const int SectionHeader = 40;

        /// <summary>Index of the resource directory.</summary>
        public const int ResourceDirectory = 2;

        /// <summary>Index of the certificate table; its address is a file offset.</summary>
        public const int CertificateDirectory = 4;
    }

    private readonly ReadOnlyMemory<byte> _content;
    private readonly int _checkSum;
    private readonly int _certificateEntry;
    private readonly int _certificateOffset;
    private readonly int _certificateLength;
    private readonly int _sections;
    private readonly int _sectionCount;
    private readonly (uint Address, uint Length) _resources;

    private PeImage(ReadOnlyMemory<byte> content, int header, int optional, bool wide)
    {
        _content = content;
        var span = content.Span;
        MachineCode = U16(span, header + Layout.Machine);
        TimeStamp = DateTimeOffset.FromUnixTimeSeconds(U32(span, header + Layout.TimeStamp)).UtcDateTime;
        Subsystem = U16(span, optional + Layout.Subsystem);
        _checkSum = optional + Layout.CheckSum;
        _sectionCount = U16(span, header + Layout.SectionCount);
        _sections = optional + U16(span, header + Layout.OptionalSize);
        var directories = optional + (wide ? Layout.Directories64 : Layout.Directories32);
        var count = U32(span, directories - 4);
        _certificateEntry = directories + (8 * Layout.CertificateDirectory);
        if (count > Layout.CertificateDirectory && _certificateEntry + 8 <= span.Length)
        {
            var (offset, length) = (U32(span, _certificateEntry), U32(span, _certificateEntry + 4));
            if (offset != 0 && length >= 8 && (ulong)offset + length <= (ulong)span.Length)
            {
                (_certificateOffset, _certificateLength) = ((int)offset, (int)length);
            }
        }
        else
        {
            _certificateEntry = -1;
        }

        if (count > Layout.ResourceDirectory && directories + 24 <= span.Length)
        {
            _resources =
                (U32(span, directories + (8 * Layout.ResourceDirectory)), U32(span, directories + (8 * Layout.ResourceDirectory) + 4));
        }

        FileVersion = PeVersionResource.Read(span, MapResources());
    }

    /// <summary>IMAGE_FILE_MACHINE as stored: 0x14C x86, 0x8664 amd64, 0xAA64 arm64, 0x1C4 arm.</summary>
    public ushort MachineCode { get; }

    /// <summary>The architecture, or null for one that Windows drivers do not have.</summary>
    public ProcessorArchitecture? Architecture => OfMachine(MachineCode);

    /// <summary>Link time, UTC; reproducible builds put a hash there.</summary>
    public DateTime TimeStamp { get; }

    /// <summary>Subsystem; 1 is native, which every kernel driver has.</summary>
    public ushort Subsystem { get; }

    /// <summary>FileVersion of the version resource, or null.</summary>
    public DriverVersion? FileVersion { get; }

    /// <summary>Whether a certificate table is there.</summary>
    public bool HasEmbeddedSignature => _certificateLength > 0;

    /// <summary>Parses an executable; null when it is none, with the reason.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="reason">Why it is no executable, or empty.</param>
    public static PeImage? TryParse(ReadOnlyMemory<byte> content, out string reason)
    {
        var span = content.Span;
        reason = "it has no MZ header";
        if (span.Length < 0x40 || span[0] != 'M' || span[1] != 'Z')
        {
            return null;
        }

        reason = "it has no PE header";
        var header = U32(span, Layout.NewHeader);
        if (header > span.Length - 0x18 - 2 || U32(span, (int)header) != 0x0000_4550)
        {
            return null;
        }

        var optional = (int)header + Layout.Optional;
        var magic = U16(span, optional);
        var wide = magic == 0x20B;
        reason = "its optional header is cut short or unknown";
        if ((magic != 0x10B && !wide) || optional + (wide ? Layout.Directories64 : Layout.Directories32) > span.Length)
        {
            return null;
        }

        reason = "";
        return new PeImage(content, (int)header, optional, wide);
    }

    /// <summary>The architecture in the headers of a file, of which no more is read; null where it is missing or no executable.</summary>
    public static ProcessorArchitecture? ReadArchitecture(IFileSystem files, string path)
    {
        if (!files.FileExists(path))
        {
            return null;
        }

        Span<byte> start = stackalloc byte[Layout.NewHeader + sizeof(uint)];
        if (files.Read(path, 0, start) < start.Length || start[0] != 'M' || start[1] != 'Z')
        {
            return null;
        }

        Span<byte> header = stackalloc byte[Layout.Machine + sizeof(ushort)];
        return files.Read(path, U32(start, Layout.NewHeader), header) == header.Length && header.StartsWith("PE\0\0"u8)
            ? OfMachine(U16(header, Layout.Machine))
            : null;
    }

    private static ProcessorArchitecture? OfMachine(ushort code) => code switch
    {
        0x014C => ProcessorArchitecture.X86,
        0x8664 => ProcessorArchitecture.Amd64,
        0xAA64 => ProcessorArchitecture.Arm64,
        0x01C0 or 0x01C4 => ProcessorArchitecture.Arm,
        0x0200 => ProcessorArchitecture.Ia64,
        _ => null,
    };

    /// <summary>
    /// The signatures in the certificate table (WIN_CERTIFICATE of type 2, PKCS#7), each as DER; nested signatures are inside the first.
    /// </summary>
    public IEnumerable<ReadOnlyMemory<byte>> Signatures()
    {
        var position = _certificateOffset;
        var end = _certificateOffset + _certificateLength;
        for (var n = 0; n < 16 && position + 8 <= end; n++)
        {
            var length = U32(_content.Span, position);
            var type = U16(_content.Span, position + 6);
            if (length < 8 || length > end - position)
            {
                yield break;
            }

            if (type == 2)
            {
                yield return _content.Slice(position + 8, (int)length - 8);
            }

            position += ((int)length + 7) & ~7;
        }
    }

    /// <summary>
    /// The Authenticode hash: the file without CheckSum, the certificate directory's entry and the certificate table. A length that is no
    /// multiple of 8 is padded with zeros when <paramref name="padded"/>, as it is once a signature is put after it.
    /// </summary>
    public byte[] Hash(HashAlgorithmName algorithm, bool padded = true)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        var span = _content.Span;
        hash.AppendData(span[.._checkSum]);
        var afterCheckSum = _checkSum + 4;
        if (_certificateEntry > 0)
        {
            hash.AppendData(span[afterCheckSum.._certificateEntry]);
            afterCheckSum = _certificateEntry + 8;
        }

        var end = _certificateLength > 0 ? _certificateOffset : span.Length;
        if (end > afterCheckSum)
        {
            hash.AppendData(span[afterCheckSum..end]);
        }

        if (_certificateLength > 0 && _certificateOffset + _certificateLength < span.Length)
        {
            hash.AppendData(span[(_certificateOffset + _certificateLength)..]);
        }

        if (padded && end % 8 != 0)
        {
            hash.AppendData(new byte[8 - (end % 8)]);
        }

        return hash.GetHashAndReset();
    }

    private (int Offset, int Length, uint Address) MapResources()
    {
        var (address, length) = _resources;
        var span = _content.Span;
        for (var i = 0; i < Math.Min(_sectionCount, 96) && _sections + ((i + 1) * Layout.SectionHeader) <= span.Length; i++)
        {
            var section = _sections + (i * Layout.SectionHeader);
            var (virtualAddress, rawLength, raw) = (U32(span, section + 12), U32(span, section + 16), U32(span, section + 20));
            if (address != 0 && address >= virtualAddress && address - virtualAddress < rawLength
                && (ulong)raw + rawLength <= (ulong)span.Length)
            {
                return ((int)(raw + (address - virtualAddress)), (int)Math.Min(length, rawLength - (address - virtualAddress)), address);
            }
        }

        return default;
    }
}
