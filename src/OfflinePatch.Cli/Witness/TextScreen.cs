using System.Text;

namespace OfflinePatch.Cli.Witness;

/// <summary>The screen of a machine in text mode, and the messages on it that say what was started.</summary>
internal static class TextScreen
{
    private const int Columns = 80;
    private const int Rows = 25;

    /// <summary>Bytes of the memory of a screen.</summary>
    public const int Length = Columns * Rows * 2;

    // Firmware: nothing on the disk was started.
    private static readonly string[] OfFirmware = ["No bootable device"]; // SeaBIOS

    // Boot sectors, boot manager and loader of Windows, as they are known from Windows XP to Windows 10 in English.
    private static readonly string[] OfLoader =
    [
        "Missing operating system", "Invalid partition table", "Error loading operating system", // master boot record
        "An operating system wasn't found", "A disk read error occurred", "BOOTMGR is missing", "BOOTMGR is compressed",
        "BOOTMGR image is corrupt", "NTLDR is missing",
        "Windows Boot Manager", "Windows failed to start", "Windows has encountered a problem communicating",
    ];

    /// <summary>The text in the memory of a VGA: a character and its attribute for each place.</summary>
    /// <returns>Its lines without blanks at their ends; null where this is no text.</returns>
    public static string? Read(ReadOnlySpan<byte> memory)
    {
        if (memory.Length < Length)
        {
            return null;
        }

        var text = new StringBuilder();
        for (var row = 0; row < Rows; row++)
        {
            var line = new char[Columns];
            for (var column = 0; column < Columns; column++)
            {
                var code = memory[((row * Columns) + column) * 2];
                if (code is > 0 and < 0x20)
                {
                    return null; // a picture
                }

                line[column] = code is 0 or > 0x7E ? ' ' : (char)code;
            }

            text.Append(new string(line).TrimEnd()).Append('\n');
        }

        var lines = text.ToString().TrimEnd('\n');
        return lines.Length == 0 ? null : lines;
    }

    /// <summary>The message of a boot sector or a loader on the screen, or null.</summary>
    public static string? LoaderMessage(string text) => Find(text, OfLoader);

    /// <summary>The message by which the firmware says that it found nothing to start, or null.</summary>
    public static string? FirmwareMessage(string text) => Find(text, OfFirmware);

    private static string? Find(string text, string[] messages) =>
        Array.Find(messages, m => text.Contains(m, StringComparison.OrdinalIgnoreCase));
}
