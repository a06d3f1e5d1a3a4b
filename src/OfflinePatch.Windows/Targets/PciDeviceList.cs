using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Targets;

/// <summary>A file with the PCI devices of a target: one a line; empty lines and what follows <c>#</c> are ignored.</summary>
public static class PciDeviceList
{
    /// <summary>Bytes that are read; a machine has some dozens of devices.</summary>
    private const int MaximumBytes = 1024 * 1024;

    private const int MaximumDevices = 4096;

    /// <summary>Reads a list.</summary>
    /// <exception cref="HostIOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>CORE-0002</c>: it is too long; <c>WIN-0015</c>: it holds no device, too many, or a
    /// line that is none.</exception>
    public static IReadOnlyList<PciDevice> Read(string path)
    {
        var content = HostPaths.ReadSmallFile(path, MaximumBytes);
        var devices = new List<PciDevice>();
        var number = 0;
        foreach (var text in Encoding.UTF8.GetString(content).TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            var comment = text.IndexOf('#', StringComparison.Ordinal);
            var line = (comment < 0 ? text : text[..comment]).Trim();
            if (line.Length == 0)
            {
                continue;
            }

            if (devices.Count == MaximumDevices)
            {
                throw TargetError.BadDeviceList(path, $"it has more than {MaximumDevices} devices.");
            }

            devices.Add(PciDevice.TryParse(line) ?? throw TargetError.BadDeviceList(path, $"line {number} names no device."));
        }

        return devices.Count > 0 ? devices : throw TargetError.BadDeviceList(path, "it is empty.");
    }
}
