namespace OfflinePatch.FileSystems.Fat;

/// <summary>Something on a FAT volume that is not as it should be.</summary>
/// <param name="Code">Stable code: <c>FATCHK-01</c> and up.</param>
/// <param name="Path">The file or directory, or the structure.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="IsError">False: harmless, such as clusters that no file owns.</param>
public sealed record FatFinding(string Code, string Path, string Message, bool IsError);
