using System.CommandLine;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Accounts;

namespace OfflinePatch.Cli.Words;

/// <summary>A password is read from a file or from standard input, never from the command line, where every user of the host can see it.</summary>
internal static class PasswordSource
{
    private const int MaxFile = 64 * 1024;

    public static Option<string?> Option(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    /// <summary>The first line of a file; <c>-</c> is standard input.</summary>
    /// <exception cref="UsageException">It is empty, or does not meet <see cref="PasswordPolicy"/>. The message does not hold it.</exception>
    /// <exception cref="HostIOException">The file cannot be read.</exception>
    public static string Read(string path)
    {
        using TextReader reader = path == "-" ? Console.In : new StringReader(Encoding.UTF8.GetString(HostPaths.ReadSmallFile(path, MaxFile)).TrimStart('\uFEFF'));
        var password = reader.ReadLine() ?? "";
        return PasswordPolicy.WhyNot(password) is { } why
            ? throw new UsageException($"the password in {(path == "-" ? "standard input" : path)} is not taken: {why}", "The clouds demand 8 to 26 characters with upper and lower case letters, digits and one of !@$%^-_=+[{}]:,./?")
            : password;
    }
}
