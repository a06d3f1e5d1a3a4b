using OfflinePatch.Core;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>
/// Errors of Cloudbase-Init packages; codes <c>CBI-0001</c> and up. Entries that leave their folder are refused by the archive readers
/// (<c>ZIP-0006</c>, <c>CAB-0008</c>, <c>MSI-0009</c>).
/// </summary>
internal static class CloudbaseInitError
{
    private const string Remedy = "Name the portable .zip, the .msi, or an unpacked directory of Cloudbase-Init, from "
        + "https://cloudbase.it/cloudbase-init/.";

    public static RefusedException NoService(string source) =>
        new("CBI-0001", $"{source} holds no OpenStackService.exe: it is not a Cloudbase-Init package.", Remedy);

    public static RefusedException SeveralServices(string source, string first, string second) =>
        new("CBI-0002", $"{source} holds more than one Cloudbase-Init: {first} and {second}.",
            "Name the directory or archive of one of them.");

    public static RefusedException MissingFile(string source, string file) =>
        new("CBI-0003", $"The Cloudbase-Init package {source} lacks {file}.", Remedy);

    public static RefusedException NotAProgram(string source, string file) =>
        new("CBI-0004", $"{file} in {source} is not a Windows program for x86 or x64.", Remedy);

    public static UnsupportedImageException TooManyFiles(string source, int limit) =>
        new("CBI-0005", $"{source} holds more than {limit} files and directories.", "Name the directory of Cloudbase-Init itself.");
}
