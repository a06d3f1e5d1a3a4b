using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OfflinePatch.Testing.Drivers;

/// <summary>
/// One driver package of our own writing: an INF with the ids, services and values that the real driver has (drivers.md §6 and §7), stubs in place of its
/// binaries, and a catalogue that lists them.
/// </summary>
public sealed record SampleDriver
{
    /// <summary>Name of the INF without extension.</summary>
    public required string Inf { get; init; }

    /// <summary>Folder on a disc of the virtio-win layout.</summary>
    public required string Folder { get; init; }

    public required string ClassName { get; init; }

    public required string ClassGuid { get; init; }

    public required string Description { get; init; }

    /// <summary>Models lines after the description: install section and ids.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Everything from the install sections on; <c>@DIR@</c> stands for the directory id of the drivers.</summary>
    public required string Body { get; init; }

    /// <summary>Binaries, all copied to the directory of the drivers unless the body says otherwise.</summary>
    public required IReadOnlyList<string> Binaries { get; init; }

    public string Maker { get; init; } = "Sample VirtIO, Inc.";

    /// <summary>The INF's text.</summary>
    /// <param name="architecture"><c>amd64</c>, <c>x86</c> or <c>arm64</c>.</param>
    /// <param name="version">DriverVer: date and version.</param>
    /// <param name="decoration">What follows the architecture in the decoration: <c>.6.1</c>, <c>.10.0...16299</c>, or nothing.</param>
    /// <param name="directory">The directory id of the drivers: 12, or 13 for the package's own folder.</param>
    public string InfText(string architecture, string version, string decoration = "", int directory = 12)
    {
        var text = new StringBuilder();
        text.Append($"; sample driver of OfflinePatch\r\n[Version]\r\nSignature=\"$Windows NT$\"\r\nClass={ClassName}\r\nClassGuid={ClassGuid}\r\nProvider=%VENDOR%\r\n")
            .Append($"DriverVer={version}\r\nCatalogFile={Inf}.cat\r\nPnpLockdown=1\r\n\r\n[SourceDisksNames]\r\n1 = %DiskId1%,,,\"\"\r\n\r\n[SourceDisksFiles]\r\n");
        foreach (var binary in Binaries)
        {
            text.Append($"{binary} = 1,,\r\n");
        }

        text.Append($"\r\n[DestinationDirs]\r\nDefaultDestDir = {directory}\r\n\r\n[Manufacturer]\r\n%VENDOR% = Models,NT{architecture}{decoration}\r\n\r\n[Models.NT{architecture}{decoration}]\r\n");
        foreach (var model in Models)
        {
            text.Append($"%DeviceDesc% = {model}\r\n");
        }

        text.Append("\r\n").Append(Body.ReplaceLineEndings("\r\n").Replace("@DIR@", $"{directory}", StringComparison.Ordinal))
            .Append($"\r\n[Strings]\r\nVENDOR = \"{Maker}\"\r\nDiskId1 = \"{Description} disk\"\r\nDeviceDesc = \"{Description}\"\r\n");
        return text.ToString();
    }

    /// <summary>The package's files by name: INF, binaries, catalogue.</summary>
    /// <inheritdoc cref="InfText"/>
    /// <param name="embedded">Digest of the signature inside the binaries, or null for none.</param>
    /// <param name="catalog">Digest of the catalogue.</param>
    public IReadOnlyList<(string Name, byte[] Content)> Build(
        string architecture, string version, string decoration = "", int directory = 12, string? embedded = SampleSignature.Sha256, string catalog = SampleSignature.Sha256)
    {
        var inf = Encoding.ASCII.GetBytes(InfText(architecture, version, decoration, directory));
        var files = new List<(string Name, byte[] Content)> { ($"{Inf}.inf", inf) };
        var members = new List<(string Name, byte[] Hash)> { ($"{Inf}.inf", Hash(inf, catalog)) };
        foreach (var binary in Binaries)
        {
            var content = Encoding.ASCII.GetBytes($"{binary} {architecture} {version}");
            var machine = architecture switch { "x86" => SamplePe.X86, "arm64" => SamplePe.Arm64, _ => SamplePe.X64 };
            var image = SamplePe.Build(machine, content);
            var signature = embedded is null ? null : SampleSignature.Embedded(AuthenticodeHash(image, embedded), embedded);
            members.Add((binary, AuthenticodeHash(image, catalog)));
            files.Add((binary, SamplePe.Build(machine, content, signature)));
        }

        files.Add(($"{Inf}.cat", SampleSignature.Catalog(members, catalog)));
        return files;
    }

    /// <summary>The Authenticode hash of an unsigned stub: everything but the checksum and the certificate directory's entry.</summary>
    private static byte[] AuthenticodeHash(byte[] image, string digest)
    {
        var optional = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(0x3C)) + 24;
        var directories = optional + (BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(optional)) == 0x20B ? 112 : 96);
        var entry = directories + (4 * 8);
        return Hash([.. image[..(optional + 64)], .. image[(optional + 68)..entry], .. image[(entry + 8)..]], digest);
    }

    private static byte[] Hash(byte[] content, string digest) => digest == SampleSignature.Sha1 ? SHA1.HashData(content) : SHA256.HashData(content);
}
