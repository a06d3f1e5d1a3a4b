using System.Net.Sockets;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Witness;

/// <summary>
/// A socket in the private folder to which QEMU connects. What arrives is kept to a limit, oldest first out: the other side is a machine
/// that may say anything.
/// </summary>
internal sealed class GuestChannel : IDisposable
{
    private const int PathLimit = 100; // sun_path has 104 bytes on macOS, 108 on Linux
    private const int Step = 4096;
    private const int SendTimeout = 1000; // ms

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Action<ReadOnlyMemory<byte>> _received;
    private Socket? _socket;

    /// <param name="path">The full path of the socket.</param>
    /// <param name="received">Receives what arrives, on a thread of its own.</param>
    /// <exception cref="HostIOException"><c>WIT-0007</c>: the path is too long.</exception>
    public GuestChannel(string path, Action<ReadOnlyMemory<byte>> received)
    {
        _received = received;
        if (System.Text.Encoding.UTF8.GetByteCount(path) > PathLimit)
        {
            _listener.Dispose();
            throw WitnessError.PathTooLong(Path.GetDirectoryName(path)!);
        }

        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(1);
    }

    /// <summary>Waits for QEMU.</summary>
    /// <param name="patience">How long.</param>
    /// <returns>Whether it has connected.</returns>
    public bool TryAccept(TimeSpan patience)
    {
        if (!_listener.Poll(patience, SelectMode.SelectRead))
        {
            return false;
        }

        _socket = _listener.Accept();
        _socket.SendTimeout = SendTimeout;
        new Thread(Receive) { IsBackground = true }.Start(_socket);
        return true;
    }

    /// <summary>Sends bytes; false where the other side is gone or does not take them.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _socket is not null && _socket.Send(bytes) == bytes.Length;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false; // the other side is gone, or reads nothing: the caller asks again
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _socket?.Dispose();
    }

    private void Receive(object? state)
    {
        var socket = (Socket)state!;
        var buffer = new byte[Step];
        try
        {
            int count;
            while ((count = socket.Receive(buffer)) > 0)
            {
                _received(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The machine has ended.
        }
    }
}
