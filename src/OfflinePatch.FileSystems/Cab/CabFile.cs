namespace OfflinePatch.FileSystems.Cab;

/// <summary>A file in a cabinet.</summary>
/// <param name="Name">Its path as stored.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Folder">Index of the folder: of the packed stream that it is part of.</param>
/// <param name="Offset">Where it starts in the unpacked folder, in bytes.</param>
/// <param name="LastWriteTimeUtc">Taken as UTC.</param>
/// <param name="Attributes">DOS attributes.</param>
internal sealed record CabFile(string Name, long Length, int Folder, long Offset, DateTime LastWriteTimeUtc, FileAttributes Attributes);
