using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages.Ova;
using OfflinePatch.Disks.Vmdk;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// A zip that holds an image, perhaps with its extents. The disk is the first member whose name ends as an image's does and that is no
/// extent of another; members are unpacked into temporary files as they are needed, and their CRC-32 is compared.
/// </summary>
internal sealed class ZipPackage : ImagePackage
{
    private const long MaxBytes = 64L * 1024 * 1024 * 1024 * 1024;
    private const int MaxMembers = 65_535;

    private static readonly string[] OtherEndings = ["img", "ova", "ovf", "gz", "xz", "zst", "e01", "bin", "dd"];

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files) => ReadStart(files.Image, 4).AsSpan().SequenceEqual("PK\x03\x04"u8);

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var members = new Members(files, formats);
        try
        {
            var disks = members.Disks();
            if (disks.Count == 0)
            {
                throw PackageError.NoDisk(files.ImagePath, "zip");
            }

            var name = disks[0].FullName;
            var inner = new PackageFiles(files, name, members.Unpack(disks[0]), members.Open);
            return formats.IsImage(inner)
                ? new PackageImage(formats.Open(inner), "The image is inside a zip.", OvaPackage.Facts(disks.Count, name), members)
                : throw PackageError.NoDisk(files.ImagePath, "zip");
        }
        catch
        {
            members.Dispose();
            throw;
        }
    }

    private sealed class Members : IDisposable
    {
        private readonly IImageFiles _files;
        private readonly IFormatSet _formats;
        private readonly ZipArchive _archive;
        private readonly List<TemporaryFileDevice> _unpacked = [];

        public Members(IImageFiles files, IFormatSet formats)
        {
            _files = files;
            _formats = formats;
            try
            {
                _archive = new ZipArchive(new DeviceStream(files.Image), ZipArchiveMode.Read);
                _ = _archive.Entries.Count;
            }
            catch (InvalidDataException)
            {
                throw PackageError.Damaged(files.ImagePath, "zip", "a damaged directory");
            }
        }

        public List<ZipArchiveEntry> Disks()
        {
            var named = _archive.Entries.Take(MaxMembers).Where(e => e.Length > 0 && IsImageName(e.Name)).ToList();
            return named.Count > 0 ? named
                : _archive.Entries.Where(e => e.Length >= 64 * 1024).OrderByDescending(e => e.Length).Take(1).ToList();
        }

        public PackageMember Open(string name)
        {
            var plain = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
            var entry = _archive.Entries.FirstOrDefault(e => string.Equals(e.Name, plain, StringComparison.OrdinalIgnoreCase));
            return entry is null ? throw OvaError.MissingMember(name) : Unpack(entry);
        }

        public PackageMember Unpack(ZipArchiveEntry entry)
        {
            if (entry.IsEncrypted)
            {
                throw PackageError.Encrypted(_files.ImagePath, entry.FullName);
            }

            var content = new TemporaryFileDevice();
            _unpacked.Add(content);
            var crc = new Crc32();
            try
            {
                using var stream = entry.Open();
                var buffer = new byte[1024 * 1024];
                for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0;)
                {
                    if (content.Length > Math.Min(MaxBytes, entry.Length) - count)
                    {
                        throw PackageError.TooLarge(_files.ImagePath, Math.Min(MaxBytes, entry.Length));
                    }

                    crc.Append(buffer.AsSpan(0, count));
                    content.Append(buffer.AsSpan(0, count));
                }
            }
            catch (InvalidDataException e)
            {
                throw PackageError.Damaged(_files.ImagePath, $"member {entry.FullName}", e.Message);
            }

            return content.Length == entry.Length && crc.GetCurrentHashAsUInt32() == entry.Crc32
                ? new PackageMember(content)
                : throw PackageError.Damaged(_files.ImagePath, $"member {entry.FullName}",
                    string.Create(CultureInfo.InvariantCulture, $"{content.Length} bytes with another checksum than the directory's"));
        }

        public void Dispose()
        {
            _archive.Dispose();
            _unpacked.ForEach(u => u.Dispose());
        }

        private bool IsImageName(string name)
        {
            var ending = name[(name.LastIndexOf('.') + 1)..];
            return !VmdkNames.IsExtent(name)
                && (_formats.All.Any(f => f.Name.Equals(ending, StringComparison.OrdinalIgnoreCase))
                    || OtherEndings.Contains(ending, StringComparer.OrdinalIgnoreCase));
        }
    }
}
