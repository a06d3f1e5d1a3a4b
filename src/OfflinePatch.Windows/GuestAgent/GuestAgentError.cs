using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestAgent;

/// <summary>Errors of the QEMU guest agent; codes <c>QGA-0001</c> and up.</summary>
internal static class GuestAgentError
{
    public static RefusedException NoProgram(string source) =>
        new("QGA-0001", $"{source} holds no {GuestAgentPackage.Program}.",
            "Name qemu-ga-x86_64.msi of the virtio-win disc, or a directory with its files.");

    public static RefusedException SeveralPrograms(string source, string first, string second) =>
        new("QGA-0002", $"{source} holds more than one guest agent: {first} and {second}.",
            "Name the MSI or the directory of one of them.");

    public static RefusedException NotAProgram(string source, string path) =>
        new("QGA-0003", $"{path} in {source} is not a program for x86 or x64.", "Take the guest agent from its vendor again.");

    public static UnsupportedImageException TooManyFiles(string source, int limit) =>
        new("QGA-0004", $"{source} holds more than {limit} files and directories.",
            "Name the MSI or the directory of the guest agent itself.");
}
