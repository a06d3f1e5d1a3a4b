using System.CommandLine;
using System.Globalization;
using OfflinePatch.Disks;

namespace OfflinePatch.Cli.Words;

/// <summary>Options whose value is not text: a mistake in it is reported in the words of the user.</summary>
internal static class TypedOption
{
    /// <summary>An option with a number in a range.</summary>
    public static Option<int?> Number(string name, int least, int most, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = argument =>
        {
            var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            argument.AddError(most == int.MaxValue
                ? $"{name} takes a number from {least} up, not '{word}'"
                : $"{name} takes a number from {least} to {most}, not '{word}'");
            return null;
        },
    };

    /// <summary>An option with a size in bytes: a number, with K, M, G or T for powers of 1024, as qemu-img takes it.</summary>
    public static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = argument =>
        {
            var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
            if (ParseSize(word) is { } size)
            {
                return size;
            }

            argument.AddError($"{name} takes a number of bytes, or one followed by K, M, G or T (60G), not '{word}'");
            return null;
        },
    };

    /// <summary>A size as <see cref="Size"/> takes it, or with a plus before it one that is added to what is there.</summary>
    public static Argument<(long Bytes, bool IsIncrease)> NewSize(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = argument =>
        {
            var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
            if (ParseSize(word.StartsWith('+') ? word[1..] : word) is { } size)
            {
                return (size, word.StartsWith('+'));
            }

            argument.AddError($"{name} is a number of bytes, or one followed by K, M, G or T: 60G, or +20G to add to it; not "
                + $"'{word}'");
            return default;
        },
    };

    private static long? ParseSize(string word)
    {
        var digits = word.AsSpan().TrimEnd("iB"); // 60GiB is 60G
        var shift = digits.Length == 0
            ? 0
            : char.ToUpperInvariant(digits[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        return long.TryParse(shift == 0 ? word : digits[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0 && number <= long.MaxValue >> shift
            ? number << shift
            : null;
    }

    /// <summary>An option with the format of an image.</summary>
    public static Option<ImageFormat?> Format(string description, string name = "--output-format", string letter = "-O")
    {
        var option = new Option<ImageFormat?>(name, letter)
        {
            Description = description,
            HelpName = "FORMAT",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = argument =>
            {
                var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
                if (FormatNames.ByName(word) is { } format)
                {
                    return format;
                }

                var meant = Suggestion.For(word, FormatNames.All);
                argument.AddError($"{letter}: unknown format '{word}'{(meant is null ? "" : $"; did you mean {meant}?")} (one of "
                    + $"{string.Join(", ", FormatNames.All)})");
                return null;
            },
        };
        option.CompletionSources.Clear(); // the names of the enumeration
        option.CompletionSources.Add(_ => FormatNames.All.Select(n => new System.CommandLine.Completions.CompletionItem(n)));
        return option;
    }
}
