namespace OfflinePatch.Core.Hosting;

/// <summary>
/// The host's files, as the transaction uses them. The one real implementation is <see cref="HostStorage"/>; crash tests put a storage
/// in its place that forgets what was not flushed.
/// </summary>
internal interface IHostStorage
{
    /// <summary>Whether a file of this path exists.</summary>
    bool Exists(string path);

    /// <summary>Whether anything has this path, a directory too.</summary>
    bool IsTaken(string path);

    /// <summary>Opens a file to read it, shared with other readers.</summary>
    IHostHandle OpenRead(string path);

    /// <summary>Opens a file to read and later write it, not shared.</summary>
    IHostHandle OpenExclusive(string path);

    /// <summary>
    /// Opens a file that another file names, or that only this program makes: never through a link in its last name (<c>CORE-0033</c>), so
    /// that it lies in the folder where it was looked for.
    /// </summary>
    IHostHandle OpenPlain(string path, bool exclusive) => exclusive ? OpenExclusive(path) : OpenRead(path);

    /// <summary>
    /// Creates an empty file, in place of one of the same name: a link of that name is replaced, not followed. A private one may be read by
    /// its owner only: it holds parts of an image.
    /// </summary>
    IHostHandle Create(string path, bool isPrivate);

    /// <summary>
    /// Opens a file that this program made (an undo file, a pointer to one): never through a link (<c>CORE-0033</c>), and without a lock of
    /// its own. Whoever holds the image holds its undo files.
    /// </summary>
    IHostHandle OpenOwn(string path, bool writable);

    /// <summary>Names of the files in a folder that contain a text; none where the folder may not be listed.</summary>
    /// <exception cref="HostIOException">The host failed.</exception>
    IReadOnlyCollection<string> NamesWith(string folder, string text);

    /// <summary>Creates the folder of a file of this program, for this user only.</summary>
    void CreateFolderOf(string path);

    /// <summary>A folder of this user for the state of this program, or null where there is none.</summary>
    string? StateFolder { get; }

    /// <summary>The secret of this user on this host that signs undo files, or null where there is none (yet).</summary>
    byte[]? Secret { get; }

    /// <summary>The secret; it is made where there is none yet. Null where none can be kept.</summary>
    byte[]? EnsureSecret() => Secret;

    /// <summary>Renames a file, replacing one of the new name.</summary>
    void Rename(string path, string newPath);

    /// <summary>Deletes a file.</summary>
    void Delete(string path);

    /// <summary>Makes names that were created, renamed or deleted in the folder of <paramref name="path"/> durable.</summary>
    void FlushFolderOf(string path);
}

/// <summary>An open host file.</summary>
internal interface IHostHandle : IDisposable
{
    /// <summary>Full path.</summary>
    string Path { get; }

    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>What the host says about the file now.</summary>
    HostFileStatus GetStatus();

    /// <summary>Sets the time of the last write; false where only the owner may.</summary>
    bool TrySetWriteTime(FileTimestamp time);

    /// <summary>Reserves space for a range that is written next; it reads as before. False where the file system cannot.</summary>
    /// <exception cref="HostIOException"><c>CORE-0018</c>: there is none.</exception>
    bool TryReserve(long offset, long length) => false;

    /// <summary>Makes a hole, which reads as zeros and takes no space. False where the file system cannot.</summary>
    bool TryPunchHole(long offset, long length) => false;

    /// <summary>Whether the host does not say if another process has the file open for writing.</summary>
    bool MayHaveOtherWriter => false;

    /// <summary>
    /// Looks again whether another process opened the file for writing, or relies on its content: a virtual machine that was started
    /// meanwhile.
    /// </summary>
    /// <exception cref="RefusedException"><c>CORE-0014</c>: one does.</exception>
    void CheckNoOtherWriter()
    {
    }

    /// <summary>Fills the buffer; the range is inside the file.</summary>
    void Read(long offset, Span<byte> buffer);

    /// <summary>Writes; past the end the file grows.</summary>
    void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>
    /// Writes inside the file with O_DIRECT; false where the host or the range does not allow it (<see cref="AlignedBuffer"/>), and
    /// nothing was written.
    /// </summary>
    bool TryWriteDirect(long offset, ReadOnlySpan<byte> buffer) => false;

    /// <summary>Grows (with zeros) or truncates.</summary>
    void SetLength(long length);

    /// <summary>Returns once everything written is on the medium.</summary>
    void Flush();

    /// <summary>Lets the host begin to bring a range to the medium, where it can be told to, and does not wait for it.</summary>
    void BeginFlush(long offset, long length)
    {
    }

    /// <summary>Lets the host begin to read a range, where it can be told to, and does not wait for it.</summary>
    void Prefetch(long offset, long length)
    {
    }

    /// <summary>The run at <paramref name="offset"/>: a hole, or possible data.</summary>
    DeviceExtent GetExtent(long offset);
}
