using System.Security.Cryptography;
using System.Text;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Drivers.Tests;
using OfflinePatch.Drivers.Tests.Inf;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;
using WindowsTargets = OfflinePatch.Drivers.Tests.Targets;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>INFs, executables, signatures, catalogues and the manifest of drivers.</summary>
internal static class DriverTargets
{
    private static readonly byte[][] Driver =
        [.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version)
            .OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => f.Content)];

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("inf", () => [Encoding.Latin1.GetBytes(InfSamples.Storage), Driver[1]], RunInf) { IsText = true },
        new("pe", () => [SamplePe.Build(SamplePe.X64, "x"u8, SampleSignature.Embedded(new byte[32])), Driver[2]], RunPe),
        new("pkcs7", () => [SampleSignature.Embedded(new byte[32]), Driver[0]], input =>
        {
            if (SignedContent.TryParse(input.Memory, out _) is { } content)
            {
                _ = (content.SignerName, content.DigestAlgorithms);
            }
        }),
        new("catalogue", () => [Driver[0]],
            input => SignatureVerifier.Verify(Catalog.Parse(input.Memory, "fuzz.cat"), SampleTrust.Options)),
        new("certificate", () => [SampleAuthority.RootCertificate], input => TrustAnchor.TryRead(input.Memory.ToArray())),
        new("manifest", () => Directory.GetFiles(Path.Combine(Repository.Root, "drivers-manifest"), "*.json")
            .Where(f => !f.EndsWith("schema.json", StringComparison.Ordinal)).Order().Select(File.ReadAllBytes),
            input => DriverFamily.Parse(input.Span, "fuzz.json")) { IsText = true },
    ];

    private static void RunInf(FuzzInput input)
    {
        var inf = InfFile.Parse(input.Span, "fuzz.inf");
        foreach (var target in WindowsTargets.All)
        {
            foreach (var section in InfModels.Select(inf, target).Models.Select(m => m.InstallSection).Distinct().Take(20))
            {
                InfEvaluator.Evaluate(inf, section, target);
            }
        }
    }

    private static void RunPe(FuzzInput input)
    {
        if (PeImage.TryParse(input.Memory, out _) is not { } image)
        {
            return;
        }

        image.Hash(HashAlgorithmName.SHA1);
        foreach (var signature in image.Signatures())
        {
            SignedContent.TryParse(signature, out _);
        }

        SignatureVerifier.Verify(image, SampleTrust.Options);
    }
}
