using System.IO.Compression;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>
/// Inputs that once brought out a fault, minimised, below <c>Kept/TARGET/NAME.gz</c>. They are seeds, and are replayed by tests.
/// </summary>
internal static class KeptInputs
{
    private const string Prefix = "kept/";

    /// <summary>Target and name of every kept input.</summary>
    public static IEnumerable<(string Target, string Name)> All => typeof(KeptInputs).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..].Split('/', '\\'))
        .Select(p => (p[0], p[1]));

    public static IEnumerable<(string Name, byte[] Input)> Of(string target) =>
        All.Where(k => k.Target == target).Select(k => (k.Name, Unpack($"{Prefix}{k.Target}/{k.Name}")));

    public static byte[] Unpack(string resource)
    {
        using var packed = typeof(KeptInputs).Assembly.GetManifestResourceStream(resource)!;
        using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        unpacked.CopyTo(memory);
        return memory.ToArray();
    }
}
