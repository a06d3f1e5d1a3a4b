using System.Security.Cryptography;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// What this program keeps for a user between runs: a secret that signs undo files. The folder is <c>OFFLINEPATCH_STATE</c>, or else
/// <c>$XDG_STATE_HOME/offlinepatch</c>, <c>~/.local/state/offlinepatch</c> (Linux), <c>~/Library/Application Support/OfflinePatch</c>
/// (macOS), <c>%LOCALAPPDATA%\OfflinePatch</c> (Windows). Where it cannot be used there is no secret: changes work, and one that is
/// interrupted is rolled back only when the user confirms it.
/// </summary>
internal sealed class HostState
{
    private const string SecretName = "undo-secret";
    private const int SecretLength = 32;

    private readonly Lock _gate = new();
    private byte[]? _secret;

    /// <summary>Uses a folder; null for none.</summary>
    public HostState(string? folder) => Folder = folder;

    /// <summary>The folder, which need not exist; or null where there is none.</summary>
    public string? Folder { get; }

    /// <summary>The secret, or null where there is none, or it is not this user's alone. Writes nothing.</summary>
    public byte[]? ReadSecret()
    {
        lock (_gate)
        {
            return _secret ??= Folder is null ? null : Try(() => Read(Path.Combine(Folder, SecretName)));
        }
    }

    /// <summary>
    /// The secret; it is made where there is none. Null where it cannot be: a home that is read-only or missing, as in many containers.
    /// </summary>
    public byte[]? EnsureSecret()
    {
        if (ReadSecret() is { } known)
        {
            return known;
        }

        if (Folder is null)
        {
            return null;
        }

        lock (_gate)
        {
            return _secret ??= Try(() =>
            {
                CreatePrivateFolder(Folder);
                return Create(Path.Combine(Folder, SecretName));
            });
        }
    }

    private static byte[]? Try(Func<byte[]?> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (HostErrors.IsOfHost(e) || e is HostIOException or RefusedException)
        {
            return null;
        }
    }

    /// <summary>Creates a folder that only this user may enter, and those above it that are missing.</summary>
    public static void CreatePrivateFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>The folder of this user on this host, or null where there is none.</summary>
    public static string? DefaultFolder()
    {
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_STATE") is { Length: > 0 } named)
        {
            return Path.GetFullPath(named);
        }

        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
        {
            var data = Environment.GetFolderPath(
                OperatingSystem.IsWindows() ? Environment.SpecialFolder.LocalApplicationData : Environment.SpecialFolder.ApplicationData);
            return data.Length == 0 ? null : Path.Combine(data, "OfflinePatch");
        }

        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state))
        {
            return Path.Combine(state, "offlinepatch");
        }

        return Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && Path.IsPathRooted(home)
            ? Path.Combine(home, ".local", "state", "offlinepatch")
            : null;
    }

    private static byte[]? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = HostStorage.Instance.OpenOwn(path, writable: false);
        var status = file.GetStatus();
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!status.IsOwnedByCaller || file.Length != SecretLength
            || (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) != 0))
        {
            return null;
        }

        var secret = new byte[SecretLength];
        file.Read(0, secret);
        return secret;
    }

    /// <summary>
    /// Makes the secret, or reads the one that another run made meanwhile: the name appears with the whole content, and nothing replaces
    /// it.
    /// </summary>
    private static byte[]? Create(string path)
    {
        var unnamed = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var file = HostStorage.CreateNew(unnamed, UnixFileMode.UserRead | UnixFileMode.UserWrite, path))
            {
                file.Write(0, RandomNumberGenerator.GetBytes(SecretLength));
                file.Flush();
            }

            NativeFiles.TryAddName(unnamed, path);
            HostStorage.Instance.FlushFolderOf(path);
            return Read(path);
        }
        finally
        {
            File.Delete(unnamed);
        }
    }
}
