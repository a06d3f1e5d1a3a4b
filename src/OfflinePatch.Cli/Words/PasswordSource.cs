using System.CommandLine;
using System.Text;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Accounts;

namespace OfflinePatch.Cli.Words;

/// <summary>
/// A password is read from a file, a descriptor, standard input or a prompt, never from the command line, where every user of the host can
/// see it.
/// </summary>
internal static class PasswordSource
{
    private const int MaxFile = 64 * 1024;

    public static Option<string?> Option(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    /// <summary>The first line of a file, which may be a pipe or a descriptor (<c>/dev/fd/3</c>); <c>-</c> is standard input.</summary>
    /// <exception cref="UsageException">It is empty, or does not meet the policy. The message does not contain it.</exception>
    /// <exception cref="HostIOException">The file cannot be read.</exception>
    public static string Read(string path, PasswordPolicy policy)
    {
        var content = path == "-" ? StandardInput.Read(MaxFile) : HostPaths.ReadSmallFile(path, MaxFile);
        using var reader = new StringReader(Encoding.UTF8.GetString(content).TrimStart('\uFEFF'));
        return Require(reader.ReadLine() ?? "", path == "-" ? "standard input" : path, policy);
    }

    /// <summary>Asks a person at the terminal, twice, without showing what is typed.</summary>
    /// <exception cref="UsageException">There is no terminal; the two differ; or it does not meet the policy.</exception>
    public static string Ask(string account, PasswordPolicy policy)
    {
        if (Console.IsInputRedirected)
        {
            throw new UsageException("there is no terminal to ask for the password",
                "Name a file, or - for standard input, with --password-file.");
        }

        var first = Prompt($"New password of {account}: ");
        return first == Prompt("The same again: ")
            ? Require(first, "the prompt", policy)
            : throw new UsageException("the two passwords are not the same");
    }

    private static string Prompt(string text)
    {
        Console.Error.Write(PrintableText.Escape(text));
        var typed = new StringBuilder();
        ConsoleKeyInfo key;
        while ((key = Console.ReadKey(intercept: true)).Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                typed.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return typed.ToString();
    }

    private static string Require(string password, string source, PasswordPolicy policy) => policy.WhyNot(password) is { } why
        ? throw new UsageException($"the password in {source} is not accepted: {why}", $"The target requires {policy.Text}.")
        : password;
}
