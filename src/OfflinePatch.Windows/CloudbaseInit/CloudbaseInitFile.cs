namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>A file of a package.</summary>
/// <param name="Path">Its path in the package's tree.</param>
/// <param name="RelativePath">Its path below the directory of Cloudbase-Init: <c>Bin\OpenStackService.exe</c>.</param>
/// <param name="Length">Bytes.</param>
public sealed record CloudbaseInitFile(string Path, string RelativePath, long Length);
