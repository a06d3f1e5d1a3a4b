using System.Buffers.Binary;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// What the loader of Windows noted about the last start, in <c>bootstat.dat</c> of the Windows directory. At a start the loader sets a
/// flag, and Windows clears it once it has started; where the flag is still set, the next start launches the recovery environment instead
/// of Windows (Microsoft, Windows Automated Installation Kit: "Windows RE technical reference, Automatic failover").
/// </summary>
/// <param name="LastBootSucceeded">Whether the last start was completed.</param>
/// <param name="LastBootShutdown">Whether Windows was shut down after it.</param>
public sealed record BootStatus(bool LastBootSucceeded, bool LastBootShutdown)
{
    /// <summary>Reads it; null when there is none, or its form is not known.</summary>
    public static BootStatus? Read(WindowsSystem system)
    {
        var files = system.Volume.RequireFiles();
        var path = system.PathOf("bootstat.dat");
        Span<byte> data = stackalloc byte[Layout.Length];
        if (files.Find(path) is not { IsDirectory: false } || files.Read(path, 0, data) < data.Length
            || BinaryPrimitives.ReadUInt32LittleEndian(data[Layout.Version..]) is 0 or > Layout.HighestVersion
            || data[Layout.BootSucceeded] > 1 || data[Layout.Shutdown] > 1)
        {
            return null;
        }

        return new BootStatus(data[Layout.BootSucceeded] == 1, data[Layout.Shutdown] == 1);
    }

    /// <summary>Offsets, as ReactOS has them (sdk/lib/rtl/bootdata.c, RTL_BSD_DATA).</summary>
    private static class Layout
    {
        /// <summary>+0x00 u32 version; a file of zeros is none.</summary>
        public const int Version = 0;

        /// <summary>+0x0A u8 LastBootSucceeded.</summary>
        public const int BootSucceeded = 0x0A;

        /// <summary>+0x0B u8 LastBootShutdown.</summary>
        public const int Shutdown = 0x0B;

        /// <summary>The part that is read.</summary>
        public const int Length = 0x0C;

        /// <summary>Versions are small numbers; later ones have the file's length there.</summary>
        public const uint HighestVersion = 0x10000;
    }
}
