using System.CommandLine;

namespace OfflinePatch.Cli.Commands;

/// <summary>Arguments that several commands share, so that they are named and explained once.</summary>
internal static class CommonArguments
{
    public static Argument<string> Image() => new("IMAGE") { Description = "The disk image. Its content says what format it is, not its name." };

    public static Argument<string[]> Images() => new("IMAGE")
    {
        Description = "The disk images. Their content says what format they are, not their names.",
        Arity = ArgumentArity.OneOrMore,
    };
}

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string?> UndoDir() => new("--undo-dir") { Description = "Folder of the undo file, if it is not beside the image.", HelpName = "DIR" };

    public static Option<string?> CreateMf() => new("--create-mf")
    {
        Description = "Your CreateMF.jar: makes the bitmap (.mf) that fast import wants beside a new RAW image.",
        HelpName = "JAR",
    };

    public static Option<string?> QemuImgHw() => new("--qemu-img-hw") { Description = "Your qemu-img-hw: judges the new ZVHD2.", HelpName = "PATH" };

    public static Option<string?> Manifest() => new("--manifest")
    {
        Description = "A folder with families of drivers (*.json, as in drivers-manifest) in place of the built-in ones.",
        HelpName = "DIR",
    };

    public static Option<string[]> TrustRoot() => new("--trust-root")
    {
        Description = "A root certificate that drivers of your own may be signed under, beside Microsoft's. Windows must trust it too. Repeatable.",
        HelpName = "FILE",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of a table." };
}
