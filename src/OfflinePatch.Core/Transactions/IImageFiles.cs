namespace OfflinePatch.Core.Transactions;

/// <summary>Why a container asks for a second host file.</summary>
public enum CompanionKind
{
    /// <summary>Part of the same disk (a VMDK extent, an external data file); written in place like the image itself.</summary>
    Extent,

    /// <summary>A parent of a differencing image, or a backing file; read only, and only where the user allows it.</summary>
    Parent,
}

/// <summary>The host files that make up an image. Containers ask for files here and nowhere else.</summary>
public interface IImageFiles
{
    /// <summary>The path as the user gave it.</summary>
    string ImagePath { get; }

    /// <summary>The file that the user named.</summary>
    ResizableDevice Image { get; }

    /// <summary>
    /// Opens another file of the same image. <paramref name="name"/> comes from the image and is not trusted: an extent must be
    /// a plain name in the folder of <paramref name="relativeTo"/>.
    /// </summary>
    /// <param name="relativeTo">The path of the file that names it.</param>
    /// <param name="name">The name, as the image holds it.</param>
    /// <param name="kind">What it is for.</param>
    /// <exception cref="RefusedException">The name leaves the folder, or parents are not allowed.</exception>
    /// <exception cref="HostIOException">The file is missing or cannot be opened.</exception>
    ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind);

    /// <summary>
    /// The container has opened every file that it names. A transaction that may write rolls an interrupted change back now, since it knows
    /// that the files of that change are those of the image.
    /// </summary>
    /// <exception cref="RefusedException"><c>CORE-0028</c>: other files belong to the change.</exception>
    void AllFilesNamed()
    {
    }
}

/// <summary>A host file that belongs to an image.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="Device">Its bytes, through the transaction.</param>
public readonly record struct ImageFile(string Path, ResizableDevice Device);
