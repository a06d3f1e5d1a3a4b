using OfflinePatch.Core;

namespace OfflinePatch.Disks.Conversion.FastImport;

/// <summary>
/// Has the user's own CreateMF.jar write the bitmap (<c>.mf</c>) that fast import requires with a RAW image. Its layout is not public, so
/// none is ever made here. Source: Huawei Cloud and OTC IMS manuals, "Fast import of an image file".
/// </summary>
public static class CreateMf
{
    /// <summary>Where the bitmap of a RAW image goes: the same name, ending <c>.mf</c>.</summary>
    public static string PathFor(string rawPath) => Path.ChangeExtension(rawPath, ".mf");

    /// <summary>Refuses a bitmap that is there already. Asked before the long work.</summary>
    /// <exception cref="RefusedException"><c>FAST-0004</c>.</exception>
    public static void CheckFree(string rawPath)
    {
        if (HostPaths.FileExists(PathFor(rawPath)))
        {
            throw FastImportError.BitmapExists(PathFor(rawPath));
        }
    }

    /// <summary>Runs <c>java -jar JAR RAW MF</c> and checks that the bitmap is there. Returns its path.</summary>
    /// <exception cref="RefusedException"><c>FAST-0004</c>: there is one already.</exception>
    /// <exception cref="HostIOException">Java or the tool failed, or left no bitmap (<c>FAST-0003</c>).</exception>
    public static string Run(string jarPath, string rawPath, CancellationToken cancellation = default)
    {
        CheckFree(rawPath);
        var path = PathFor(rawPath);
        VendorTool.Run("java", ["-jar", jarPath, rawPath, path], cancellation);
        if (!HostPaths.FileExists(path))
        {
            throw FastImportError.NoBitmap(path);
        }

        using var bitmap = HostFileDevice.Open(path);
        return bitmap.Length > 0 ? path : throw FastImportError.NoBitmap(path);
    }
}
