using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using Xunit.Abstractions;

namespace OfflinePatch.Drivers.Tests.Signatures;

[Trait("tier", "layout")]
public sealed class SignatureTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(SamplePe.X86, ProcessorArchitecture.X86)]
    [InlineData(SamplePe.X64, ProcessorArchitecture.Amd64)]
    [InlineData(SamplePe.Arm64, ProcessorArchitecture.Arm64)]
    public void Reads_executables(ushort machine, ProcessorArchitecture architecture)
    {
        var image = PeImage.TryParse(SamplePe.Build(machine, "x"u8, [1, 2, 3]), out var reason)!;
        Assert.Equal(("", architecture, "100.95.104.26200", true, (ushort)1),
            (reason, image.Architecture, image.FileVersion.ToString(), image.HasEmbeddedSignature, image.Subsystem));
        Assert.Equal([1, 2, 3], image.Signatures().Single().ToArray());
        Assert.False(PeImage.TryParse(SamplePe.Build(machine, "x"u8), out _)!.HasEmbeddedSignature);
    }

    [Fact]
    public void The_authenticode_hash_leaves_the_signature_out()
    {
        var unsigned = SamplePe.Build(SamplePe.X64, "driver"u8);
        var signed = SamplePe.Build(SamplePe.X64, "driver"u8, new byte[100]);
        var other = SamplePe.Build(SamplePe.X64, "drivex"u8);
        byte[] Hash(byte[] file) => PeImage.TryParse(file, out _)!.Hash(HashAlgorithmName.SHA256);
        Assert.Equal(Hash(unsigned), Hash(signed));
        Assert.NotEqual(Hash(unsigned), Hash(other));
        signed[0x80 + 24 + 64] ^= 0xFF; // CheckSum
        Assert.Equal(Hash(unsigned), Hash(signed));
    }

    [Theory]
    [InlineData(SampleSignature.Sha1, "SHA-1")]
    [InlineData(SampleSignature.Sha256, "SHA-256")]
    public void Reads_signatures(string digest, string name)
    {
        var signature = SignedContent.TryParse(SampleSignature.Embedded(new byte[32], digest), out _)!;
        Assert.Equal(SampleSignature.Publisher, signature.SignerName);
        Assert.Equal([name], signature.DigestAlgorithms);
    }

    [Theory]
    [InlineData(SampleSignature.Sha1)]
    [InlineData(SampleSignature.Sha256)]
    public void Reads_catalogues(string digest)
    {
        var driver = SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version, catalog: digest);
        var catalog = Catalog.Parse(driver.Single(f => f.Name == "viostor.cat").Content, "viostor.cat");
        Assert.Equal((2, SampleSignature.Publisher), (catalog.MemberCount, catalog.Signature.SignerName));
        foreach (var (name, content) in driver.Where(f => f.Name != "viostor.cat"))
        {
            Assert.True(catalog.Lists(content), name);
            content[^1] ^= 1;
            content[0x210 % content.Length] ^= 1;
            Assert.False(catalog.Lists(content), name);
        }
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Damaged_signatures_are_told()
    {
        var good = SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version).Single(f => f.Name == "viostor.cat").Content;
        var random = new Random(7);
        var (unreadable, invalid) = (0, 0);
        for (var round = 0; round < 4000; round++)
        {
            var bad = round < good.Length ? good[..round] : good.ToArray();
            if (round >= good.Length)
            {
                bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            }

            try
            {
                var verdict = SignatureVerifier.Verify(Catalog.Parse(bad, "x.cat"), SampleTrust.Options);
                invalid += verdict.Kind < SignatureKind.CrossSigned ? 1 : 0;
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
                unreadable++;
            }
        }

        Assert.True(unreadable > good.Length / 2 && invalid > 1000, $"{unreadable} unreadable, {invalid} not valid");
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Damaged_executables_are_told()
    {
        var good = SamplePe.Build(SamplePe.X64, "x"u8, SampleSignature.Embedded(new byte[32]));
        var random = new Random(8);
        for (var round = 0; round < 4000; round++)
        {
            var bad = round < 0x300 ? good[..round] : good.ToArray();
            for (var i = 0; round >= 0x300 && i < 4; i++)
            {
                bad[random.Next(0x300)] = (byte)random.Next(256);
            }

            var image = PeImage.TryParse(bad, out _);
            image?.Hash(HashAlgorithmName.SHA1);
            foreach (var signature in image?.Signatures() ?? [])
            {
                SignedContent.TryParse(signature, out _);
            }

            if (image is not null)
            {
                SignatureVerifier.Verify(image, SampleTrust.Options);
            }
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Open_ssl_reads_our_sample_catalogue()
    {
        Oracle.Require("openssl");
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["x.cat"],
            SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version).Single(f => f.Name == "viostor.cat").Content);
        var result = Oracle.Run("openssl", "pkcs7", "-inform", "DER", "-in", scratch["x.cat"], "-print_certs", "-noout").MustSucceed();
        Assert.Contains(SampleSignature.Publisher, result.Output, StringComparison.Ordinal);
    }

    /// <summary>
    /// Foreign packages: each folder of <c>OFFLINEPATCH_PACKAGES</c> with a catalogue; counts the files that the catalogue lists.
    /// </summary>
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Foreign_catalogues_list_their_files()
    {
        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_PACKAGES");
        Skip.If(string.IsNullOrEmpty(folder) || !Directory.Exists(folder), "OFFLINEPATCH_PACKAGES names no folder");
        int catalogs = 0, broken = 0, listed = 0, missing = 0, digestBad = 0, embedded = 0, versions = 0, executables = 0;
        foreach (var path in Directory.EnumerateFiles(folder!, "*", SearchOption.AllDirectories)
            .Where(p => p.EndsWith(".cat", StringComparison.OrdinalIgnoreCase)))
        {
            Catalog catalog;
            try
            {
                catalog = Catalog.Parse(File.ReadAllBytes(path), Path.GetFileName(path));
                catalogs++;
                output.WriteLine($"{path}: {SignatureVerifier.Verify(catalog, SignatureOptions.Default)}");
                digestBad += SignatureVerifier.Verify(catalog, SignatureOptions.Default).Kind <= SignatureKind.Invalid ? 1 : 0;
            }
            catch (CorruptImageException e)
            {
                broken++;
                output.WriteLine($"{path}: {e.Message}");
                continue;
            }

            foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(path)!)
                .Where(f => Path.GetExtension(f).ToUpperInvariant() is ".INF" or ".SYS"))
            {
                var content = File.ReadAllBytes(file);
                if (PeImage.TryParse(content, out _) is { } image)
                {
                    executables++;
                    embedded += image.HasEmbeddedSignature ? 1 : 0;
                    output.WriteLine($"{file}: {SignatureVerifier.Verify(image, SignatureOptions.Default)}");
                    versions += image.FileVersion is not null ? 1 : 0;
                }

                if (catalog.Lists(content))
                {
                    listed++;
                }
                else
                {
                    missing++;
                    output.WriteLine($"{file} is not in {Path.GetFileName(path)}");
                }
            }
        }

        output.WriteLine($"{catalogs} catalogues, {broken} unreadable, {digestBad} with a signature that does not hold; {listed} files "
            + $"listed, {missing} not; {executables} executables, {versions} with a version, {embedded} signed inside");
    }
}
