using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;

namespace OfflinePatch.Drivers.Tests.Packages;

[Trait("tier", "unit")]
public sealed class SignatureSelectionTests
{
    private static DriverSource Disc(params (string Folder, SampleSigner Signer)[] signed)
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (folder, signer) in signed)
        {
            foreach (var (path, content) in SampleDriverDisc.Virtio([SampleDrivers.VioStor], f => f == folder, signer))
            {
                disc.Add(path, content);
            }
        }

        return DriverSource.Scan(disc);
    }

    [Theory]
    [InlineData(SampleSigner.TestSigned)]
    [InlineData(SampleSigner.Attestation)]
    public void An_older_folder_that_Windows_accepts_is_taken(SampleSigner signer)
    {
        // virtio-win since 0.1.217: the folders of Windows 8.1 and 2012 R2 are test-signed, the one of 2008 R2 is not
        var source = Disc(("2k12R2", signer), ("2k8R2", SampleSigner.CrossSigned));
        var selection = DriverSelection.Choose(source.Packages, DriverManifest.Embedded.VirtIO!, Targets.Server2012R2, SampleTrust.Options);
        Assert.Contains("2k8R2", selection.Find("viostor")!.Path, StringComparison.Ordinal);
        Assert.Contains("2k12R2", selection.Fallback("viostor")!.Message, StringComparison.Ordinal);
        Assert.Contains("2k12R2", DriverSelection.Choose(source.Packages, DriverManifest.Embedded.VirtIO!, Targets.Server2012R2)
            .Find("viostor")!.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_none_is_accepted_the_best_is_chosen_and_refused()
    {
        var source = Disc(("2k12R2", SampleSigner.TestSigned), ("2k8R2", SampleSigner.TestSigned));
        var package = DriverSelection.Choose(source.Packages, DriverManifest.Embedded.VirtIO!, Targets.Server2012R2, SampleTrust.Options)
            .Find("viostor")!;
        Assert.Contains("2k12R2", package.Path, StringComparison.Ordinal);
        var check = DriverPackageCheck.Run(package, Targets.Server2012R2, SampleTrust.Options);
        Assert.Equal((false, true), (check.IsUsable(allowUnsigned: false), check.IsUsable(allowUnsigned: true)));
    }

    [Fact]
    public void Nothing_counts_by_a_signature_alone()
    {
        var package = Disc(("2k22", SampleSigner.Whql)).Packages[0];
        Assert.False(DriverPackageCheck.Run(package, Targets.Server2022).IsUsable(allowUnsigned: false));
        Assert.True(DriverPackageCheck.Run(package, Targets.Server2022, SampleTrust.Options).IsUsable(allowUnsigned: false));
    }

    [Fact]
    public void Cross_signed_drivers_are_named_for_secure_boot()
    {
        var package = Disc(("2k22", SampleSigner.CrossSigned)).Packages[0];
        var make = SampleTrust.Options;
        var check = DriverPackageCheck.Run(package, Targets.Server2022, make);
        Assert.True(check.IsUsable(allowUnsigned: false));
        Assert.Empty(check.RefusedWithSecureBoot); // the sample signer's certificate is of 2012
        Assert.True(check.NeedsTrustedPublisher);
        Assert.False(DriverPackageCheck.Run(Disc(("2k25", SampleSigner.CrossSigned)).Packages[0], Targets.Server2025, make)
            .IsUsable(allowUnsigned: false));
    }

    [Fact]
    public void A_package_is_complete_when_every_file_is_that_of_the_catalogue()
    {
        DriverPackageCheck Check(Func<string, byte[], byte[]?> change)
        {
            var folder = new MemoryFileSystem("store");
            foreach (var (name, content) in SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version))
            {
                if (change(name, content) is { } kept)
                {
                    folder.Add(name, kept);
                }
            }

            return DriverPackageCheck.Run(DriverPackage.Read(folder, "viostor.inf"), Targets.Windows10, SampleTrust.Options);
        }

        Assert.True(Check((_, c) => c).IsComplete);
        var missing = Check((n, c) => n == "viostor.sys" ? null : c);
        Assert.Equal((false, "viostor.sys"), (missing.IsComplete, Assert.Single(missing.MissingFiles)));
        var altered = Check((n, c) => n == "viostor.sys" ? [.. c[..0x2A0], (byte)(c[0x2A0] ^ 1), .. c[0x2A1..]] : c);
        Assert.Equal((false, "viostor.sys"), (altered.IsComplete, Assert.Single(altered.AlteredFiles)));
        Assert.False(Check((n, c) => n == "viostor.cat" ? null : c).IsComplete);
    }
}
