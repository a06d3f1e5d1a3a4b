using OfflinePatch.Core.Hosting;
using OfflinePatch.Core.Undo;

namespace OfflinePatch.Core;

/// <summary>The ways back from a commit, for an image that no transaction has open.</summary>
public static class ImageHistory
{
    /// <summary>Restores exactly the bytes, length and write time from before the last completed commit, and deletes its undo file.</summary>
    /// <param name="imagePath">The image.</param>
    /// <param name="undoFolder">Where its undo file is, or null for the image's own folder.</param>
    /// <exception cref="RefusedException"><c>CORE-0022</c>: there is no undo file; <c>CORE-0024</c>: the image has changed since.</exception>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged. The image is unchanged.</exception>
    /// <exception cref="HostIOException">The host failed. The undo file stays, and <see cref="Recover"/> goes on.</exception>
    public static void Undo(string imagePath, string? undoFolder = null)
    {
        using var writing = HostProcess.BeginWriting();
        new ImageUndo(HostStorage.Instance, imagePath, undoFolder).Undo();
    }

    /// <summary>Rolls an interrupted commit (or an interrupted undo) back. Returns false when there was none.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged. The image is unchanged.</exception>
    /// <exception cref="HostIOException">The host failed. The undo file stays.</exception>
    public static bool Recover(string imagePath, string? undoFolder = null)
    {
        using var writing = HostProcess.BeginWriting();
        return new ImageUndo(HostStorage.Instance, imagePath, undoFolder).RollBackIfInterrupted();
    }
}
