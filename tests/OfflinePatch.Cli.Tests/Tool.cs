using System.Diagnostics;
using System.Text.Json;
using OfflinePatch.Cli.Tests.Documents;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

/// <summary>The built binary, as a user runs it.</summary>
internal static class Tool
{
    /// <summary><c>bin/offlinepatch</c> of <c>make build</c>, or the one that was built with the tests.</summary>
    public static string Path { get; } = Locate();

    public static ToolResult Run(params string[] arguments)
    {
        var result = Oracle.Run(Path, WithSampleRoot(arguments));
        return new ToolResult(result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Runs with a fixed clock, in seconds since 1970.</summary>
    public static ToolResult RunAt(long moment, params string[] arguments)
    {
        var result = Oracle.Run("/usr/bin/env", [$"SOURCE_DATE_EPOCH={moment}", Path, .. WithSampleRoot(arguments)]);
        return new ToolResult(result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Runs with text on standard input.</summary>
    public static ToolResult RunWithInput(byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Runs with environment variables, each as <c>NAME=VALUE</c>.</summary>
    public static ToolResult RunWith(string[] variables, params string[] arguments)
    {
        var result = Oracle.Run("/usr/bin/env", [.. variables, Path, .. arguments]);
        return new ToolResult(result.ExitCode, result.Output, result.Error);
    }

    public static ToolResult RunJson(params string[] arguments) => Run([.. arguments, "--json"]);

    /// <summary>The sample drivers count wherever rules judge an image, unless the test says itself what counts.</summary>
    private static string[] WithSampleRoot(string[] arguments) =>
        arguments is ["check" or "fix", _, ..] && !arguments.Contains("--trust-root") && !arguments.Contains("--help")
            ? [.. arguments, "--trust-root", SampleRoot.Path]
            : arguments;

    /// <summary>
    /// Starts a run that the test goes on beside. A shell starts a job in the background with SIGINT ignored, and every child inherits
    /// that: where `env` can, it gives the signal back, so that the result does not depend on how the tests were started.
    /// </summary>
    public static Process Start(params string[] arguments)
    {
        string[] command = OperatingSystem.IsLinux() ? ["/usr/bin/env", "--default-signal=INT,QUIT", Path] : [Path];
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in command[1..].Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("offlinepatch did not start");
    }

    /// <summary>Whether a process that was started has a new file in a folder, named or not yet.</summary>
    public static bool HasOutputIn(this Process process, string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Directory.GetFiles(folder).Length > 1;
        }

        try
        {
            // A file without a name is shown as `/folder/#123 (deleted)`.
            return Directory.GetFiles($"/proc/{process.Id}/fd").Any(f => new FileInfo(f).LinkTarget is { } target
                && (target.StartsWith(folder + "/#", StringComparison.Ordinal)
                    || (target.StartsWith(folder, StringComparison.Ordinal) && target.EndsWith("-part", StringComparison.Ordinal))));
        }
        catch (IOException)
        {
            return false; // a file that was closed meanwhile
        }
    }

    private static string Locate()
    {
        var name = OperatingSystem.IsWindows() ? "offlinepatch.exe" : "offlinepatch";
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "OfflinePatch.sln")))
            {
                var built = System.IO.Path.Combine(folder.FullName, "bin", name);
                if (File.Exists(built))
                {
                    return built;
                }
            }
        }

        return System.IO.Path.Combine(AppContext.BaseDirectory, name);
    }
}

/// <summary>What a run said.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    private JsonElement? _json;

    /// <summary>The JSON document on stdout; every one that a test looks at must follow the published schema.</summary>
    public JsonElement Json => _json ??= SchemaJudge.Require(Output);

    /// <summary>The report of the first image.</summary>
    public JsonElement Image => Json.GetProperty("images")[0];

    /// <summary>The error code of the first image, or null.</summary>
    public string? ErrorCode => Image.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;

    /// <summary>The state of a rule of the first image.</summary>
    public string? State(string rule) => Image.GetProperty("rules").EnumerateArray()
        .Where(r => r.GetProperty("id").GetString() == rule).Select(r => r.GetProperty("state").GetString()).SingleOrDefault();

    /// <summary>What the report says of a rule of the first image.</summary>
    public JsonElement Rule(string rule) => Image.GetProperty("rules").EnumerateArray().First(r => r.GetProperty("id").GetString() == rule);

    /// <summary>The ids of the rules of the first image in a state.</summary>
    public IEnumerable<string> In(string state) => Image.GetProperty("rules").EnumerateArray()
        .Where(r => r.GetProperty("state").GetString() == state).Select(r => r.GetProperty("id").GetString()!);

    /// <summary>Fails the test unless the exit code is this one.</summary>
    public ToolResult MustExit(int code)
    {
        Assert.True(ExitCode == code, $"exit code {ExitCode} instead of {code}\n{Output}\n{Error}");
        return this;
    }
}
