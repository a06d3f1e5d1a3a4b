using OfflinePatch.Core;

namespace OfflinePatch.Drivers;

/// <summary>One factory per distinct error of driver packages and sources; codes <c>DRV-0001</c> and up.</summary>
internal static class DriverError
{
    public static UnsupportedImageException SourceTooLarge(string source, string what, int limit) =>
        new("DRV-0001", $"{source} holds more than {limit} {what}.", "Name the folder of the drivers themselves.");

    public static CorruptImageException BadCatalog(string name, string found) =>
        new("DRV-0010", name, -1, "a catalogue (PKCS#7 SignedData with a certificate trust list)", found,
            "Take the driver package from its vendor again.");

    public static UnsupportedImageException TooManyMembers(string name, int limit) =>
        new("DRV-0011", $"{name} lists more than {limit} files.");

    public static CorruptImageException BadManifest(string name, string found) =>
        new("DRV-0020", name, -1, "a driver manifest as drivers-manifest/schema.json describes it", found,
            "Compare it with the embedded one.");
}
