using System.Globalization;

namespace OfflinePatch.Mutants;

/// <summary>The command line.</summary>
internal sealed class Options
{
    /// <summary>What can be said.</summary>
    public const string Usage = """
        OfflinePatch.Mutants [--area NAME]... [--sample N] [--seed N] [--file TEXT] [--tests TEXT] [--without TEXT] [--workers N]
                             [--budget SECONDS] [--at-least PERCENT] [--list] [--verbose] [--no-build]
          --area      one of the areas (all)
          --sample    so many mutants of each area, drawn at random (all)
          --seed      of the draw (1)
          --file      mutants of files with this text in their path
          --tests     judged by tests with this text in their name, so that a new test is tried quickly
          --without   not judged by tests with this text in their name
          --workers   processes (2)
          --budget    seconds of tests for one mutant, in the time that they take without it (20); what outlives them counts as survived
          --at-least  exit code 1 below this score
          --list      print the mutants, run nothing
          --no-build  the tests are built already
          --verbose   print each verdict as it comes, with the test that gave it
        """;

    /// <summary>The chosen areas.</summary>
    public IReadOnlyList<Area> Areas { get; private init; } = Area.All;

    public int Sample { get; private init; } = int.MaxValue;

    public int Seed { get; private init; } = 1;

    public string File { get; private init; } = "";

    public string Tests { get; private init; } = "";

    public string? Without { get; private init; }

    public int Workers { get; private init; } = 2;

    public TimeSpan Budget { get; private init; } = TimeSpan.FromSeconds(20);

    public double AtLeast { get; private init; }

    public bool IsList { get; private init; }

    public bool IsVerbose { get; private init; }

    public bool IsBuilt { get; private init; }

    public string Configuration { get; private init; } = "Release";

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">It is not understood.</exception>
    public static Options Parse(string[] arguments)
    {
        var values = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        string[] known = ["--area", "--sample", "--seed", "--file", "--tests", "--without", "--workers", "--budget", "--at-least",
            "--configuration"];
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            if (name is "--list" or "--verbose" or "--no-build")
            {
                values[name] = [];
            }
            else if (known.Contains(name, StringComparer.Ordinal) && i + 1 < arguments.Length)
            {
                values.TryAdd(name, []);
                values[name].Add(arguments[++i]);
            }
            else
            {
                throw new FormatException($"{name}?");
            }
        }

        string Value(string name, string other) => values.TryGetValue(name, out var given) ? given[^1] : other;
        int Number(string name, int other) => Value(name, "") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture) : other;
        return new Options
        {
            Areas = values.TryGetValue("--area", out var areas)
                ? [.. areas.Select(n => Area.All.FirstOrDefault(a => a.Name == n)
                    ?? throw new FormatException($"no area {n}; there are {string.Join(", ", Area.All.Select(a => a.Name))}"))]
                : Area.All,
            Sample = Number("--sample", int.MaxValue),
            Seed = Number("--seed", 1),
            File = Value("--file", ""),
            Tests = Value("--tests", ""),
            Without = values.TryGetValue("--without", out var without) ? without[^1] : null,
            Workers = Number("--workers", 2),
            Budget = TimeSpan.FromSeconds(Number("--budget", 20)),
            AtLeast = Number("--at-least", 0),
            IsList = values.ContainsKey("--list"),
            IsBuilt = values.ContainsKey("--no-build"),
            IsVerbose = values.ContainsKey("--verbose"),
            Configuration = Value("--configuration", "Release"),
        };
    }
}
