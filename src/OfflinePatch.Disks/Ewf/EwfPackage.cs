using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages;

namespace OfflinePatch.Disks.Ewf;

/// <summary>E01: a disk as forensic tools acquire it, in compressed chunks, over one or more segment files. Read only.</summary>
internal sealed class EwfPackage : ImagePackage
{
    /// <inheritdoc/>
    public override bool Probe(IImageFiles files)
    {
        var start = ReadStart(files.Image, EwfLayout.Signature.Length);
        return start.AsSpan().SequenceEqual(EwfLayout.Signature) || start.AsSpan().SequenceEqual(EwfLayout.Signature2);
    }

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        if (ReadStart(files.Image, EwfLayout.Signature.Length).AsSpan().SequenceEqual(EwfLayout.Signature2))
        {
            throw PackageError.Feature(files.ImagePath, "EWF version 2 (Ex01)");
        }

        var reader = new EwfReader(files.ImagePath);
        var name = files.ImagePath[(files.ImagePath.LastIndexOfAny(['/', '\\']) + 1)..];
        var device = (BlockDevice)files.Image;
        for (var segment = 1; reader.ReadSegment(device, segment); segment++)
        {
            name = SegmentName(name, segment + 1);
            device = segment < EwfLayout.MaxSegments
                ? files.OpenCompanion(files.ImagePath, name, CompanionKind.Extent).Device
                : throw PackageError.Feature(files.ImagePath, $"more than {EwfLayout.MaxSegments} segments");
        }

        return reader.Finish();
    }

    /// <summary>E01 … E99, EAA … EZZ, FAA … ZZZ, in the case of the first name.</summary>
    internal static string SegmentName(string name, int number)
    {
        var stem = name[..^3];
        var first = name[^3];
        if (number < 100)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{stem}{first}{number:00}");
        }

        var rest = number - 100;
        var a = char.IsAsciiLetterLower(first) || (char.IsAsciiLetter(name[^2]) && char.IsAsciiLetterLower(name[^2])) ? 'a' : 'A';
        var start = a == 'a' ? 'e' : 'E';
        return $"{stem}{(char)(start + (rest / (26 * 26)))}{(char)(a + (rest / 26 % 26))}{(char)(a + (rest % 26))}";
    }
}
