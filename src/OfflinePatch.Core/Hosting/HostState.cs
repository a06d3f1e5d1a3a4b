using System.Security.Cryptography;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// What this program keeps for a user between runs: a secret that signs his undo files. The folder is <c>OFFLINEPATCH_STATE</c>, or else <c>$XDG_STATE_HOME/offlinepatch</c>,
/// <c>~/.local/state/offlinepatch</c> (Linux), <c>~/Library/Application Support/OfflinePatch</c> (macOS), <c>%LOCALAPPDATA%\OfflinePatch</c> (Windows). Where it cannot be used
/// there is no secret: changes work, and one that is interrupted needs the user's word to be rolled back.
/// </summary>
internal sealed class HostState
{
    private const string SecretName = "undo-secret";
    private const int SecretLength = 32;

    private HostState(string? folder, byte[]? secret)
    {
        Folder = folder;
        Secret = secret;
    }

    /// <summary>The folder, or null where none can be used.</summary>
    public string? Folder { get; }

    /// <summary>The secret, or null where none can be kept.</summary>
    public byte[]? Secret { get; }

    /// <summary>Finds the folder and reads the secret; makes both where they are missing.</summary>
    public static HostState Open()
    {
        if (FolderPath() is not { } folder)
        {
            return new HostState(null, null);
        }

        try
        {
            CreatePrivateFolder(folder);
            var path = Path.Combine(folder, SecretName);
            return new HostState(folder, Read(path) ?? Create(path));
        }
        catch (Exception e) when (HostErrors.IsOfHost(e) || e is HostIOException or RefusedException)
        {
            return new HostState(null, null); // a home that is read-only or missing, as in many containers
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

    private static string? FolderPath()
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

    /// <summary>The secret; null when there is none yet, or when it is not this user's alone.</summary>
    private static byte[]? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = HostStorage.Instance.OpenOwn(path, writable: false);
        var status = file.GetStatus();
        if (!status.IsOwnedByCaller || !status.IsPrivate || file.Length != SecretLength)
        {
            throw CoreError.CannotOpen(path, "it is not this user's alone");
        }

        var secret = new byte[SecretLength];
        file.Read(0, secret);
        return secret;
    }

    private static byte[] Create(string path)
    {
        // Another run may do the same now: the name is given only once, to a file that is complete.
        var temporary = $"{path}.{Guid.NewGuid():N}";
        using (var file = HostStorage.CreateNew(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite, path))
        {
            file.Write(0, RandomNumberGenerator.GetBytes(SecretLength));
            file.Flush();
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }

        HostStorage.Instance.FlushFolderOf(path);
        return Read(path) ?? throw CoreError.Missing(path);
    }
}
