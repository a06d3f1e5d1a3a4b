using OfflinePatch.Core;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// A registry that is opened to be read, or to be changed all or nothing: that of an image, or a bare hive file. Not safe for use by
/// several threads.
/// </summary>
public abstract class RegistryEdit : IDisposable
{
    /// <summary>The keys.</summary>
    public abstract IRegistryTarget Target { get; }

    /// <summary>Whether it is a bare hive file.</summary>
    public bool IsHiveFile => this is HiveFileEdit;

    /// <summary>Opens a hive file or an image, judged by its content, to change it.</summary>
    /// <inheritdoc cref="ImageEdit.Open(string, EditOptions)" path="/exception"/>
    public static RegistryEdit Open(string path, EditOptions options) => Open(path, options, isWritable: true);

    /// <summary>Opens a hive file or an image, judged by its content, to read it.</summary>
    /// <inheritdoc cref="ImageEdit.Open(string, EditOptions)" path="/exception"/>
    public static RegistryEdit OpenToRead(string path, EditOptions options) => Open(path, options, isWritable: false);

    /// <summary>Checks what was changed, and writes it: all or nothing.</summary>
    /// <inheritdoc cref="ImageEdit.Commit(CancellationToken)" path="/exception"/>
    public abstract EditResult Commit(CancellationToken cancellation = default);

    /// <inheritdoc/>
    public abstract void Dispose();

    private static RegistryEdit Open(string path, EditOptions options, bool isWritable) => HiveFileEdit.IsHive(path)
        ? new HiveFileEdit(path, options, isWritable)
        : new ImageRegistryEdit(isWritable ? ImageEdit.Open(path, options) : ImageEdit.OpenToRead(path, options));

    private sealed class ImageRegistryEdit(ImageEdit image) : RegistryEdit
    {
        public override IRegistryTarget Target => image.Registry;

        public override EditResult Commit(CancellationToken cancellation = default) => image.Commit(cancellation);

        public override void Dispose() => image.Dispose();
    }
}
