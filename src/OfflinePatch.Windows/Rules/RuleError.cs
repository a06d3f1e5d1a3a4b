using OfflinePatch.Core;

namespace OfflinePatch.Windows.Rules;

/// <summary>Errors of what a user gives to the rules.</summary>
internal static class RuleError
{
    public static UnsupportedImageException NotACertificate(string path) =>
        new("WIN-0012", $"{path} is not an X.509 certificate.", "Name the certificate of the root, DER or PEM, without its key.");
}
