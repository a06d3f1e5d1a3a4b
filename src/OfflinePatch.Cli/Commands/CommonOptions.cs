using System.CommandLine;

namespace OfflinePatch.Cli.Commands;

/// <summary>Arguments that several commands share, so that they are named and explained once.</summary>
internal static class CommonArguments
{
    public static Argument<string> Image(string name = "IMAGE")
    {
        var argument = new Argument<string>(name) { Description = "The disk image. Its content says what format it is, not its name." };
        RefuseEmpty(argument);
        return argument;
    }

    public static Option<bool> DryRun() => new("--dry-run") { Description = "Say what would be done, and change nothing." };

    public static Argument<string[]> Images()
    {
        var argument = new Argument<string[]>("IMAGE")
        {
            Description = "The disk images; a directory stands for the images in it and below it, * and ? for any characters. Their "
                + "content says what format they are, not their names.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        RefuseEmpty(argument);
        return argument;
    }

    /// <summary>An empty name is what an unset variable of a script leaves, and never a file.</summary>
    public static void RefuseEmpty(Argument argument) => argument.Validators.Add(result =>
    {
        if (result.Tokens.Any(t => t.Value.Length == 0))
        {
            result.AddError($"{argument.Name} is empty");
        }
    });
}

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string?> UndoDir() =>
        new("--undo-dir") { Description = "Folder of the undo file, if not that of the image.", HelpName = "DIR" };

    /// <param name="names">Who names them: "image names" or "images name".</param>
    public static Option<bool> AllowBacking(string names) =>
        new("--allow-backing") { Description = $"Read the parent or backing files that the {names}." };

    public static Option<string?> CreateMf() => new("--create-mf")
    {
        Description = "Your CreateMF.jar: makes the bitmap (.mf) that fast import requires with a new RAW image.",
        HelpName = "JAR",
    };

    public static Option<string?> QemuImgHw() =>
        new("--qemu-img-hw") { Description = "Your qemu-img-hw: judges the new ZVHD2.", HelpName = "PATH" };

    public static Option<string?> Manifest() => new("--manifest")
    {
        Description = "A folder with families of drivers (*.json, as in drivers-manifest) in place of the built-in ones.",
        HelpName = "DIR",
    };

    public static Option<string[]> TrustRoot() => new("--trust-root")
    {
        Description = "A root certificate that drivers of your own may be signed under, as well as Microsoft's. Windows must trust it too. "
            + "Repeatable.",
        HelpName = "FILE",
    };

    /// <summary>Under both names: DISM calls it ForceUnsigned.</summary>
    public static Option<bool> AllowUnsigned() => new("--allow-unsigned", "--force-unsigned")
    {
        Description = "Stage drivers whose signature is missing, does not match or is not accepted by this Windows.",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of a table." };
}
