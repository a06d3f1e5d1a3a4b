using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Accounts;

/// <summary>
/// What a password must consist of, as the target demands: parameters of the rule <c>accounts.administrator</c>. Without a demand: three
/// of the four kinds of characters, as Windows' own policy "Password must meet complexity requirements" has it.
/// Source: Huawei Cloud IMS and ECS, password requirements of Windows servers; Microsoft, Passwords must meet complexity requirements.
/// </summary>
public sealed record PasswordPolicy
{
    /// <summary>The rule whose parameters these are.</summary>
    internal const string RuleId = "accounts.administrator";

    private const int LongestLogon = 127; // characters that the logon of Windows takes
    private const int ShortestName = 3; // a shorter name would occur in many passwords

    private PasswordPolicy()
    {
    }

    /// <summary>Characters of the shortest password.</summary>
    public int MinLength { get; private init; }

    /// <summary>Characters of the longest password.</summary>
    public int MaxLength { get; private init; }

    /// <summary>How many of the kinds upper case, lower case, digit and special character there must be; 1 to 4.</summary>
    public int Kinds { get; private init; }

    /// <summary>The special characters that are taken; empty for any printable one of ASCII.</summary>
    public string Special { get; private init; } = "";

    internal static NumberParameter MinLengthParameter { get; } = new("passwordMinLength", 8, 1, LongestLogon,
        "Characters of the shortest password that is set.");

    internal static NumberParameter MaxLengthParameter { get; } = new("passwordMaxLength", LongestLogon, 1, LongestLogon,
        "Characters of the longest password that is set.");

    internal static NumberParameter KindsParameter { get; } =
        new("passwordKinds", 3, 1, 4,
            "How many kinds of characters (upper case, lower case, digits, special characters) a password that is set must have.");

    internal static TextParameter SpecialParameter { get; } = new("passwordSpecial", "",
        "The special characters that the target takes; empty for any.");

    /// <summary>What a target demands.</summary>
    public static PasswordPolicy For(TargetProfile profile)
    {
        return new PasswordPolicy
        {
            MinLength = (int)profile.Value(RuleId, MinLengthParameter),
            MaxLength = (int)profile.Value(RuleId, MaxLengthParameter),
            Kinds = (int)profile.Value(RuleId, KindsParameter),
            Special = profile.Value(RuleId, SpecialParameter) ?? "",
        };
    }

    /// <summary>The demand in words: "8 to 26 characters: upper and lower case letters, digits and …".</summary>
    public string Text =>
        $"{MinLength} to {MaxLength} characters: {(Kinds == 4 ? "" : $"{Kinds} of ")}upper case letters, lower case letters, digits and "
            + $"{(Special.Length > 0 ? "one of " + Special : "special characters")}";

    /// <summary>Why a password is not accepted, in words that do not contain it; null when it is.</summary>
    /// <param name="password">The password.</param>
    /// <param name="accountName">The name of its account, which must not occur in it, forwards or backwards; null where it is not known
    /// yet.</param>
    public string? WhyNot(string password, string? accountName = null)
    {
        if (password.Length < MinLength || password.Length > MaxLength)
        {
            return $"it has {password.Length} characters, not {MinLength} to {MaxLength}";
        }

        if (password.Any(c => !char.IsAsciiLetterOrDigit(c) && !IsSpecial(c)))
        {
            return "it has a character that is not a letter A to Z, not a digit, and "
                + $"{(Special.Length > 0 ? "none of " + Special : "no printable character of ASCII")}";
        }

        var missing = new List<string>();
        Require(char.IsAsciiLetterUpper, "upper case letter");
        Require(char.IsAsciiLetterLower, "lower case letter");
        Require(char.IsAsciiDigit, "digit");
        Require(IsSpecial, Special.Length > 0 ? $"character of {Special}" : "special character");
        if (4 - missing.Count < Kinds)
        {
            return $"it has no {string.Join(", no ", missing)}";
        }

        return accountName is { Length: >= ShortestName } && Holds(password, accountName) ? "it holds the name of the account" : null;

        void Require(Func<char, bool> kind, string name)
        {
            if (!password.Any(kind))
            {
                missing.Add(name);
            }
        }
    }

    private static bool Holds(string password, string name) =>
        password.Contains(name, StringComparison.OrdinalIgnoreCase)
            || password.Contains(new string([.. name.Reverse()]), StringComparison.OrdinalIgnoreCase);

    private bool IsSpecial(char c) =>
        Special.Length > 0 ? Special.Contains(c, StringComparison.Ordinal) : c is > ' ' and < '\x7F' && !char.IsAsciiLetterOrDigit(c);
}
