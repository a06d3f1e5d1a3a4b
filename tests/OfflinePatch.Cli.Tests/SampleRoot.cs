using OfflinePatch.Fixtures.Drivers;

namespace OfflinePatch.Cli.Tests;

/// <summary>The root certificate of the sample drivers as a file, for <c>--trust-root</c>.</summary>
internal static class SampleRoot
{
    private static readonly Lazy<string> File = new(() =>
    {
        var path = System.IO.Path.Combine(AppContext.BaseDirectory, "sample-root.cer");
        System.IO.File.WriteAllBytes(path, SampleAuthority.RootCertificate);
        return path;
    });

    public static string Path => File.Value;
}
