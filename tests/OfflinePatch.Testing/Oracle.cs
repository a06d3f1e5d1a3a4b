using System.Diagnostics;
using Xunit;

namespace OfflinePatch.Testing;

/// <summary>Independent programs that judge our output. A test skips, aloud, where one is absent.</summary>
public static class Oracle
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>The path of a program, or null.</summary>
    public static string? Locate(string program) =>
        Folders.Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);

    /// <summary>Skips the running test unless every program is there.</summary>
    public static void Require(params string[] programs)
    {
        foreach (var program in programs)
        {
            Skip.If(Locate(program) is null, $"{program} is not installed");
        }
    }

    /// <summary>A program named by an environment variable (a judge that is not packaged), or a skip.</summary>
    public static string RequireVariable(string variable)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        Skip.If(string.IsNullOrEmpty(path) || !File.Exists(path), $"{variable} does not name a file");
        return path!;
    }

    /// <summary>Runs a program to its end.</summary>
    public static OracleResult Run(string program, params string[] arguments) => RunIn(null, program, arguments);

    /// <summary>Skips the running test where <see cref="RunAsNobody"/> cannot: before it does anything.</summary>
    public static void RequireAnotherUser()
    {
        Skip.If(!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess, "needs root, to become another user");
        Require("setpriv");
    }

    /// <summary>Runs a program as a user who owns nothing. Skips where the tests do not run as root.</summary>
    /// <param name="command">Further options of setpriv, then the program and its arguments.</param>
    public static OracleResult RunAsNobody(params string[] command)
    {
        RequireAnotherUser();
        return Run("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", .. command]);
    }

    /// <summary>Runs a program to its end, in a folder.</summary>
    public static OracleResult RunIn(string? folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Locate(program) ?? program)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        start.Environment["PATH"] = string.Join(Path.PathSeparator, Folders); // a shell that is run finds what Locate finds
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(10)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end in 10 minutes");
        }

        return new OracleResult(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}

/// <summary>What a program said.</summary>
public sealed record OracleResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails the test unless the program ended with 0.</summary>
    public OracleResult MustSucceed()
    {
        if (ExitCode != 0)
        {
            throw new InvalidOperationException($"exit code {ExitCode}\n{Output}\n{Error}");
        }

        return this;
    }
}
