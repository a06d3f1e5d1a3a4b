using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>Errors that the cluster formats share; codes <c>DISK-0101</c> and up.</summary>
internal static class ClusterError
{
    public static RefusedException ChainTooLong(string path, int limit) =>
        new("DISK-0101", $"{path} has more than {limit} parents below it, or its chain of parents loops.",
            "Merge the chain into one image (qemu-img convert, or the hypervisor's own tool).");

    public static UnsupportedImageException ParentProtocol(string path, string name) =>
        new("DISK-0102", $"{path} is based on \"{name}\", which is not a plain file.",
            "Convert the image into a stand-alone one where its parent can be reached.");

    public static UnsupportedImageException ParentFormat(string path, string format) =>
        new("DISK-0103", $"{path} is based on an image of the format \"{format}\", which is not known.",
            "Convert the image into a stand-alone one where its parent can be read.");
}
