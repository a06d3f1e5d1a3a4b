using System.CommandLine;
using OfflinePatch.Cli.Rendering;

namespace OfflinePatch.Cli.Commands;

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    /// <summary><c>--color</c>: when colours are used.</summary>
    public static Option<ColorChoice> Color { get; } = Create();

    private static Option<ColorChoice> Create()
    {
        var option = new Option<ColorChoice>("--color")
        {
            Description = "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.",
            HelpName = "WHEN",
            Recursive = true,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = argument =>
            {
                var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
                if (word is "auto" or "always" or "never")
                {
                    return word == "always" ? ColorChoice.Always : word == "never" ? ColorChoice.Never : ColorChoice.Auto;
                }

                argument.AddError($"--color takes auto, always or never, not '{word}'");
                return ColorChoice.Auto;
            },
        };
        option.CompletionSources.Add("auto", "always", "never");
        return option;
    }
}
